"""Finding models in a folder, and which of their versions serve."""

from pathlib import Path

import pytest

from serving.repository import folder_names
from serving.repository.errors import ConfigError, VersionsError
from serving.repository.models_folder import ModelsFolder
from serving.repository.served_versions import SERVED, selects_nothing
from serving.repository.versions import published_versions

PINNED = "model_version_policy { specific { versions: 1 } }"


def serve(base: Path, text: str) -> None:
    (base / SERVED).write_text(text)


def test_finds_folders_with_versions(tmp_path: Path) -> None:
    for name in ("b/12", "a/1", "a/2", "empty", "words/one", ".hidden/1"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "file").write_text("")
    models = ModelsFolder(tmp_path).models()
    assert [(model.name, model.base_path) for model in models] == [
        ("a", tmp_path / "a"),
        ("b", tmp_path / "b"),
    ]


def test_remembers_a_model_whose_folder_has_gone(tmp_path: Path) -> None:
    (tmp_path / "a" / "1").mkdir(parents=True)
    source = ModelsFolder(tmp_path)
    assert [model.name for model in source.models()] == ["a"]
    (tmp_path / "a").rename(tmp_path / ".a")
    assert [model.name for model in source.models()] == ["a"]


def test_a_model_is_removed_when_its_folder_has_been_gone_for_a_while(tmp_path: Path) -> None:
    for name in ("a/1", "b/1", "c/1"):
        (tmp_path / name).mkdir(parents=True)
    now = [0.0]
    source = ModelsFolder(tmp_path, 10, lambda: now[0])

    def names_at(seconds: float) -> list[str]:
        now[0] = seconds
        return [model.name for model in source.models()]

    (tmp_path / "a").rename(tmp_path / ".a")
    (tmp_path / "c" / "1").rmdir()
    assert names_at(9) == ["a", "b", "c"]
    (tmp_path / ".a").rename(tmp_path / "a")
    assert names_at(9.5) == ["a", "b", "c"]
    (tmp_path / "a").rename(tmp_path / ".a")
    assert names_at(19) == ["a", "b", "c"]
    assert names_at(19.5) == ["b", "c"]
    (tmp_path / ".a").rename(tmp_path / "a")
    assert names_at(20) == ["a", "b", "c"]


def test_no_model_is_removed_while_none_can_be_seen(tmp_path: Path) -> None:
    (tmp_path / "models" / "a" / "1").mkdir(parents=True)
    now = [0.0]
    source = ModelsFolder(tmp_path / "models", 10, lambda: now[0])
    (tmp_path / "models").rename(tmp_path / "unmounted")
    (tmp_path / "models").mkdir()
    now[0] = 100
    assert [model.name for model in source.models()] == ["a"]
    (tmp_path / "models").rmdir()
    with pytest.raises(ConfigError, match="cannot look for models"):
        source.models()


def test_a_folder_that_cannot_be_read_hides_no_other_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def listing(base: Path) -> list[int]:
        if base.name == "closed":
            raise VersionsError("Permission denied")
        return published_versions(base)

    monkeypatch.setattr(folder_names, "published_versions", listing)
    for name in ("closed/1", "open/1", "empty"):
        (tmp_path / name).mkdir(parents=True)
    models = ModelsFolder(tmp_path).models()
    assert [model.name for model in models] == ["closed", "open"]


def test_refuses_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="none is not a folder"):
        ModelsFolder(tmp_path / "none")


def test_a_file_in_a_models_folder_chooses_its_versions(tmp_path: Path) -> None:
    for name in ("a/1", "a/2", "b/1"):
        (tmp_path / name).mkdir(parents=True)
    serve(tmp_path / "a", PINNED + 'version_labels { key: "canary" value: 2 }')
    pinned, other = ModelsFolder(tmp_path).models()
    assert list(pinned.policy.specific.versions) == [1]
    assert pinned.labels == {"canary": 2}
    assert (pinned.problem, other.problem) == ("", "")
    assert other.policy.WhichOneof("policy_choice") is None


def test_a_file_damaged_from_the_start_selects_no_version(tmp_path: Path) -> None:
    for name in ("a/1", "b/1"):
        (tmp_path / name).mkdir(parents=True)
    serve(tmp_path / "a", "rubbish")
    source = ModelsFolder(tmp_path)
    damaged, other = source.models()
    assert selects_nothing(damaged)
    assert "a/.serving.config: 1:1" in damaged.problem
    assert damaged.problem.endswith("correct or delete it")
    assert (selects_nothing(other), other.problem) == (False, "")
    (tmp_path / "a" / SERVED).unlink()
    assert [selects_nothing(model) for model in source.models()] == [False, False]


@pytest.mark.parametrize(("damage", "problem"), [("rubbish", "1:1"), (None, "has been deleted")])
def test_a_file_damaged_or_deleted_later_still_applies(
    tmp_path: Path, damage: str | None, problem: str
) -> None:
    base = tmp_path / "a"
    (base / "1").mkdir(parents=True)
    serve(base, PINNED)
    source = ModelsFolder(tmp_path)
    if damage is None:
        (base / SERVED).unlink()
    else:
        serve(base, damage)
    for _ in range(2):
        (model,) = source.models()
        assert list(model.policy.specific.versions) == [1]
        assert problem in model.problem
    serve(base, "")
    (model,) = source.models()
    assert (model.policy.WhichOneof("policy_choice"), model.problem) == (None, "")


def test_a_folder_away_for_a_moment_keeps_its_choice(tmp_path: Path) -> None:
    (tmp_path / "a" / "1").mkdir(parents=True)
    serve(tmp_path / "a", PINNED)
    source = ModelsFolder(tmp_path)
    (tmp_path / "a").rename(tmp_path / ".a")
    (model,) = source.models()
    assert list(model.policy.specific.versions) == [1]
    assert model.problem == ""
