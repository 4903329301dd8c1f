"""Log lines: one for each event, in both forms, even for what a hostile client sends."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from serving.gateway.telemetry.logs import TextLines, configure_logging
from tests.drawing import encoded_photo
from tests.serving.fakes import fake_server, gateway

HOSTILE = "x\nINFO forged\r\x1b[31m\u2028\x85"


@pytest.fixture
def lines(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """Log in the form that the test names, into what is returned."""
    root, kept, level = logging.getLogger(), logging.getLogger().handlers[:], logging.root.level
    root.handlers.clear()
    stream = io.StringIO()
    patch = pytest.MonkeyPatch()
    patch.setattr(sys, "stderr", stream)
    configure_logging("INFO", request.param)
    yield stream
    patch.undo()
    logging.captureWarnings(False)
    root.handlers[:] = kept
    root.setLevel(level)


def records(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


@pytest.mark.parametrize("lines", ["json"], indirect=True)
def test_a_request_is_one_json_line(lines: io.StringIO) -> None:
    photo, trace = encoded_photo(), "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"X-Request-ID": "abc", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    client = gateway(fake_server())
    client.post("/v1/models/clothing:classify", data=photo, headers=headers)
    client.get("/livez")
    (record,) = records(lines)
    expected = {
        "level": "INFO",
        "request_id": "abc",
        "method": "POST",
        "path": "/v1/models/clothing:classify",
        "route": "classify",
        "model": "clothing",
        "version": 1,
        "status": 200,
        "photos": 1,
        "bytes": len(photo),
        "trace_id": trace,
    }
    assert record.items() >= expected.items()
    assert record["time"].endswith("+00:00")
    assert record["milliseconds"] > 0


@pytest.mark.parametrize("lines", ["json", "text"], indirect=True)
def test_no_client_forges_a_line(lines: io.StringIO) -> None:
    client = gateway(fake_server())
    client.get("/" + "".join(f"%{byte:02X}" for byte in HOSTILE.encode()))
    logging.getLogger("photolabel").warning("%s", HOSTILE)
    assert len(lines.getvalue().splitlines()) == 2, lines.getvalue()
    assert "\x1b" not in lines.getvalue()


@pytest.mark.parametrize("lines", ["json"], indirect=True)
def test_a_failure_is_one_json_line_with_its_traceback(lines: io.StringIO) -> None:
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logging.getLogger("photolabel").exception("failed", extra={"request_id": "abc"})
    (record,) = records(lines)
    assert "Traceback" in record["traceback"]
    assert record["request_id"] == "abc"


@pytest.mark.parametrize("lines", ["text"], indirect=True)
def test_a_traceback_can_not_be_taken_for_lines_of_the_log(lines: io.StringIO) -> None:
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logging.getLogger("photolabel").exception("failed", extra={"request_id": "abc"})
    first, *below = lines.getvalue().splitlines()
    assert first.endswith("photolabel: failed id=abc")
    assert below
    assert all(line.startswith("  | ") for line in below)


def test_text_shows_what_is_known_about_the_request() -> None:
    record = logging.makeLogRecord(
        {"msg": "GET /", "name": "n", "levelname": "INFO", "version": 3, "model": None, "photos": 0}
    )
    assert TextLines().format(record).endswith(" n: GET / version=3 photos=0")
