"""Which versions in a model's folder serve."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tensorflow_serving.config.file_system_storage_path_source_pb2 import (
    FileSystemStoragePathSourceConfig as SourceConfig,
)

from serving.repository import atomic_write
from serving.repository.errors import ConfigError, VersionsError
from serving.repository.model_config import ModelSettings
from serving.repository.served_versions import (
    SERVED,
    change_served,
    read_served,
    selected_versions,
)

Change = Callable[[ModelSettings], ModelSettings]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return a model's folder with the versions 1 to 3."""
    for number in (1, 2, 3):
        (tmp_path / "m" / str(number)).mkdir(parents=True)
    return tmp_path / "m"


def pin(*versions: int) -> Change:
    policy = SourceConfig.ServableVersionPolicy()
    policy.specific.versions.extend(versions)
    return lambda settings: replace(settings, policy=policy)


def label(**labels: int) -> Change:
    return lambda settings: replace(settings, labels={**settings.labels, **labels})


def newest(settings: ModelSettings) -> ModelSettings:
    return replace(settings, policy=SourceConfig.ServableVersionPolicy())


def test_without_a_file_the_newest_version_serves(base: Path) -> None:
    settings = read_served(base)
    assert settings == ModelSettings("m", base)
    assert selected_versions(settings, [1, 2, 3]) == {3}


def test_reads_a_pin_and_labels(base: Path) -> None:
    (base / SERVED).write_text(
        "# By hand.\nmodel_version_policy { specific { versions: 1 } }\n"
        'version_labels { key: "stable" value: 1 } version_labels { key: "canary" value: 3 }'
    )
    settings = read_served(base)
    assert (settings.name, settings.base_path) == ("m", base)
    assert list(settings.policy.specific.versions) == [1]
    assert settings.labels == {"stable": 1, "canary": 3}
    assert selected_versions(settings, [1, 2, 3]) == {1, 3}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version_lables {}", r'1:1 : .* has no field named "version_lables"'),
        ("model_version_policy {", r"1:"),
        ('base_path: "/elsewhere"', "base_path cannot be set here, only model_version_policy and"),
        ("model_version_policy { specific {} }", "model_version_policy selects no version"),
        ('version_labels { key: "" value: 1 }', "a version label is empty"),
    ],
)
def test_says_what_is_wrong_in_one_line(base: Path, text: str, message: str) -> None:
    (base / SERVED).write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        read_served(base)
    assert str(base / SERVED) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_of_something_else_is_refused(base: Path) -> None:
    (base / SERVED).write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot read"):
        read_served(base)


def test_changes_are_kept(base: Path) -> None:
    assert change_served(base, pin(2)) == read_served(base)
    change_served(base, label(stable=1))
    settings = read_served(base)
    assert list(settings.policy.specific.versions) == [2]
    assert settings.labels == {"stable": 1}
    change_served(base, newest)
    assert read_served(base) == ModelSettings("m", base, labels={"stable": 1})


def test_a_change_back_to_the_default_leaves_a_file(base: Path) -> None:
    """A model server takes a missing one for a mistake."""
    change_served(base, pin(2))
    change_served(base, newest)
    assert (base / SERVED).exists()
    assert read_served(base) == ModelSettings("m", base)


@pytest.mark.parametrize("change", [pin(9), pin(1, 9), label(stable=9)])
def test_a_version_that_does_not_exist_is_refused(base: Path, change: Change) -> None:
    change_served(base, pin(1))
    before = (base / SERVED).read_text()
    with pytest.raises(VersionsError, match=r"m has no version 9 in .*; it has 1, 2, 3"):
        change_served(base, change)
    assert (base / SERVED).read_text() == before


def test_a_label_whose_version_is_gone_is_no_obstacle(base: Path) -> None:
    change_served(base, label(canary=3))
    (base / "3").rmdir()
    assert list(change_served(base, pin(1)).policy.specific.versions) == [1]


def test_a_pin_to_nothing_and_a_damaged_file_are_refused(base: Path) -> None:
    with pytest.raises(ConfigError, match="is unchanged: model_version_policy selects no version"):
        change_served(base, pin())
    assert not (base / SERVED).exists()
    (base / SERVED).write_text("rubbish")
    with pytest.raises(ConfigError, match="cannot read"):
        change_served(base, pin(1))
    assert (base / SERVED).read_text() == "rubbish"


def test_a_model_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(VersionsError, match=r"model folder .*none does not exist"):
        change_served(tmp_path / "none", pin(1))
    assert not (tmp_path / "none").exists()


def test_a_full_disk_leaves_the_old_file(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    change_served(base, pin(1))
    monkeypatch.setattr(atomic_write, "sync", full)
    with pytest.raises(VersionsError, match=r"cannot change .*serving\.config: No space left"):
        change_served(base, pin(2))
    assert list(read_served(base).policy.specific.versions) == [1]
    assert {each.name for each in base.iterdir()} == {"1", "2", "3", ".lock", SERVED}
