"""The file of canary shares: a line `NAME SHARE` for each model, `#` for comments."""

from collections.abc import Mapping
from pathlib import Path


def read_shares(file: Path) -> dict[str, float]:
    """Return the shares in a file, by model, each in [0, 1].

    Raises:
        OSError: it can't be read.
        ValueError: a line is invalid; the message names it.
    """
    return parse_shares(file.read_text("utf-8"), file)


def parse_shares(text: str, source: object) -> dict[str, float]:
    """Return the shares in the text of a file; `source` names that in errors.

    Raises:
        ValueError: a line is invalid; the message names it.
    """
    shares: dict[str, float] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        where = f"{source}, line {number}"
        if len(words) != 2:
            raise ValueError(f"{where}: expected NAME SHARE, such as `clothing 0.1`: {line!r:.80}")
        name, share = words[0], _number(words[1])
        if share is None or not 0 <= share <= 1:
            raise ValueError(f"{where}: a share is a number from 0 to 1, not {words[1]!r:.40}")
        if name in shares:
            raise ValueError(f"{where}: {name} has a share in an earlier line")
        shares[name] = share
    return shares


def with_shares(text: str, source: object, changes: Mapping[str, float]) -> str:
    """Return the text of a file with other shares; its other lines and comments stay.

    Raises:
        ValueError: a line is invalid; the message names it.
    """
    parse_shares(text, source)
    lines, missing = [], dict(changes)
    for line in text.splitlines(keepends=True):
        before, hash_, comment = line.partition("#")
        name = before.split()[0] if before.split() else ""
        if name in missing:
            end = before[len(before.rstrip()) :]
            line = f"{name} {missing.pop(name):g}{end}{hash_}{comment}"
        lines.append(line)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return "".join([*lines, *(f"{name} {share:g}\n" for name, share in missing.items())])


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
