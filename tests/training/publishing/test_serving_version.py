"""Which version counts as the one that serves."""

from pathlib import Path

import pytest

from training.errors import TrainingError
from training.publishing.serving_version import serving_version


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
