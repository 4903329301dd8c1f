"""Reading TensorFlow Serving's model config file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from serving.repository.errors import ConfigError
from serving.repository.model_config import (
    ConfigFile,
    ModelSettings,
    check_labels,
    read_config,
)


def test_reads_policies_and_labels(write_config: Callable[..., Path], tmp_path: Path) -> None:
    path = write_config(
        "model_version_policy { specific { versions: 4 versions: 7 } }"
        'version_labels { key: "stable" value: 4 } version_labels { key: "canary" value: 7 }'
    )
    (model,) = read_config(path)
    assert (model.name, model.base_path) == ("m", tmp_path / "m")
    assert list(model.policy.specific.versions) == [4, 7]
    assert model.labels == {"stable": 4, "canary": 7}


def test_takes_a_file_without_models(tmp_path: Path) -> None:
    path = tmp_path / "models.config"
    path.write_text("")
    assert read_config(path) == []


def test_takes_the_deprecated_model_type(write_config: Callable[..., Path]) -> None:
    assert len(read_config(write_config("model_type: TENSORFLOW", model_platform=""))) == 1


@pytest.mark.parametrize(
    ("more", "fields", "message"),
    [
        ("version_lables {}", {}, r'5:1 : .* has no field named "version_lables"'),
        ("} config { name: 'm' base_path: '/x'", {}, "list model m multiple times"),
        ("", {"name": ""}, "a model has no name"),
        ("", {"base_path": "models/m"}, r"absolute path or URI; got base_path\(\)=models/m"),
        ("", {"model_platform": ""}, 'neither .* Write model_platform: "tensorflow" for mod'),
        ("", {"model_platform": "caffe"}, "Model m requests unsupported platform caffe"),
        ("model_type: OTHER", {"model_platform": ""}, "unsupported platform other"),
        ("model_type: TENSORFLOW", {}, "Illegal setting both"),
    ],
)
def test_says_what_is_wrong_in_one_line(
    write_config: Callable[..., Path], more: str, fields: dict[str, str], message: str
) -> None:
    path = write_config(more, **fields)
    with pytest.raises(ConfigError, match=message) as caught:
        read_config(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_refuses_a_custom_config(tmp_path: Path) -> None:
    path = tmp_path / "models.config"
    path.write_text("custom_model_config {}")
    with pytest.raises(ConfigError, match="custom_model_config is not supported"):
        read_config(path)


def test_refuses_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.config.*No such file"):
        ConfigFile(tmp_path / "none.config")


def test_reads_the_file_again_after_the_interval(write_config: Callable[..., Path]) -> None:
    now = [0.0]
    source = ConfigFile(write_config(), reread_seconds=10, clock=lambda: now[0])
    never = ConfigFile(write_config(), clock=lambda: now[0])
    write_config(name="other")
    now[0] = 9
    assert [model.name for model in source.models()] == ["m"]
    now[0] = 10
    assert [model.name for model in source.models()] == ["other"]
    assert [model.name for model in never.models()] == ["m"]


def test_a_file_broken_later_keeps_the_models(write_config: Callable[..., Path]) -> None:
    now = [0.0]
    source = ConfigFile(write_config(), reread_seconds=10, clock=lambda: now[0])
    write_config("broken")
    now[0] = 10
    with pytest.raises(ConfigError):
        source.models()
    assert [model.name for model in source.models()] == ["m"]


def settings(**labels: int) -> list[ModelSettings]:
    return [ModelSettings("m", Path("/m"), labels=labels)]


def test_a_label_in_use_moves_only_to_a_version_that_serves() -> None:
    check_labels(settings(stable=1), settings(stable=2), {"m": [2]})
    check_labels(settings(stable=1), settings(stable=1), {})
    with pytest.raises(ConfigError, match="label to version 2 of model m, which is not currently"):
        check_labels(settings(stable=1), settings(stable=2), {})


def test_a_new_label_may_name_any_version() -> None:
    check_labels(settings(stable=1), settings(stable=1, canary=9), {})
