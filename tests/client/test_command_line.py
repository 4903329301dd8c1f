"""What the commands send and print."""

import csv
import io
import json
from pathlib import Path

import pytest

from client.__main__ import main
from tests.client.conftest import FakeGateway, answer_to

Printed = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def address(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOLABEL_URL", gateway.url)


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to a folder with photo-00.jpg to photo-19.jpg."""
    for number in range(20):
        (tmp_path / f"photo-{number:02}.jpg").write_bytes(b"photo")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def images(printed: str) -> list[str]:
    """Return the first field of each line."""
    return [line.split("\t")[0] for line in printed.splitlines()]


@pytest.mark.usefixtures("photos")
def test_piped_output_is_a_line_of_fields_for_each_photo(capsys: Printed) -> None:
    assert main(["classify", "cats-dogs", "photo-00.jpg", "photo-01.jpg"]) == 0
    printed = capsys.readouterr()
    classes = '{"cat": 0.75, "dog": 0.25}'
    assert printed.out.splitlines() == [
        f"photo-00.jpg\tcat\t0.75\t\t3\t{classes}",
        f"photo-01.jpg\tcat\t0.75\t\t3\t{classes}",
    ]
    assert printed.err == ""


@pytest.mark.usefixtures("photos")
def test_json_is_an_object_a_line(capsys: Printed) -> None:
    assert main(["classify", "--json", "cats-dogs", "photo-00.jpg", "photo-01.jpg"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["image"] for line in printed] == ["photo-00.jpg", "photo-01.jpg"]
    assert json.loads(printed[0]) == {
        "image": "photo-00.jpg",
        "model": "cats-dogs",
        "version": 3,
        "label": "cat",
        "probability": 0.75,
        "probabilities": [
            {"label": "cat", "probability": 0.75},
            {"label": "dog", "probability": 0.25},
        ],
        "recognized": None,
    }


def test_csv_has_a_header_and_a_line_for_any_name(photos: Path, capsys: Printed) -> None:
    (photos / 'a,"b\n.jpg').write_bytes(b"photo")
    assert main(["classify", "--csv", "cats-dogs", "photo-00.jpg", 'a,"b\n.jpg']) == 0
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == 3
    rows = list(csv.DictReader(io.StringIO(printed)))
    assert [row["image"] for row in rows] == ["photo-00.jpg", 'a,"b\\n.jpg']
    assert (rows[0]["label"], float(rows[0]["probability"])) == ("cat", 0.75)
    assert json.loads(rows[0]["probabilities"]) == {"cat": 0.75, "dog": 0.25}


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ([], "/v1/models/m:classify"),
        (["--json", "--top", "1"], "/v1/models/m:classify?top=1"),
        (["--top", "5", "--version", "2"], "/v1/models/m/versions/2:classify?top=5"),
        (["--label", "canary"], "/v1/models/m/labels/canary:classify"),
    ],
)
@pytest.mark.usefixtures("photos")
def test_options_reach_the_server(gateway: FakeGateway, options: list[str], path: str) -> None:
    assert main(["classify", *options, "m", "photo-00.jpg"]) == 0
    assert gateway.received[0].path == path


@pytest.mark.usefixtures("photos")
def test_options_may_stand_between_photos(capsys: Printed) -> None:
    Path("-b.jpg").write_bytes(b"photo")
    assert (
        main(["classify", "m", "photo-00.jpg", "--top", "1", "photo-01.jpg", "--", "-b.jpg"]) == 0
    )
    assert images(capsys.readouterr().out) == ["photo-00.jpg", "photo-01.jpg", "-b.jpg"]


@pytest.mark.usefixtures("photos")
def test_headers_and_the_callers_name_are_sent(gateway: FakeGateway) -> None:
    further = ["--header", "X-Team: shop", "--header", "X-Trace:a: b", "--client-id", "till-7"]
    assert main(["classify", "m", "photo-00.jpg", *further]) == 0
    sent = gateway.received[0].headers
    names = ("X-Team", "X-Trace", "X-Client-ID")
    assert [sent[name] for name in names] == ["shop", "a: b", "till-7"]


def test_retries_can_be_chosen(gateway: FakeGateway) -> None:
    gateway.reply(503, {"title": "Busy"}, Retry_After="0")
    assert main(["models", "--retries", "1"]) == 1
    assert len(gateway.received) == 2
    assert main(["models", "--retries", "0"]) == 1
    assert len(gateway.received) == 3


@pytest.mark.usefixtures("photos")
def test_many_photos_are_sent_in_several_requests(gateway: FakeGateway, capsys: Printed) -> None:
    names = [f"photo-{number:02}.jpg" for number in range(20)]
    assert main(["classify", "m", *names]) == 0
    assert [len(request.file_names()) for request in gateway.received] == [8, 8, 4]
    assert images(capsys.readouterr().out) == names


def test_folders_and_patterns_are_photos(photos: Path, capsys: Printed) -> None:
    inner = photos / "folder" / "inner"
    inner.mkdir(parents=True)
    for name in ("folder/b.jpg", "folder/a.png", "folder/c.HEIC", "folder/notes.txt"):
        (photos / name).write_bytes(b"photo")
    (inner / "c.webp").write_bytes(b"photo")
    (photos / "[1].jpg").write_bytes(b"its name is a pattern")

    def named(*arguments: str) -> list[str]:
        assert main(["classify", "m", *arguments]) == 0
        return images(capsys.readouterr().out)

    assert named("folder") == ["folder/a.png", "folder/b.jpg", "folder/c.HEIC"]
    assert named("folder", "--recursive")[3:] == ["folder/inner/c.webp"]
    assert named("photo-1[89].jpg", "photo-00.jpg") == [
        "photo-18.jpg",
        "photo-19.jpg",
        "photo-00.jpg",
    ]
    assert named("folder/**/*.webp") == ["folder/inner/c.webp"]
    assert named("[1].jpg") == ["[1].jpg"]


def test_photos_are_named_as_on_the_command_line(photos: Path, capsys: Printed) -> None:
    (photos / "other").mkdir()
    (photos / "other" / "photo-00.jpg").write_bytes(b"photo")
    assert main(["classify", "m", "photo-00.jpg", "other/photo-00.jpg"]) == 0
    assert images(capsys.readouterr().out) == ["photo-00.jpg", "other/photo-00.jpg"]


def test_control_characters_are_shown_not_obeyed(
    photos: Path, gateway: FakeGateway, capsys: Printed
) -> None:
    name = "\x1b]0;hacked\x07\t\u202egpj.jpg"
    (photos / name).write_bytes(b"photo")
    answer = answer_to([name])
    answer["predictions"][0]["label"] = "\x1b[31mcat\r\n"
    gateway.reply(200, answer)
    for form in ([], ["--csv"], ["--json"]):
        assert main(["classify", *form, "m", name]) == 0
        out = capsys.readouterr().out
        assert not set(out) & {"\x1b", "\x07", "\r", "\u202e"}
        assert len(out.splitlines()) == (2 if form == ["--csv"] else 1)


def test_models_are_listed(gateway: FakeGateway, capsys: Printed) -> None:
    shape = {"height": 150, "width": 150, "channels": 3}
    ready = {"state": "ready", "version": 3, "input": shape, "labels": ["cat", "dog"]}
    labels = [{"label": "stable", "version": 3, "share": 1.0}]
    missing = {"name": "clothing", "state": "unavailable", "detail": "it has no version"}
    gateway.reply(
        200, {"models": [{"name": "cats-dogs", **ready, "version_labels": labels}, missing]}
    )
    assert main(["models"]) == 0
    assert [line.split("\t") for line in capsys.readouterr().out.splitlines()] == [
        ["cats-dogs", "ready", "3", "150x150x3", '["cat", "dog"]', "", '{"stable": 3}'],
        ["clothing", "unavailable", "", "", "[]", "it has no version", "{}"],
    ]
    assert main(["models", "--json"]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [model["state"] for model in listed] == ["ready", "unavailable"]
    assert [model["version_labels"] for model in listed] == [labels, []]


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_shells_complete_commands_and_options(shell: str, capsys: Printed) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for word in ("photolabel", "classify", "bulk", "--recursive", "--api-key-file"):
        assert word.removeprefix("--") in script
