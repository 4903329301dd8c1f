"""What a model has predicted live: predicted classes and confidences, from a gateway's metrics.

They are read from the gateway itself (`/metrics`), or from a Prometheus (`/federate`), where there
may be several gateways, and a recording rule that extends the name of the metric, such as
`model:photolabel_confidence_bucket:increase1w`.
"""

import math
import re
import threading
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass
from http.client import BadStatusLine, HTTPException, HTTPResponse, IncompleteRead
from pathlib import Path

import numpy as np
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from training.errors import TrainingError

METRIC = "photolabel_confidence_bucket"
_NAME = re.compile(rf"(?:\w+:)*{METRIC}(?::\w+)*")
_READ_SECONDS = 10.0  # Without receiving a byte.
_TOTAL_SECONDS = 30.0
_MAX_BYTES = 64 * 2**20


@dataclass(frozen=True)
class LiveCounts:
    """The photos that a model has classified.

    Attributes:
        bounds: upper bounds of all confidence bins but the last.
        counts: by version ("" if the metrics have no versions), then by predicted class: float
            `[bins]`.
    """

    bounds: tuple[float, ...]
    counts: dict[str, dict[str, np.ndarray]]

    def photos(self) -> dict[str, float]:
        """Return the number of photos that each version has classified."""
        return {
            version: float(sum(bins.sum() for bins in classes.values()))
            for version, classes in self.counts.items()
        }


def read_metrics(source: str) -> str:
    """Return the text of a gateway's metrics.

    Args:
        source: an `http://` or `https://` URL, or a file.

    Raises:
        TrainingError: there is no response, or it is not text.
    """
    try:
        if not re.match(r"https?://", source, re.IGNORECASE):
            return Path(source).read_text("utf-8")
        return _fetched(source).decode("utf-8")
    except (OSError, HTTPException, ValueError) as error:
        raise TrainingError(one_line(f"no metrics from {source}: {_reason(error)}")) from error


def _reason(error: Exception) -> str:
    match error:
        case urllib.error.HTTPError():
            error.close()
            hint = "; with PHOTOLABEL_METRICS_BIND they are on a separate port"
            return f"{error.code} {error.reason}{hint if error.code == 404 else ''}"
        case urllib.error.URLError():
            return str(error.reason)
        case IncompleteRead():
            return "response cut off; try again"
        case UnicodeDecodeError():
            return "it is not text"
        case BadStatusLine() if type(error) is BadStatusLine:
            return f"the response is not HTTP: {error}"
        case _:
            return str(error)


def one_line(text: str) -> str:
    """Return foreign text for a message: on one line, unprintable characters escaped."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in " ".join(text.split())
    )


def _fetched(url: str) -> bytes:
    """Return the body at a URL; the time limit covers response heads and redirects too."""
    fetched: Future[bytes] = Future()
    deadline = time.monotonic() + _TOTAL_SECONDS

    def fetch() -> None:
        try:
            with urllib.request.urlopen(url, timeout=_READ_SECONDS) as response:  # noqa: S310 - HTTP
                fetched.set_result(_body(response, deadline))
        except Exception as error:
            fetched.set_exception(error)

    # In a daemon thread: nothing else can abandon a head that arrives byte by byte.
    threading.Thread(target=fetch, name="metrics", daemon=True).start()
    wait([fetched], _TOTAL_SECONDS)
    if not fetched.done():
        raise _timeout()
    return fetched.result()


def _timeout() -> TimeoutError:
    return TimeoutError(f"the response takes longer than {_TOTAL_SECONDS:g} seconds")


def _body(response: HTTPResponse, deadline: float) -> bytes:
    """Read a response to its end; OSError or ValueError: it is late, too large or cut off."""
    expected = response.length
    body = bytearray()
    while part := response.read1(_MAX_BYTES + 1 - len(body)):
        body += part
        if len(body) > _MAX_BYTES:
            raise ValueError(
                f"the response is larger than {_MAX_BYTES // 2**20} MiB: select only {METRIC}"
            )
        if time.monotonic() > deadline:
            raise _timeout()
    if expected is not None and len(body) != expected:
        raise ValueError(f"response cut off after {len(body):,} of {expected:,} bytes; try again")
    return bytes(body)


def live_counts(text: str, model: str, source: str) -> LiveCounts | None:
    """Return the counts of a model in a source's Prometheus text; None if it is not in there.

    Raises:
        TrainingError: the text is not metrics, has several metrics of the model, or invalid counts.
    """
    samples = list(_samples(text, model, source))
    names = sorted({sample.name for sample in samples})
    if len(names) > 1:
        raise TrainingError(f"{source} has {' and '.join(names)}: select one of them")
    cumulative: dict[tuple[str, str], dict[float, float]] = defaultdict(lambda: defaultdict(float))
    for sample in samples:
        labels = sample.labels
        series = cumulative[labels.get("version", ""), labels.get("predicted", "")]
        series[_bound(labels.get("le", ""), source)] += _count(sample, source)
    if not cumulative:
        return None
    bounds = sorted(set().union(*cumulative.values()))
    if any(len(series) != len(bounds) for series in cumulative.values()) or bounds[-1] != np.inf:
        raise TrainingError(
            f"the histograms of {model} in {source} lack bins: select all of {METRIC}"
        )
    counts: dict[str, dict[str, np.ndarray]] = defaultdict(dict)
    for (version, predicted), series in cumulative.items():
        steps = np.diff([series[bound] for bound in bounds], prepend=0.0)
        counts[version][predicted] = np.maximum(steps, 0.0)  # `increase` rounds.
    return LiveCounts(tuple(bounds[:-1]), dict(counts))


def parsed(text: str, source: str) -> list[Sample]:
    """Return the samples in a source's Prometheus text.

    Raises:
        TrainingError: the text is not metrics.
    """
    try:
        return [each for family in text_string_to_metric_families(text) for each in family.samples]
    except (ValueError, KeyError, IndexError) as error:
        raise TrainingError(
            f"{source} is not in the Prometheus text format ({str(error).splitlines()[0][:80]})"
        ) from error


def _samples(text: str, model: str, source: str) -> Iterator[Sample]:
    for sample in parsed(text, source):
        if _NAME.fullmatch(sample.name) and sample.labels.get("model") == model:
            yield sample


def _bound(text: str, source: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise TrainingError(f"{source} has a bin of {METRIC} with the bound {text!r}") from error


def _count(sample: Sample, source: str) -> float:
    if not math.isfinite(sample.value) or sample.value < 0:
        raise TrainingError(
            f"{source} has {sample.value:g} photos in a bin of {METRIC}: a count must be at least 0"
            " and finite"
        )
    return float(sample.value)
