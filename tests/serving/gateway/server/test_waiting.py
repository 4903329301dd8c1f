"""Requests that wait for their turn at the real gateway: one worker, one request at once."""

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from urllib.parse import urlsplit

import httpx
import pytest

from tests.drawing import encoded_photo
from tests.e2e.processes import gateway
from tests.serving.numbers import read_numbers, total
from tests.serving.scripted import Script, serve

pytestmark = [pytest.mark.integration, pytest.mark.e2e]

CLASSIFY = "/v1/models/clothing:classify"
KEYS = {"a": "key-of-a", "b": "key-of-b"}


@dataclass
class Gateway:
    """A running gateway whose model server holds calls until it is told to let them go."""

    url: str
    script: Script
    pool: ThreadPoolExecutor

    def post(self, key: str = "a", scheme: str = "Bearer") -> "Future[httpx.Response]":
        return self.pool.submit(
            httpx.post,
            self.url + CLASSIFY,
            content=encoded_photo(),
            headers={"Authorization": f"{scheme} {KEYS[key]}"},
            timeout=60,
        )

    def hold(self) -> "Future[httpx.Response]":
        """Post a photo; return when the model server holds it, with all turns taken."""
        calls = len(self.script.photos)
        self.script.delay = 60
        held = self.post()
        until(lambda: len(self.script.photos) > calls)
        return held

    def waiting(self) -> float:
        numbers = read_numbers(httpx.get(f"{self.url}/metrics").text)
        return total(numbers, "photolabel_requests_waiting")

    def enqueue(self, key: str = "a", scheme: str = "Bearer") -> "Future[httpx.Response]":
        before = self.waiting()
        posted = self.post(key, scheme)
        until(lambda: self.waiting() == before + 1)
        return posted


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    keys = folder / "keys"
    keys.write_text("".join(f"{sha256(key.encode()).hexdigest()}\n" for key in KEYS.values()))
    script = Script()
    server, port = serve(script)
    settings = {
        "models": "clothing",
        "workers": "1",
        "max_in_flight": "1",
        "max_wait": "20",
        "time_budget": "60",
        "api_keys_file": str(keys),
        "fair_keys": "true",
    }
    with (
        gateway(f"127.0.0.1:{port}", folder / "log", **settings) as (_, url),
        ThreadPoolExecutor(64) as pool,
    ):
        started = Gateway(url, script, pool)
        assert started.post().result().status_code == 200
        yield started
    server.stop(0).wait()


@pytest.fixture(autouse=True)
def _let_go(running: Gateway) -> Iterator[None]:
    yield
    running.script.delay = 0


def test_a_burst_waits_and_is_answered_and_probes_do_not_wait(running: Gateway) -> None:
    held = running.hold()
    waiting = [running.post() for _ in range(40)]
    until(lambda: running.waiting() >= 3)
    assert httpx.get(f"{running.url}/livez").status_code == 200
    running.script.delay = 0
    assert held.result().status_code == 200
    statuses = [each.result().status_code for each in waiting]
    assert statuses.count(200) >= 3
    assert set(statuses) <= {200, 429}  # 429 where a slow machine let the photo held grow old.
    assert running.waiting() == 0


def test_a_client_that_has_gone_is_not_classified(running: Gateway) -> None:
    held = running.hold()
    host, port = urlsplit(running.url).hostname, urlsplit(running.url).port
    body = encoded_photo()
    head = f"POST {CLASSIFY} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection((host, port)) as goes:
        goes.sendall(f"{head}Authorization: Bearer {KEYS['a']}\r\n\r\n".encode() + body)
        until(lambda: running.waiting() == 1)
    until(lambda: running.waiting() == 0)
    stays = running.enqueue()
    calls = len(running.script.photos)
    running.script.delay = 0
    assert (held.result().status_code, stays.result().status_code) == (200, 200)
    assert len(running.script.photos) == calls + 1


def test_keys_take_turns(running: Gateway) -> None:
    ended: list[str] = []
    held = running.hold()
    # However the header is written, it is the same key.
    for name, scheme in (("a1", "Bearer"), ("a2", "bearer"), ("a3", "BEARER "), ("b1", "Bearer")):
        running.enqueue(name[0], scheme).add_done_callback(partial(_append, ended, name))
    running.script.delay = 0
    assert held.result().status_code == 200
    until(lambda: len(ended) == 4)
    assert ended.index("b1") < ended.index("a3")


@pytest.mark.parametrize("path", ["/models/clothing", "/%6dodels/clothing", "//models/clothing"])
def test_pages_that_ask_the_model_server_wait_however_their_path_is_written(
    running: Gateway, path: str
) -> None:
    held = running.hold()
    headers = {"Authorization": f"Bearer {KEYS['a']}"}
    page = running.pool.submit(httpx.get, running.url + path, headers=headers, timeout=60)
    until(lambda: running.waiting() == 1)
    running.script.delay = 0
    assert (held.result().status_code, page.result().status_code) == (200, 200)


def _append(ended: list[str], name: str, _: object) -> None:
    ended.append(name)


def test_429_when_the_wait_would_be_too_long(running: Gateway) -> None:
    held = running.hold()
    time.sleep(1)  # Nothing has ended for so long: each that waits may take as long again.
    posted = [running.post() for _ in range(40)]
    refused = next(each for each in as_completed(posted)).result()
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 20
    assert "would wait" in refused.json()["detail"]
    running.script.delay = 0
    statuses = {each.result().status_code for each in (held, *posted)}
    assert statuses == {200, 429}
    until(lambda: running.post().result().status_code == 200)
