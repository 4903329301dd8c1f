"""Several people at once, full disks and lost volumes: a version always serves."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rich.console import Console

from serving.repository import atomic_write
from serving.repository.model_config import read_config
from serving.repository.pruning import prune
from serving.repository.served_versions import SERVED, read_served
from serving.repository.version_policy import aspired_versions
from serving.repository.versions import published_versions
from tests.training.conftest import largest_file
from tests.training.publishing.rollback.published import publish, write_config
from training.__main__ import main
from training.publishing.rollback import apply_change

ROUNDS = 10

Read = Callable[[], bytes]
Place = tuple[list[str], Path, Read]
"""Options of `rollback`, the model's folder, and a function that reads what is changed."""


@pytest.fixture(params=["folder", "config file"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return a place where a pin can be changed: a folder of models or a config file."""
    base = tmp_path / "models" / "pets"
    for _ in range(3):
        publish(base)
    if request.param == "folder":
        assert main(["rollback", "pets", "2"]) == 0
        return [], base, (base / SERVED).read_bytes
    config = write_config(tmp_path / "models.config", base)
    options = ["--model_config_file", str(config)]
    assert main(["rollback", "pets", "2", *options]) == 0
    return options, base, config.read_bytes


def selected(place: Place) -> set[int]:
    """Return the versions that a model server would load now."""
    options, base, _ = place
    settings = read_served(base)
    if options:
        settings = next(each for each in read_config(Path(options[1])) if each.name == "pets")
    return aspired_versions(settings.policy, published_versions(base))


def test_a_version_serves_while_several_people_change_it(place: Place) -> None:
    options, base, _ = place
    done = threading.Event()

    def watch() -> Iterator[set[int]]:
        while not done.is_set():
            yield selected(place)

    def roll(version: str) -> list[int]:
        return [main(["rollback", "pets", version, *options]) for _ in range(ROUNDS)]

    def release() -> list[int]:
        return [publish(base) for _ in range(ROUNDS)]

    def tidy() -> None:
        for _ in range(0 if options else ROUNDS):  # `prune_model` would read the config file.
            prune(base, 3)

    with ThreadPoolExecutor(6) as people:
        watched = people.submit(lambda: [*watch()])
        rolled = [people.submit(roll, each) for each in ("newest", "previous", "3")]
        released, tidied = people.submit(release), people.submit(tidy)
        released.result()
        tidied.result()
        statuses = [status for each in rolled for status in each.result()]
        done.set()
    assert all(watched.result())
    assert statuses.count(0) >= ROUNDS
    assert selected(place) <= set(published_versions(base))
    assert main(["rollback", "pets", "newest", *options]) == 0
    assert selected(place) == {published_versions(base)[-1]}


def test_what_somebody_else_changes_meanwhile_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tmp_path / "models" / "pets"
    for _ in range(3):
        publish(base)
    meanwhile = [["label", "pets", "canary", "2"]]

    def check(version: Path, console: Console) -> None:
        if meanwhile:
            assert main(meanwhile.pop()) == 0

    monkeypatch.setattr(apply_change, "check_files_or_load", check)
    assert main(["rollback", "pets", "1"]) == 0
    settings = read_served(base)
    assert (settings.labels, list(settings.policy.specific.versions)) == ({"canary": 2}, [1])


def test_a_full_disk_changes_nothing(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    options, _, read = place
    before = read()
    with largest_file(10):
        assert main(["rollback", "pets", "1", *options]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "File too large" in error
    assert read() == before
    assert selected(place) == {2}
    assert main(["rollback", "pets", "1", *options]) == 0


def test_a_volume_that_is_lost_in_the_middle_changes_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options, _, read = place
    before = read()

    def lost(path: Path) -> None:
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(atomic_write, "sync", lost)
    assert main(["rollback", "pets", "1", *options]) == 1
    assert "Stale file handle" in capsys.readouterr().err
    assert read() == before
    monkeypatch.undo()


def test_a_folder_that_may_only_be_read_changes_nothing(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options, _, read = place
    before = read()

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "a file")

    monkeypatch.setattr(Path, "replace", refused)
    assert main(["rollback", "pets", "1", *options]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert read() == before
