"""What a gateway's metrics say of a model: which classes it chose, and how sure it was.

They are read from the gateway itself (`/metrics`), or from a Prometheus (`/federate`), where there
may be several gateways and a recording rule's name around the metric's own, such as
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
_SECONDS = 10.0  # Without a byte.
_SECONDS_IN_ALL = 30.0
_MOST_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Live:
    """The photos that a model has classified.

    Attributes:
        bounds: upper bounds of all bins but the last.
        counts: by version ("" where the metrics do not tell it), then by chosen class: float
            `[bins]`.
    """

    bounds: tuple[float, ...]
    counts: dict[str, dict[str, np.ndarray]]

    def photos(self) -> dict[str, float]:
        """Return how many photos each version has classified."""
        return {
            version: float(sum(bins.sum() for bins in classes.values()))
            for version, classes in self.counts.items()
        }


def read_metrics(place: str) -> str:
    """Return the text of a gateway's metrics.

    Args:
        place: an `http://` or `https://` URL, or a file.

    Raises:
        TrainingError: there is no answer, or another one than metrics.
    """
    try:
        if not re.match(r"https?://", place, re.IGNORECASE):
            return Path(place).read_text("utf-8")
        return _fetched(place).decode("utf-8")
    except urllib.error.HTTPError as error:
        error.close()
        hint = "; with PHOTOLABEL_METRICS_BIND they are on a port of their own"
        told = f"{error.code} {error.reason}{hint if error.code == 404 else ''}"
        raise TrainingError(one_line(f"no metrics from {place}: {told}")) from error
    except urllib.error.URLError as error:
        raise TrainingError(one_line(f"no metrics from {place}: {error.reason}")) from error
    except IncompleteRead as error:
        raise TrainingError(f"no metrics from {place}: the answer was cut; try again") from error
    except UnicodeDecodeError as error:
        raise TrainingError(f"no metrics in {place}: it is no text") from error
    except (OSError, HTTPException, ValueError) as error:
        hint = "the answer is no HTTP: " if type(error) is BadStatusLine else ""
        raise TrainingError(one_line(f"no metrics from {place}: {hint}{error}")) from error


def one_line(text: str) -> str:
    """Return a text of others for a message: in one line, what can't be printed as escapes."""
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in " ".join(text.split())
    )


def _fetched(url: str) -> bytes:
    """Return what a URL answers, its head and all redirections in time too.

    Raises:
        OSError, HTTPException, ValueError: as `read_metrics` tells them.
    """
    fetched: Future[bytes] = Future()
    deadline = time.monotonic() + _SECONDS_IN_ALL

    def fetch() -> None:
        try:
            with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - HTTP
                fetched.set_result(_body(answer, deadline))
        except Exception as error:
            fetched.set_exception(error)

    # A thread that ends with the process: nothing else gives up a head that comes byte by byte.
    threading.Thread(target=fetch, name="metrics", daemon=True).start()
    wait([fetched], _SECONDS_IN_ALL)
    if not fetched.done():
        raise _late()
    return fetched.result()


def _late() -> TimeoutError:
    return TimeoutError(f"the answer takes longer than {_SECONDS_IN_ALL:g} seconds")


def _body(answer: HTTPResponse, deadline: float) -> bytes:
    """Read an answer to its end.

    Raises:
        ValueError: it is cut or too large.
        OSError: it is not there in time.
    """
    expected = answer.length
    body = bytearray()
    while part := answer.read1(_MOST_BYTES + 1 - len(body)):
        body += part
        if len(body) > _MOST_BYTES:
            raise ValueError(
                f"the answer is larger than {_MOST_BYTES // 2**20} MiB: select {METRIC} alone"
            )
        if time.monotonic() > deadline:
            raise _late()
    if expected is not None and len(body) != expected:
        raise ValueError(f"the answer was cut after {len(body):,} of {expected:,} bytes; try again")
    return bytes(body)


def live(text: str, model: str, place: str) -> Live | None:
    """Find a model in metrics.

    Args:
        text: in Prometheus' format.
        model: its name.
        place: where the text is from, for messages.

    Returns:
        What they say of it; None if they are of other models only.

    Raises:
        TrainingError: it is no text of metrics, the model is in them under several names, or a
            count is none.
    """
    samples = list(_samples(text, model, place))
    names = sorted({sample.name for sample in samples})
    if len(names) > 1:
        raise TrainingError(f"{place} has {' and '.join(names)}: select one of them")
    cumulative: dict[tuple[str, str], dict[float, float]] = defaultdict(lambda: defaultdict(float))
    for sample in samples:
        labels = sample.labels
        series = cumulative[labels.get("version", ""), labels.get("predicted", "")]
        series[_bound(labels.get("le", ""), place)] += _count(sample, place)
    if not cumulative:
        return None
    bounds = sorted(set().union(*cumulative.values()))
    if any(len(series) != len(bounds) for series in cumulative.values()) or bounds[-1] != np.inf:
        raise TrainingError(
            f"the histograms of {model} in {place} lack bins: select all of {METRIC}"
        )
    counts: dict[str, dict[str, np.ndarray]] = defaultdict(dict)
    for (version, predicted), series in cumulative.items():
        steps = np.diff([series[bound] for bound in bounds], prepend=0.0)
        counts[version][predicted] = np.maximum(steps, 0.0)  # `increase` rounds.
    return Live(tuple(bounds[:-1]), dict(counts))


def _samples(text: str, model: str, place: str) -> Iterator[Sample]:
    try:
        families = list(text_string_to_metric_families(text))
    except (ValueError, KeyError, IndexError) as error:
        raise TrainingError(
            f"{place} is no text of Prometheus' format ({str(error).splitlines()[0][:80]})"
        ) from error
    for sample in (sample for family in families for sample in family.samples):
        if _NAME.fullmatch(sample.name) and sample.labels.get("model") == model:
            yield sample


def _bound(text: str, place: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise TrainingError(f"{place} has a bin of {METRIC} with the bound {text!r}") from error


def _count(sample: Sample, place: str) -> float:
    if not math.isfinite(sample.value) or sample.value < 0:
        raise TrainingError(
            f"{place} has {sample.value:g} photos in a bin of {METRIC}: a count is at least 0 and"
            " finite"
        )
    return float(sample.value)
