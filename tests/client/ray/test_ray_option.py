"""The option `--ray` where Ray isn't installed, or with options that it has no use for."""

import sys
from pathlib import Path

import pytest

from client.__main__ import main


def run(folder: Path, *options: str) -> int:
    out = str(folder / "results.parquet")
    return main(["bulk", "clothing", str(folder), "--out", out, "--ray", "auto", *options])


def test_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "client.bulk.ray_job", raising=False)
    assert run(tmp_path) == 2
    assert capsys.readouterr().err == (
        "error: --ray: ray is not installed: pip install 'photolabel[ray]'\n"
    )


@pytest.mark.parametrize("options", [["--where", "label=Shirt"], ["--sort-into", "x"]])
def test_options_for_one_machine(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, *options) == 2
    assert f"{options[0]} is for one machine" in capsys.readouterr().err
