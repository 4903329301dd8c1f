"""Requests to the API, retries where they are safe, and errors as this package's own."""

import math
import os
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, TypeAlias, cast
from urllib.parse import quote

import httpx

from client import replies
from client.answers import Answer, Model, read_answer, read_model, read_models
from client.errors import BadAnswer, Refused, TimedOut, Unreachable

DEFAULT_URL = "http://127.0.0.1:8080"
DEFAULT_TIMEOUT = 30.0  # seconds

Photo: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO
"""A photo: the path of its file, its encoded bytes, or a file opened for reading bytes."""

_CONNECT_TIMEOUT = 5.0
_RETRIED = {429, 503}
_SHORTEST_WAIT = 0.1
# Servers and proxies close idle connections after some seconds. Let go of them first, or a request
# may meet a connection that is being closed.
_LIMITS = httpx.Limits(keepalive_expiry=1.0)


class Client:
    """A connection to one server; close it, or use it in a `with` statement.

    Classifying changes nothing on the server, so a request that is answered 429 or 503 with a
    `Retry-After` is sent again when the server says so, as long as the timeout allows.

    Args:
        url: where the gateway is, such as "https://photos.example/labels".
        api_key: sent as `Authorization: Bearer …`.
        timeout: seconds to wait for each step (connecting, sending, receiving), and the time
            after which a request is not sent again.
        transport: what carries the requests; for tests and special networks.

    Raises:
        ValueError: the URL, the key or the timeout is none.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if not timeout > 0:
            raise ValueError(f"the timeout has to be a positive number of seconds, not {timeout}")
        self.url = _checked_url(url)
        self._timeout = timeout
        self._http = httpx.Client(
            base_url=self.url,
            headers={"Accept": "application/json"} | _authorization(api_key),
            timeout=httpx.Timeout(timeout, connect=min(timeout, _CONNECT_TIMEOUT)),
            limits=_LIMITS,
            transport=transport,
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the server."""
        self._http.close()

    def classify(
        self,
        model: str,
        photos: Photo | Iterable[Photo],
        *,
        version: int | None = None,
        label: str | None = None,
        top: int | None = None,
    ) -> Answer:
        """Classify one or several photos in one request.

        Args:
            model: the model's name.
            photos: one photo or several. The server limits how many it takes at once.
            version: ask this version of the model instead of the current one.
            label: ask the version that has this label, such as "canary".
            top: the number of most probable classes to answer with; all by default.

        Returns:
            One prediction for each photo, in their order.

        Raises:
            ClientError: no answer, or an error as the answer. If one photo of several is bad,
                none is classified, and the error names the bad ones.
            OSError: a photo's file can't be read.
            ValueError: there is no photo, or both a version and a label.
        """
        if version is not None and label is not None:
            raise ValueError("give a version or a label, not both")
        parts = [
            ("image", _part(photo, place)) for place, photo in enumerate(_several(photos), start=1)
        ]
        if not parts:
            raise ValueError("there is no photo to classify")
        path = _model_path(model, version=version, label=label) + ":classify"
        reply = self._answer("POST", path, files=parts, params={} if top is None else {"top": top})
        answer = read_answer(reply)
        if len(answer.predictions) != len(parts):
            raise BadAnswer(
                f"{self.url} answered with {len(answer.predictions)} predictions"
                f" for {len(parts)} photos"
            )
        return answer

    def models(self) -> tuple[Model, ...]:
        """Return the models that the server knows.

        Raises:
            ClientError: no answer, or an error as the answer.
        """
        return read_models(self._answer("GET", "v1/models"))

    def model(self, name: str, *, version: int | None = None, label: str | None = None) -> Model:
        """Return one model, with the card of its current version or of the one asked for.

        Raises:
            ClientError: no answer, or an error as the answer.
            ValueError: both a version and a label.
        """
        if version is not None and label is not None:
            raise ValueError("give a version or a label, not both")
        return read_model(self._answer("GET", _model_path(name, version=version, label=label)))

    def _answer(self, method: str, path: str, **request: Any) -> Any:
        """Send a request, again where the server asks for it, and return the JSON value."""
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                return replies.value(self._send(method, path, **request))
            except Refused as refusal:
                if refusal.status not in _RETRIED or refusal.retry_after is None:
                    raise
                wait = max(refusal.retry_after, _SHORTEST_WAIT)
                if time.monotonic() + wait > deadline:
                    raise
            time.sleep(wait)

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **request)
        except httpx.TimeoutException as error:
            what = "connection" if isinstance(error, httpx.ConnectTimeout) else "answer"
            seconds = min(self._timeout, _CONNECT_TIMEOUT if what == "connection" else math.inf)
            raise TimedOut(f"no {what} from {self.url} within {seconds:g} s") from error
        except httpx.ConnectError as error:
            raise Unreachable(f"cannot reach {self.url} ({error}): does it run there?") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(f"the connection to {self.url} failed: {reason}") from error


def _checked_url(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"{url!r} is not a URL: {error}") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise ValueError(f"{url!r} is not a URL like {DEFAULT_URL}")
    return url


def _authorization(api_key: str | None) -> dict[str, str]:
    if api_key is None:
        return {}
    if not api_key or not all("!" <= character <= "~" for character in api_key):
        raise ValueError("the API key has to be one word of printable ASCII characters")
    return {"Authorization": f"Bearer {api_key}"}


def _model_path(name: str, *, version: int | None, label: str | None) -> str:
    path = f"v1/models/{quote(name, safe='')}"
    if version is not None:
        return f"{path}/versions/{version}"
    return path if label is None else f"{path}/labels/{quote(label, safe='')}"


def _several(photos: Photo | Iterable[Photo]) -> Iterable[Photo]:
    if isinstance(photos, str | bytes | os.PathLike) or hasattr(photos, "read"):
        return [cast(Photo, photos)]
    return photos


def _part(photo: Photo, place: int) -> tuple[str, bytes, str]:
    """Return a photo as httpx wants a file: name, content, media type.

    Only a file's own name is sent, never its folders.
    """
    if isinstance(photo, bytes):
        name, content = f"photo-{place}", photo
    elif isinstance(photo, str | os.PathLike):
        path = Path(photo)
        name, content = path.name, path.read_bytes()
    else:
        content = photo.read()
        given = getattr(photo, "name", None)  # A number for a file opened by its descriptor.
        name = Path(given).name if isinstance(given, str) else f"photo-{place}"
    # A file name that is no UTF-8 can't be sent as it is.
    name = name.encode("utf-8", "replace").decode("utf-8")
    return name, content, "application/octet-stream"
