"""`rollback` and `label` on a folder of models, as `make serve` reads it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from serving.repository.served_versions import SERVED, read_served
from serving.repository.version_policy import aspired_versions
from serving.repository.versions import published_versions
from tests.training.publishing.rollback.published import publish
from training.__main__ import main

ROOT = Path(__file__).parents[4]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return the folder of a model with three versions, in the working folder."""
    for _ in range(3):
        publish(tmp_path / "models" / "pets")
    return tmp_path / "models" / "pets"


def serving(base: Path) -> int:
    """Return the version that requests without version and label get."""
    settings = read_served(base)
    selected = max(aspired_versions(settings.policy, published_versions(base)))
    return settings.labels.get("stable", selected)


def test_a_version_is_pinned_and_the_newest_serves_again(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rollback", "pets", "1"]) == 0
    assert serving(base) == 1
    assert capsys.readouterr().out.splitlines() == [
        "pets: version 1 serves now, pinned; before: version 3, as the newest",
        "versions published from now on do not serve until `rollback pets newest`",
        "a running `make serve` follows within seconds",
        "to undo this: python -m training rollback pets newest",
    ]
    publish(base)
    assert serving(base) == 1

    assert main(["rollback", "pets", "newest"]) == 0
    assert serving(base) == 4
    assert "to undo this: python -m training rollback pets 1" in capsys.readouterr().out
    assert main(["rollback", "pets", "previous"]) == 0
    assert serving(base) == 3
    assert main(["rollback", "pets", "3"]) == 0
    assert "version 3 serves already, pinned" in capsys.readouterr().out


def test_the_label_stable_moves_where_there_is_one(base: Path) -> None:
    assert main(["label", "pets", "stable", "2"]) == 0
    assert main(["label", "pets", "canary", "3"]) == 0
    assert main(["rollback", "pets", "1"]) == 0
    settings = read_served(base)
    assert (settings.labels, settings.policy.ByteSize()) == ({"stable": 1, "canary": 3}, 0)
    assert main(["rollback", "pets", "newest"]) == 0
    assert read_served(base).labels["stable"] == 3


def test_a_canary_does_not_change_what_others_get(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rollback", "pets", "2"]) == 0
    assert main(["label", "pets", "canary", "3"]) == 0
    assert serving(base) == 2
    assert "label canary: version 3; before: none" in capsys.readouterr().out
    assert main(["rollback", "pets", "1"]) == 0
    assert serving(base) == 1
    assert main(["label", "pets", "canary", "--remove"]) == 0
    assert read_served(base).labels == {}
    assert capsys.readouterr().out.endswith("python -m training label pets canary 3\n")


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["rollback", "pets", "7"], 1, "pets has no version 7 in models/pets; it has 1, 2, 3"),
        (["rollback", "pets", "x"], 2, "a version is a number, newest or previous, not 'x'"),
        (["rollback", "pets", "0"], 2, "a version is a number, newest or previous, not '0'"),
        (["rollback", "hats", "1"], 1, "no published model hats in models; there are: pets"),
        (["label", "pets", "canary"], 2, "give either the version"),
        (["label", "pets", "canary", "1", "--remove"], 2, "give either the version"),
        (["label", "pets", "canary", "--remove"], 1, "pets has no label canary; it has: none"),
        (["label", "pets", "", "1"], 2, "a label is a word of letters, digits, periods, dashes"),
        (["label", "pets", "a/b", "1"], 2, "underscores, not 'a/b'"),
        (["label", "pets", "canary\n", "1"], 2, r"underscores, not 'canary\n'"),
        (["label", "pets", "\udce9", "1"], 2, r"underscores, not '\udce9'"),
        (["versions", "hats"], 1, "there is no published model hats in models"),
    ],
)
def test_a_wrong_command_changes_nothing(
    base: Path, capsys: pytest.CaptureFixture[str], words: list[str], status: int, message: str
) -> None:
    assert main(words) == status
    assert message in capsys.readouterr().err
    assert not (base / SERVED).exists()


def test_there_is_nothing_before_the_first_version(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["rollback", "pets", "1"])
    assert main(["rollback", "pets", "previous"]) == 1
    assert "pets has no version before 1 in models/pets" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_version_is_refused(
    base: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = base / "1" / "saved_model.pb"
    file.write_bytes(b"other") if damage == "changed" else file.unlink()
    for words in (["rollback", "pets", "1"], ["label", "pets", "canary", "1", "--force"]):
        assert main(words) == 1
        assert "models/pets/1/saved_model.pb is" in capsys.readouterr().err
    assert not (base / SERVED).exists()


def test_a_version_without_checksums_has_to_load(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (base / "1" / "assets.extra" / "SHA256SUMS").unlink()
    assert main(["rollback", "pets", "1"]) == 1
    found = capsys.readouterr()
    assert "models/pets/1 has no checksums: loading it" in found.out
    assert "nothing has changed: cannot read a model from models/pets/1" in found.err
    assert not (base / SERVED).exists()

    shutil.rmtree(base / "1")
    shutil.copytree(ROOT / "serving/repository/starters/clothing/1", base / "1")
    assert main(["rollback", "pets", "1", "--force"]) == 0
    assert serving(base) == 1


def test_other_labels_are_refused_unless_forced(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(base, labels=("dog", "cat"))  # Only the order differs.
    assert main(["rollback", "pets", "3"]) == 0
    publish(base, labels=("cat", "rabbit"))
    for words in (["rollback", "pets", "5"], ["label", "pets", "canary", "5"]):
        assert main(words) == 3
        error = capsys.readouterr().err
        assert "version 5 has other labels than version 3, which serves" in error
        assert "(without dog and with rabbit)" in error
    assert serving(base) == 3
    assert main(["rollback", "pets", "5", "--force"]) == 0
    assert serving(base) == 5


def test_an_invalid_file_is_named(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (base / SERVED).write_text("model_version_policy {")
    assert main(["rollback", "pets", "1"]) == 1
    assert "cannot read models/pets/.serving.config" in capsys.readouterr().err


def test_no_framework_is_imported(base: Path) -> None:
    code = (
        "import sys; from training.__main__ import main; main(sys.argv[1:]);"
        " sys.exit(sorted({'numpy', 'keras', 'tensorflow', 'grpc'} & {*sys.modules}) or 0)"
    )
    for words in (
        ["rollback", "pets", "1"],
        ["label", "pets", "canary", "2"],
        ["versions", "pets"],
    ):
        command = [sys.executable, "-c", code, *words, "--models", str(base.parent)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
    assert serving(base) == 1
