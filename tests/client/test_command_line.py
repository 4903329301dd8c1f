import json
from pathlib import Path
from typing import Any

import pytest

from client.__main__ import main
from tests.client.conftest import FakeGateway, answer_to

ROOT = Path(__file__).parents[2]
PROBLEM = {"type": "urn:x", "title": "There is no such model", "status": 404, "detail": "Try m."}


@pytest.fixture(autouse=True)
def address(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOLABEL_URL", gateway.url)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to a folder with photo-0.jpg to photo-19.jpg."""
    for number in range(20):
        (tmp_path / f"photo-{number}.jpg").write_bytes(b"photo")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("photos")
def test_the_table_shows_photo_label_and_probabilities(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "cats-dogs", "photo-0.jpg", "photo-1.jpg"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "cats-dogs, version 3" in lines[0]
    (row,) = [line for line in lines if "photo-1.jpg" in line]
    assert [word for word in row.split() if word.isascii()] == [
        "photo-1.jpg",
        "cat",
        "75.0%",
        "dog",
        "25.0%",
    ]
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.usefixtures("photos")
def test_only_json_is_written_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "--json", "cats-dogs", "photo-0.jpg"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {
        "model": "cats-dogs",
        "predictions": [
            {
                "image": "photo-0.jpg",
                "version": 3,
                "label": "cat",
                "probability": 0.75,
                "probabilities": [
                    {"label": "cat", "probability": 0.75},
                    {"label": "dog", "probability": 0.25},
                ],
                "recognized": None,
            }
        ],
    }
    assert printed.err == ""


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ([], "/v1/models/m:classify?top=3"),
        (["--json"], "/v1/models/m:classify"),
        (["--json", "--top", "1"], "/v1/models/m:classify?top=1"),
        (["--top", "5", "--version", "2"], "/v1/models/m/versions/2:classify?top=5"),
        (["--label", "canary"], "/v1/models/m/labels/canary:classify?top=3"),
    ],
)
@pytest.mark.usefixtures("photos")
def test_options_reach_the_server(gateway: FakeGateway, options: list[str], path: str) -> None:
    assert main(["classify", *options, "m", "photo-0.jpg"]) == 0
    assert gateway.received[0].path == path


def test_many_photos_are_split_into_requests(
    gateway: FakeGateway, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"photo-{number}.jpg" for number in range(20)]
    assert main(["classify", "--json", "m", *names]) == 0
    assert [len(request.file_names()) for request in gateway.received] == [8, 8, 4]
    answered = json.loads(capsys.readouterr().out)["predictions"]
    assert [prediction["image"] for prediction in answered] == names


def test_large_photos_are_sent_in_smaller_batches(gateway: FakeGateway, photos: Path) -> None:
    for number in range(3):
        (photos / f"photo-{number}.jpg").write_bytes(bytes(6_000_000))
    assert main(["classify", "m", "photo-0.jpg", "photo-1.jpg", "photo-2.jpg"]) == 0
    assert [len(request.file_names()) for request in gateway.received] == [2, 1]


def test_photos_are_named_as_on_the_command_line(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "other").mkdir()
    (photos / "other" / "photo-0.jpg").write_bytes(b"photo")
    assert main(["classify", "--json", "m", "photo-0.jpg", "other/photo-0.jpg"]) == 0
    answered = json.loads(capsys.readouterr().out)["predictions"]
    assert [prediction["image"] for prediction in answered] == ["photo-0.jpg", "other/photo-0.jpg"]


def test_control_characters_and_markup_are_shown_not_obeyed(
    photos: Path,
    gateway: FakeGateway,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    name = "\x1b]0;hacked\x07[red]\u202egpj.jpg"
    (photos / name).write_bytes(b"photo")
    answer = answer_to([name])
    answer["predictions"][0]["label"] = "[bold]\x1b[31mcat\r"
    gateway.reply(200, answer)
    assert main(["classify", "m", name]) == 0
    out = capsys.readouterr().out
    assert not set(out) & {"\x1b", "\x07", "\r", "\u202e"}
    assert "\\x1b]0;hacked\\x07[red]\\u202egpj.jpg" in out
    assert "[bold]\\x1b[31mcat" in out


def test_models_are_listed(gateway: FakeGateway, capsys: pytest.CaptureFixture[str]) -> None:
    shape = {"height": 150, "width": 150, "channels": 3}
    ready = {"state": "ready", "version": 3, "input": shape, "labels": ["cat", "dog"]}
    missing = {"name": "clothing", "state": "unavailable", "detail": "it has no version"}
    gateway.reply(200, {"models": [{"name": "cats-dogs", **ready}, missing]})
    assert main(["models"]) == 0
    out = capsys.readouterr().out
    for word in ("cats-dogs", "ready", "3", "150×150×3", "cat, dog", "it has no version"):
        assert word in out
    assert main(["models", "--json"]) == 0
    listed: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert [model["state"] for model in listed] == ["ready", "unavailable"]
