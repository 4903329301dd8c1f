"""The processor time of each part of a request to the gateway, in one thread of one process.

Start a model server, then:

    python -m benchmarks.serving.request_parts ADDRESS [MODEL] [REQUESTS]

The parts take turns within every round, so a busy machine slows all of them alike; printed are
medians in milliseconds. Compare two revisions in alternation, never one after the other.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from gunicorn.config import Config
from gunicorn.http import wsgi

from benchmarks.serving.load import post_request
from benchmarks.serving.photos import make_photo
from serving.deadline import Deadline
from serving.gateway.api.request_arrival import ARRIVAL
from serving.gateway.app import create_app
from serving.gateway.model_client.client import ModelServer
from serving.gateway.model_client.model_ref import ModelRef
from serving.gateway.server.app_call import Outbox
from serving.gateway.server.incoming_request import IncomingRequest, RequestLimits
from serving.gateway.server.malloc import keep_heap_small
from serving.gateway.server.upload import TimeLimits
from serving.gateway.server.upload_memory import UploadMemory
from serving.gateway.settings import Settings
from serving.gateway.telemetry.logs import configure_logging
from serving.photos import prepare
from serving.photos.headers.inspection import inspect

_PEER = ("127.0.0.1", 80)
_WARM_UP = 30


class _Request:
    """Sends one request through the gateway's code, part by part."""

    def __init__(self, address: str, model: str) -> None:
        settings = Settings(model_server=address, models=(model,))
        self._server = ModelServer(address)
        self._app = create_app(settings, self._server)
        self._config = Config()
        memory = UploadMemory(settings.max_upload_bytes)
        self._limits = RequestLimits(
            self._config,
            TimeLimits(settings.time_budget, settings.upload_seconds, settings.min_upload_rate),
            settings.max_body_bytes,
            memory,
            lambda _: True,
        )
        self._photo = make_photo("small")
        self._bytes = post_request(f"/v1/models/{model}:classify", self._photo)
        self._ref = ModelRef(model)
        self._described = self._server.describe(self._ref, Deadline(10))
        self._photo_limits = settings.photo_limits()

    def run(self, timed: Callable[..., Any]) -> None:
        """Run all parts once; `timed(name, part)` runs and measures one."""
        incoming = timed("receive and parse", self._receive)
        outbox = Outbox()
        response, environ = timed("WSGI environ", lambda: self._environ(incoming, outbox))
        pieces = timed("application", lambda: self._app(environ, response.start_response))
        timed("response", lambda: self._respond(response, pieces))
        incoming.release()
        if not outbox.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(bytes(outbox).decode("utf-8", "replace"))
        described = self._described
        timed("of it: inspect", lambda: inspect(self._photo, self._photo_limits))
        pixels = timed(
            "of it: prepare", lambda: prepare(self._photo, described.preparation, described.shape)
        )
        timed("of it: predict", lambda: self._server.predict(self._ref, pixels[None], Deadline(10)))

    def _receive(self) -> IncomingRequest:
        incoming = IncomingRequest(self._limits, _PEER, 1)
        incoming.take(self._bytes)
        return incoming

    def _environ(self, incoming: IncomingRequest, outbox: Outbox) -> tuple[Any, dict[str, Any]]:
        response, environ = wsgi.create(incoming.request, outbox, _PEER, _PEER, self._config)
        environ[ARRIVAL] = incoming.arrival()
        return response, environ

    @staticmethod
    def _respond(response: Any, pieces: Any) -> None:
        for piece in pieces:
            response.write(piece)
        response.close()
        pieces.close()


def main(address: str, model: str = "clothing", requests: str = "2000") -> None:
    """Measure and print the table."""
    keep_heap_small()
    configure_logging("INFO", "text")
    request = _Request(address, model)
    spent: dict[str, list[float]] = {}

    def timed(name: str, part: Callable[[], Any]) -> Any:
        began = time.thread_time()
        result = part()
        spent.setdefault(name, []).append(time.thread_time() - began)
        return result

    for _ in range(_WARM_UP):
        request.run(lambda _, part: part())
    for _ in range(int(requests)):
        request.run(timed)
    for name, seconds in spent.items():
        print(f"{name:20} {statistics.median(seconds) * 1e3:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
