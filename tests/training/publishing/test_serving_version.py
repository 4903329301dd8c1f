"""Which version counts as the one that serves."""

from pathlib import Path

import pytest

from training.__main__ import main
from training.errors import TrainingError, UsageError
from training.publishing.serving_version import checked_config_file, serving_version


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path / "models" / "letters"


CONFIG = """
model_config_list {{ config {{
  name: "letters"
  base_path: "/models/letters"
  model_platform: "tensorflow"
  {rest}
}} }}
"""


@pytest.mark.parametrize(
    ("rest", "serving"),
    [
        ("", 3),
        ('version_labels { key: "stable" value: 2 }', 2),
        ('version_labels { key: "canary" value: 2 }', 3),
        ('version_labels { key: "stable" value: 9 }', 3),
        ("model_version_policy { specific { versions: 9 } }", 3),
        ("model_version_policy { specific { versions: 1 } }", 1),
    ],
)
def test_the_serving_version_follows_the_model_config(
    base: Path, tmp_path: Path, rest: str, serving: int
) -> None:
    for number in (1, 2, 3):
        (base / str(number)).mkdir(parents=True)
    config = tmp_path / "models.config"
    config.write_text(CONFIG.format(rest=rest))

    assert serving_version(base, config) == serving
    assert serving_version(base) == 3
    assert serving_version(base.parent / "none") is None


@pytest.mark.parametrize(
    ("text", "serving"),
    [
        ("", 3),
        ("model_version_policy { specific { versions: 1 } }", 1),
        ('version_labels { key: "stable" value: 2 }', 2),
    ],
)
def test_the_serving_version_follows_the_models_folder(
    base: Path, tmp_path: Path, text: str, serving: int
) -> None:
    for number in (1, 2, 3):
        (base / str(number)).mkdir(parents=True)
    (base / ".serving.config").write_text(text)
    other = tmp_path / "models.config"
    other.write_text(CONFIG.format(rest="").replace("letters", "others"))

    assert serving_version(base) == serving
    assert serving_version(base, other) == serving, "a file that does not name the model"


def test_a_config_file_that_cannot_be_read_stops_the_publication(base: Path) -> None:
    with pytest.raises(TrainingError, match="which version serves is unknown"):
        serving_version(base, Path("none.config"))


def test_an_empty_folder_is_that_of_a_config_map_which_does_not_exist(tmp_path: Path) -> None:
    folder = tmp_path / "models-config"
    folder.mkdir()
    assert checked_config_file(folder / "models.config") is None
    (folder / "models.config").write_text(CONFIG.format(rest=""))
    assert checked_config_file(folder / "models.config") == folder / "models.config"


def test_a_mistyped_config_file_is_reported_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "models.config").write_text(CONFIG.format(rest="version_label {}"))
    for name in ("models.config", "model.config", "no-such-folder/models.config"):
        with pytest.raises(UsageError, match="cannot read the model config file"):
            checked_config_file(tmp_path / name)
    wrong = str(tmp_path / "models.config")
    assert main(["run", "clothing-fast", "--publish", "--model_config_file", wrong]) == 2
    assert "cannot read the model config file" in capsys.readouterr().err
