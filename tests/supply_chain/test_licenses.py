"""Every locked package has a license, and one that is allowed."""

import importlib.metadata
from dataclasses import replace

import pytest
from packaging.licenses import canonicalize_license_expression

from supply_chain.__main__ import main
from supply_chain.licenses import is_allowed, problems, read_licenses


def test_the_command_lists_every_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["licenses"]) == 0
    printed = capsys.readouterr().out
    for name in ("flask", "nvidia-cudnn-cu12", "tensorflow"):
        assert f"\n{name} " in printed


def test_a_package_without_a_license_is_named() -> None:
    known = read_licenses()
    packages = {name: each for name, each in known.packages.items() if name != "flask"}
    (problem,) = problems(replace(known, packages=packages))
    assert "flask (in " in problem
    assert "serve.txt" in problem


def test_a_license_that_is_not_allowed_is_named() -> None:
    known = read_licenses()
    packages = {**known.packages, "flask": "AGPL-3.0-only", "left-over": "MIT"}
    problem, left_over = problems(replace(known, packages=packages))
    assert "AGPL-3.0-only" in problem
    assert "left-over" in left_over


def test_tools_may_have_a_license_that_nothing_distributed_may_have() -> None:
    known = read_licenses()
    assert not list(problems(replace(known, packages={**known.packages, "ruff": "GPL-3.0-only"})))
    assert list(problems(replace(known, packages={**known.packages, "numpy": "GPL-3.0-only"})))


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only OR MIT AND AGPL-3.0-only", False),
    ],
)
def test_expressions(expression: str, allowed: bool) -> None:
    assert is_allowed(expression, {"MIT"}) is allowed


def test_expressions_are_valid_and_without_parentheses() -> None:
    for name, expression in read_licenses().packages.items():
        assert canonicalize_license_expression(expression) == expression, name
        assert "(" not in expression, name


def test_the_list_agrees_with_what_is_installed() -> None:
    compared = 0
    for name, listed in read_licenses().packages.items():
        try:
            stated = importlib.metadata.metadata(name)["License-Expression"]
        except (importlib.metadata.PackageNotFoundError, KeyError):
            continue
        if stated:
            assert listed == stated, name
            compared += 1
    assert compared > 5
