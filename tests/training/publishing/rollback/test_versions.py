"""`versions`, and what is said after publishing while another version goes on serving."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.training.publishing.rollback.published import publish, write_config
from tests.training.runs.listed import listed_run
from training.__main__ import main
from training.overrides import hyperparameters
from training.publishing.rollback.messages import served_note
from training.recipes import RECIPES


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a model with three versions."""
    monkeypatch.setenv("COLUMNS", "200")
    base = tmp_path / "models" / "pets"
    parameters = {**hyperparameters(RECIPES["clothing-dense128-adam"]), "epochs": 7}
    own: Any = {"dataset": "images", "input_shape": [12, 10, 3], "preparation": "squash/1"}
    own |= {"parameters": {**parameters, "held_out": 0.0}}
    publish(base, recipe="clothing-dense128-adam", trained={"run": "abc"}, **own)
    publish(base, accuracy=0.8, recipe="my-own", parameters=parameters)
    publish(base)
    return base


def rows(output: str) -> list[list[str]]:
    """Return the cells of a table, without empty ones."""
    return [re.split(r"  +", line.strip()) for line in output.splitlines()]


def test_every_version_has_a_row(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = "clothing-dense128-adam"
    listed_run(base.parents[1] / "runs", "published", "today-1234", recipe=recipe, id="abc")
    assert main(["label", "pets", "canary", "2"]) == 0
    assert main(["rollback", "pets", "1"]) == 0
    (base / "3" / "assets.extra" / "model_card.json").unlink()  # Made elsewhere.
    capsys.readouterr()
    assert main(["versions", "pets"]) == 0

    head, first, second, third, line = rows(capsys.readouterr().out)
    assert head[:4] == ["version", "published", "test", "validation"]
    assert first[2:] == ["90.00%", "91.00%", "clothing-dense128-adam epochs=7", "today-1234", "yes"]
    assert second[2:] == ["80.00%", "81.00%", "my-own", "–", "canary"]
    assert third[2:] == ["–", "–", "–", "–"]
    assert [row[0] for row in (first, second, third)] == ["1", "2", "3"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", first[1])
    assert line == ["pets: version 1 serves, pinned"]


def test_a_narrow_terminal_breaks_no_word(
    base: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name, recipe = "2026-11-27_epochs=7_3f2281fb62b1", "clothing-dense128-adam"
    listed_run(base.parents[1] / "runs", "published", name, recipe=recipe, id="abc")
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["versions", "pets"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.strip() for line in lines[2:4]] == [
        "clothing-dense128-adam epochs=7",
        "3f2281fb62b1",
    ]


def test_no_line_is_folded_in_a_pipe(
    base: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS")
    assert main(["versions", "pets"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + 3 + 1


def test_a_config_file_tells_what_serves(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = 'version_labels { key: "stable" value: 2 }'
    config = write_config(tmp_path / "models.config", base, labels)
    assert main(["versions", "pets", "--model_config_file", str(config)]) == 0
    output = capsys.readouterr().out
    assert rows(output)[2][-2:] == ["stable", "yes"]
    assert "pets: version 2 serves, with the label stable" in output


def test_publishing_beside_a_pin_or_a_label_is_not_silent(base: Path, tmp_path: Path) -> None:
    assert served_note(base, 3) == ""
    main(["rollback", "pets", "2"])
    command = f"python -m training rollback pets newest --models {base.parent}"
    assert served_note(base, 3) == (
        f"version 2 is pinned and goes on serving; to change that: {command}"
    )
    main(["rollback", "pets", "newest"])
    assert served_note(base, 1) == (
        "version 3 is the newest and goes on serving; to change that:"
        f" python -m training rollback pets 1 --models {base.parent}"
    )
    main(["label", "pets", "stable", "1"])
    assert served_note(base, 3).startswith("version 1 has the label stable and goes on serving")

    config = write_config(tmp_path / "models.config", base)
    assert served_note(base, 3, config) == ""
    assert "which version serves is unknown: cannot read" in served_note(
        base, 3, tmp_path / "missing"
    )
