import json
import os
import subprocess
import sys
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


def error_line(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line of standard error; nothing stands on standard output."""
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1
    return printed.err


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
def test_json_alone_stands_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
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


def test_many_photos_are_shared_out_to_requests(
    gateway: FakeGateway, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"photo-{number}.jpg" for number in range(20)]
    assert main(["classify", "--json", "m", *names]) == 0
    assert [len(request.file_names()) for request in gateway.received] == [8, 8, 4]
    answered = json.loads(capsys.readouterr().out)["predictions"]
    assert [prediction["image"] for prediction in answered] == names


def test_large_photos_go_in_fewer_at_once(gateway: FakeGateway, photos: Path) -> None:
    for number in range(3):
        (photos / f"photo-{number}.jpg").write_bytes(bytes(6_000_000))
    assert main(["classify", "m", "photo-0.jpg", "photo-1.jpg", "photo-2.jpg"]) == 0
    assert [len(request.file_names()) for request in gateway.received] == [2, 1]


def test_photos_are_called_as_on_the_command_line(
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


@pytest.mark.usefixtures("photos")
def test_a_refusal_is_one_line_and_status_1(
    gateway: FakeGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.reply(404, {**PROBLEM, "detail": "Try\n\x1b[31mm."})
    assert main(["classify", "x", "photo-0.jpg"]) == 1
    line = error_line(capsys)
    assert line == "error: 404 There is no such model: Try \\x1b[31mm.\n"


@pytest.mark.usefixtures("photos")
def test_every_bad_photo_is_explained(
    gateway: FakeGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = [{"image": "photo-0.jpg", "detail": "This is a HEIC photo."}]
    gateway.reply(415, {"title": "Not supported", "detail": "1 bad photo.", "errors": errors})
    assert main(["classify", "m", "photo-0.jpg"]) == 1
    assert "photo-0.jpg: This is a HEIC photo." in error_line(capsys)


@pytest.mark.usefixtures("photos")
def test_what_was_answered_before_a_refusal_is_printed(
    gateway: FakeGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.reply(200, answer_to([f"photo-{number}.jpg" for number in range(8)]))
    gateway.reply(404, PROBLEM)
    names = [f"photo-{number}.jpg" for number in range(9)]
    assert main(["classify", "--json", "m", *names]) == 1
    printed = capsys.readouterr()
    assert len(json.loads(printed.out)["predictions"]) == 8
    assert "no such model" in printed.err


def test_no_server_is_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--url", "http://127.0.0.1:1"]) == 1
    assert "127.0.0.1:1" in error_line(capsys)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["missing.jpg"], "missing.jpg: No such file"),
        (["photo-0.jpg", "folder"], "folder is a directory"),
        (["-", "-"], "standard input"),
        (["nul\0.jpg"], "null byte"),
        (["photo-0.jpg", "--url", "127.0.0.1"], "not a URL"),
        (["photo-0.jpg", "--api-key-file", "missing.txt"], "missing.txt: No such file"),
        (["photo-0.jpg", "--timeout", "0"], "timeout"),
    ],
)
def test_usage_errors_are_status_2_and_send_nothing(
    gateway: FakeGateway,
    photos: Path,
    arguments: list[str],
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (photos / "folder").mkdir()
    assert main(["classify", "m", *arguments]) == 2
    assert told in error_line(capsys)
    assert gateway.received == []


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["classify"],
        ["classify", "m"],
        ["classify", "m", "p.jpg", "--top", "0"],
        ["classify", "m", "p.jpg", "--version", "1", "--label", "canary"],
    ],
)
def test_argparse_refuses_the_rest_with_status_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_the_key_comes_from_the_environment_or_a_file(
    gateway: FakeGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.reply(200, {"models": []})
    monkeypatch.setenv("PHOTOLABEL_API_KEY", "from-environment")
    (tmp_path / "key").write_text("from-file\n")
    assert main(["models"]) == 0
    assert main(["models", "--api-key-file", str(tmp_path / "key")]) == 0
    sent = [request.headers["Authorization"] for request in gateway.received]
    assert sent == ["Bearer from-environment", "Bearer from-file"]


def run(
    *arguments: str, stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run the command as its users do."""
    return subprocess.run(
        [sys.executable, "-m", "client", *arguments],
        input=stdin,
        capture_output=True,
        timeout=60,
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
    )


def test_standard_input_as_a_process(gateway: FakeGateway) -> None:
    done = run("classify", "cats-dogs", "-", stdin=b"a photo from a pipe")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"75.0%" in done.stdout
    assert b"a photo from a pipe" in gateway.received[0].body


def test_an_encoding_without_the_letters_is_no_traceback(gateway: FakeGateway) -> None:
    answer = answer_to(["-"])
    answer["predictions"][0]["label"] = "köttur"
    gateway.reply(200, answer)
    done = run("classify", "m", "-", stdin=b"photo", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"k\\xf6ttur" in done.stdout


def test_the_exit_statuses_are_documented() -> None:
    done = run("classify", "--help")
    assert done.returncode == 0
    assert b"exit status:\n  0  done" in done.stdout
