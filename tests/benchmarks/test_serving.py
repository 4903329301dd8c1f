"""The load of `benchmarks.serving` against a server that answers as it is told, and its bars."""

import contextlib
import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from benchmarks.serving.clients import NO_RESPONSE, WRONG_ANSWER, probabilities
from benchmarks.serving.figures import burst as bursts
from benchmarks.serving.figures import levels
from benchmarks.serving.load import Measured, Target, ask, burst, measure, post_request
from benchmarks.serving.report import Bar, Page, at_least, at_most, bars

ANSWERS = {b"shirt": {"a": 0.75, "b": 0.25}, b"boot": {"a": 0.1, "b": 0.9}}
Respond = Callable[[bytes], tuple[int, bytes]]


def right(photo: bytes) -> tuple[int, bytes]:
    return 200, json.dumps({"probabilities": ANSWERS[photo]}).encode()


@contextlib.contextmanager
def server(respond: Respond) -> Iterator[Target]:
    """Run a server; yield the target of two photos."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            status, body = respond(self.rfile.read(int(self.headers["Content-Length"])))
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Retry-After", "60")
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, *_: object) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 200

    with Server(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        port = running.server_address[1]
        requests = [post_request("/classify", photo) for photo in ANSWERS]
        expected = [list(answer.values()) for answer in ANSWERS.values()]
        yield Target("server", "127.0.0.1", port, requests, expected)
        running.shutdown()


@pytest.mark.integration
def test_right_answers_are_counted_and_timed() -> None:
    def slowly(photo: bytes) -> tuple[int, bytes]:
        time.sleep(0.02)
        return right(photo)

    with server(slowly) as target:
        assert ask(target.host, target.port, target.requests[1]) == [0.1, 0.9]
        found = measure(target, 4, 0.3)
    assert set(found.statuses) == {200}
    assert found.classified == found.responses >= 4
    assert 0.02 <= found.p50 <= found.p99 <= found.longest


@pytest.mark.integration
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(right(b"boot")[1], id="that of another photo"),
        pytest.param(b"{}", id="no probabilities"),
        pytest.param(b"<html>", id="no JSON"),
    ],
)
def test_a_200_with_a_wrong_body_is_no_answer(body: bytes) -> None:
    with server(lambda photo: (200, body if photo == b"shirt" else right(photo)[1])) as target:
        found = burst(target, 10)
    assert found.statuses == {WRONG_ANSWER: 5, 200: 5}
    assert found.classified == 5


@pytest.mark.integration
@pytest.mark.parametrize(("honours", "many"), [(True, False), (False, True)])
def test_refused_clients_wait_or_send_again_at_once(honours: bool, many: bool) -> None:
    with server(lambda photo: (429, b"")) as target:
        found = measure(target, 2, 0.3, honour_retry_after=honours)
    assert found.refused == 1
    assert found.classified == found.rate == 0
    assert (found.responses > 2) == many


@pytest.mark.integration
def test_closed_connections_are_counted() -> None:
    with server(lambda photo: (0, b"")) as target:
        assert burst(target, 3).statuses == {NO_RESPONSE: 3}


@pytest.mark.integration
def test_a_burst_posts_each_request_once_and_at_the_same_time() -> None:
    together = threading.Barrier(40)

    def wait(photo: bytes) -> tuple[int, bytes]:
        together.wait(10)
        return right(photo)

    with server(wait) as target:
        assert burst(target, 40).statuses == {200: 40}


def test_answers_of_the_gateway_are_read_in_the_order_of_the_labels() -> None:
    ranked = [{"label": "b", "probability": 0.9}, {"label": "a", "probability": 0.1}]
    body = json.dumps({"predictions": [{"label": "b", "probabilities": ranked}]}).encode()
    assert probabilities(body) == [0.1, 0.9]


def measured(rate: float, p99: float = 0.1, statuses: dict[int, int] | None = None) -> Measured:
    return Measured(rate, p99, p99, p99, statuses or {200: 1}, 0.01, 1e-4)


def missed(found: tuple[list[Page], list[Bar]]) -> list[str]:
    return [row[0] for row in bars(found[1]).rows if row[-1] == "missed"]


def test_bars_of_the_levels() -> None:
    good = {clients: [measured(100)] for clients in levels.LEVELS}
    assert missed(levels.report(good)) == []
    bad = good | {64: [measured(94, statuses={200: 9, 429: 1})], 256: [measured(99, 1.6)]}
    assert missed(levels.report(bad)) == [
        "64 clients: photos/s ÷ the best level's",
        "p99 of the accepted, 256 clients, s",
        "64 clients: responses with 429",
    ]


def test_bars_of_a_burst() -> None:
    rest = {"small": [bursts.Burst(300, measured(300, statuses={200: 300, 429: 200}), 1)]}
    assert missed(bursts.report(rest)) == []
    refused = {"small": [bursts.Burst(300, measured(9, statuses={200: 90, 429: 409, 0: 1}), 1)]}
    assert missed(bursts.report(refused)) == [
        "burst of 500, small: neither answered nor 429",
        "burst of 500, small: answered ÷ rate before × 1 s",
    ]


def test_figures_that_are_no_numbers_miss_their_bars() -> None:
    assert at_least("x", float("nan"), 1).met is False
    assert at_most("x", float("nan"), 1).met is False
