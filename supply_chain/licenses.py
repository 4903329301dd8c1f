"""The licenses of all locked packages, and whether they are allowed: `requirements/licenses.toml`.

Licenses are SPDX expressions: https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions
"""

import re
import tomllib
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path

from supply_chain.lock_files import DISTRIBUTED, REQUIREMENTS, all_locked, locked_packages

LICENSES = REQUIREMENTS / "licenses.toml"


@dataclass(frozen=True)
class Licenses:
    """The licenses of packages, and the lists of those that are allowed."""

    packages: dict[str, str]
    allowed: frozenset[str]
    allowed_for_tools: frozenset[str]


def read_licenses(path: Path = LICENSES) -> Licenses:
    """Read the file with the licenses.

    Raises:
        OSError, tomllib.TOMLDecodeError, KeyError: it can't be read, or lacks a list.
    """
    read = tomllib.loads(path.read_text("utf-8"))
    allowed = frozenset(read["allowed"])
    return Licenses(read["packages"], allowed, allowed | set(read["allowed_for_tools"]))


def is_allowed(expression: str, allowed: Set[str]) -> bool:
    """Return whether an expression of ids, AND and OR, without parentheses, can be fulfilled."""
    return any(
        all(part.strip() in allowed for part in re.split(r"\bAND\b", choice))
        for choice in re.split(r"\bOR\b", expression)
    )


def problems(licenses: Licenses) -> Iterator[str]:
    """Yield a line for each package that is not listed, needlessly listed, or not allowed."""
    locked = all_locked()
    distributed = {name for each in DISTRIBUTED for name in locked_packages(each.text())}
    for name, files in sorted(locked.items()):
        where = f"{name} (in {', '.join(sorted(files))})"
        expression = licenses.packages.get(name)
        if expression is None:
            yield f"{where} has no license in {LICENSES.name}: add it under [packages]"
            continue
        is_tool = name not in distributed
        if not is_allowed(expression, licenses.allowed_for_tools if is_tool else licenses.allowed):
            yield f"{where} has the license {expression}, which is not allowed: replace it"
    for name in sorted(licenses.packages.keys() - locked.keys()):
        yield f"{name} has a license in {LICENSES.name}, but is in no lock file: remove it"
