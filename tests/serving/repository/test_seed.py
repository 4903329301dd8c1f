import subprocess
import sys
from pathlib import Path

import pytest

from serving.repository.seed import STARTERS, main, model_names, seed
from serving.repository.versions import VersionsError, published_versions

ROOT = Path(__file__).parents[3]


@pytest.fixture
def starters(tmp_path: Path) -> Path:
    """Make starters of two models; the newest of `clothing` is version 10."""
    folder = tmp_path / "starters"
    for version in ("clothing/2", "clothing/10", "cats-dogs/1", ".hidden/1"):
        (folder / version / "variables").mkdir(parents=True)
        (folder / version / "saved_model.pb").write_text(version)
        (folder / version / "variables" / "data").write_bytes(b"numbers")
    (folder / "empty").mkdir()
    (folder / "README").write_text("not a model")
    return folder


def test_each_model_without_a_version_gets_its_newest_starter(
    starters: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = tmp_path / "new" / "models"
    assert main([str(models), "--starters", str(starters)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[:2] for line in lines] == [
        ["cats-dogs", "published as version 1"],
        ["clothing", "published as version 1"],
    ]
    assert all("the starter" in line and "was lost" in line for line in lines)
    assert (models / "clothing" / "1" / "saved_model.pb").read_text() == "clothing/10"
    assert (models / "clothing" / "1" / "variables" / "data").read_bytes() == b"numbers"
    assert model_names(models) == ["cats-dogs", "clothing"]


def test_a_model_with_a_version_is_left_alone(
    starters: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "models" / "clothing" / "7"
    own.mkdir(parents=True)
    (own / "saved_model.pb").write_text("trained here")
    for _ in range(2):
        assert main([str(tmp_path / "models"), "--starters", str(starters)]) == 0
    assert "clothing: has a version already" in capsys.readouterr().out
    assert published_versions(tmp_path / "models" / "clothing") == [7]
    assert published_versions(tmp_path / "models" / "cats-dogs") == [1]


def test_several_at_once_publish_each_model_once(starters: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "serving.repository.seed", str(tmp_path / "m"), "--starters"]
    processes = [
        subprocess.Popen([*command, str(starters)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert "".join(outputs).count("clothing: published as version 1") == 1
    assert published_versions(tmp_path / "m" / "clothing") == [1]


def test_what_cannot_be_done_is_one_line(
    starters: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    for models, source in (
        (tmp_path / "file", starters),
        (tmp_path / "models", tmp_path / "missing"),
        (tmp_path / "models", starters / "empty"),
    ):
        assert main([str(models), "--starters", str(source)]) == 1
        error = capsys.readouterr().err
        assert error.startswith("error: ")
        assert error.count("\n") == 1


def test_an_unreadable_folder_of_models(tmp_path: Path) -> None:
    with pytest.raises(VersionsError, match="missing"):
        model_names(tmp_path / "missing")


def test_it_needs_filelock_and_the_standard_library_only() -> None:
    program = (
        "import sys; before = set(sys.modules); import serving.repository.seed;"
        " loaded = {name.partition('.')[0] for name in sys.modules.keys() - before};"
        " print(*sorted(loaded - sys.stdlib_module_names))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["filelock", "serving"]


def test_the_tree_holds_a_starter_for_both_models(tmp_path: Path) -> None:
    published = dict(seed(tmp_path))
    assert published == {"cats-dogs": 1, "clothing": 1}, STARTERS
