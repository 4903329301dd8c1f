"""What is known about one run, as lines for people."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from training.console import counted
from training.errors import TrainingError
from training.model_cards import CARD, read_card, start_text
from training.runs.history import best_epoch
from training.runs.summary import RunSummary

_STATES = {
    "serves": "which serves",
    "kept": "which does not serve",
    "removed": "removed since",
}
_SPLITS = ("training", "validation", "test")


def details(run: RunSummary, facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return names and values, in the order in which they are shown.

    Raises:
        TrainingError: a file of the run is damaged.
    """
    try:
        return [(name, value) for name, value in _lines(run, facts) if value]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{type(error).__name__}: {error}"
        raise TrainingError(f"a file in {run.folder} is damaged ({what})") from error


def _lines(run: RunSummary, facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    card = _card(run.folder)
    trained = facts.get("trained") or {}
    return [
        ("status", _status(run)),
        ("model", run.model),
        ("recipe", facts.get("recipe_file") or run.recipe),
        ("began", _times(run, trained)),
        ("data", _data(run, facts, card)),
        ("data digest", str(facts.get("data", ""))),
        ("own photos", _own_photos(facts, card)),
        ("weights", _weights(facts)),
        ("started from", start_text(facts.get("start"))),
        ("fitted", _fitted(run, trained)),
        *((split, _figures(card, split)) for split in ("validation", "test")),
        ("test on own photos", _figures(card, "own")),
        ("recognized", _recognized(card)),
        ("hardware", _hardware(facts, trained)),
        ("software", _software(facts, trained)),
        ("commit", str(trained.get("commit") or "")),
        ("deterministic", "yes" if facts.get("deterministic") else "no"),
    ]


def local_time(when: str) -> str:
    """Return a time in ISO 8601 in the local time zone, to the minute."""
    try:
        return f"{datetime.fromisoformat(when).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return when


def from_home(folder: str | None) -> str:
    """Return a folder, with ~ for the home folder; empty without one."""
    path, home = Path(folder or ""), Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else folder or ""


def files(folder: Path) -> Iterator[tuple[str, int]]:
    """Yield the names of a run's files, and their sizes in bytes."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(folder)), path.stat().st_size


def _card(folder: Path) -> dict[str, Any]:
    """Return the card of a run, which it has once it is evaluated."""
    try:
        return read_card(folder / CARD)
    except TrainingError:
        return {}


def _status(run: RunSummary) -> str:
    """Say how a run ended, or who works on it."""
    if run.version and run.status == "published":
        return f"{run.progress} as {run.version}, {_STATES[run.version_state or 'kept']}"
    if run.process:
        return f"{run.progress}, {run.process}"
    if run.status == "interrupted":
        return f"{run.progress}: its process was killed; the same command resumes it"
    return f"{run.progress}: {run.reason}" if run.reason else run.progress


def _times(run: RunSummary, trained: Mapping[str, Any]) -> str:
    text = local_time(run.began)
    return f"{text}, last changed {local_time(run.updated)}" if run.updated else text


def _data(run: RunSummary, facts: Mapping[str, Any], card: Mapping[str, Any]) -> str:
    parts = [from_home(run.data_folder)] if run.data_folder else []
    if run.data_folder and not Path(run.data_folder).exists():
        parts[0] += " (not there any more)"
    counts = facts.get("photos") or [card.get("data", {}).get(split, 0) for split in _SPLITS]
    if any(counts):
        photos = (f"{count:,} {split}" for count, split in zip(counts, _SPLITS, strict=True))
        parts.append(f"{', '.join(photos)} photos")
    name = facts.get("dataset") or card.get("data", {}).get("name")
    return ": ".join(filter(None, (name, "; ".join(parts))))


def _own_photos(facts: Mapping[str, Any], card: Mapping[str, Any]) -> str:
    if not (path := facts.get("own_photos")):
        return ""
    text = from_home(path) + ("" if Path(path).exists() else " (not there any more)")
    data = card.get("data", {})
    for name, ending in (("own", ""), ("others", " of none of the classes")):
        if found := data.get(name):
            counts = ", ".join(f"{found[split]:,} {split}" for split in _SPLITS)
            text += f"; {counts} photos{ending}"
    return text


def _recognized(card: Mapping[str, Any]) -> str:
    """Say which share of own photos is recognized; empty without any."""
    shares = (card.get("recognition") or {}).get("recognized", {})
    names = {"own_test": "own photos", "other_test": "photos of none of the classes"}
    found = [f"{shares[each]:.1%} of {what}" for each, what in names.items() if each in shares]
    return ", ".join(found)


def _weights(facts: Mapping[str, Any]) -> str:
    return " ".join(str(facts[name]) for name in ("weights_file", "weights") if facts.get(name))


def _fitted(run: RunSummary, trained: Mapping[str, Any]) -> str:
    fitted, wanted = run.epochs
    text = f"{fitted} of {counted(wanted, 'epoch')}"
    if best := best_epoch(dict(trained)):
        text += f", the weights are those of epoch {best}"
    return text + (f", in {trained['seconds']:,.0f} s" if "seconds" in trained else "")


def _figures(card: Mapping[str, Any], split: str) -> str:
    found = card.get("metrics", {}).get(split)
    if not found:
        return ""
    text = f"accuracy {found['accuracy']:.2%}"
    if interval := found.get("accuracy_interval"):
        text += f" (95% interval {interval[0]:.2%} to {interval[1]:.2%})"
    return f"{text} of {counted(found['photos'], 'photo')}"


def _hardware(facts: Mapping[str, Any], trained: Mapping[str, Any]) -> str:
    first = trained.get("hardware")
    used = [first, *trained.get("continued_on", [])] if first else []
    described = ("{device}: {cores} cores of {processor}".format(**each) for each in used)
    return ", continued on ".join(described) or str(facts.get("device") or "")


def _software(facts: Mapping[str, Any], trained: Mapping[str, Any]) -> str:
    packages = facts.get("packages") or trained.get("packages") or {}
    named = [f"{name} {version}" for name, version in packages.items()]
    return ", ".join([*named, *([f"python {trained['python']}"] if "python" in trained else [])])
