"""The log: one event, one line, as text for people or as JSON for machines.

Nothing that a client sends (paths, names of files and of models) can forge a line.
"""

import logging
import sys
import types
from typing import Any

from gunicorn.glogging import Logger
from pythonjsonlogger.json import JsonFormatter

# The fields of a request that a text line shows after its message, and their names there.
_SHOWN = {
    "request_id": "id",
    "model": "model",
    "version": "version",
    "photos": "photos",
    "bytes": "bytes",
    "trace_id": "trace",
}


def configure_logging(level: str, form: str) -> None:
    """Log to standard error, in the form `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    json_lines = JsonFormatter(
        ["levelname", "process", "name", "message"],
        rename_fields={"levelname": "level", "name": "logger", "exc_info": "traceback"},
        timestamp="time",
    )
    handler.setFormatter(json_lines if form == "json" else TextLines())
    logging.basicConfig(level=level, handlers=[handler])
    logging.captureWarnings(True)
    # Don't compute fields that no line shows (Logging HOWTO, "Optimization").
    logging.logThreads = logging.logMultiprocessing = False
    logging._srcfile = None


class TextLines(logging.Formatter):
    """A line of text for each record; a bar marks the lines of a traceback below it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s")
        self._second = 0, ""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - the base's name.
        """Return the time; all but its milliseconds is cached for a second."""
        second = int(record.created)
        if second != self._second[0]:
            self._second = second, super().formatTime(record, "%Y-%m-%d %H:%M:%S")
        return f"{self._second[1]},{record.msecs:03.0f}"

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base's name.
        """Return the line: the message, followed by the request's fields."""
        fields = ((short, getattr(record, name, None)) for name, short in _SHOWN.items())
        shown = "".join(f" {short}={value}" for short, value in fields if value not in (None, ""))
        return _printable(super().formatMessage(record) + shown)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the base's name.
        """Return a traceback whose lines can't be mistaken for the log's."""
        lines = super().formatException(ei).splitlines()
        return "\n".join(f"  | {_printable(line)}" for line in lines)


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


class GunicornLogger(Logger):  # type: ignore[misc]  # gunicorn has no types.
    """Gunicorn's own messages, in the format of all others."""

    def setup(self, cfg: types.SimpleNamespace) -> None:
        """Hand everything to the root logger."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
