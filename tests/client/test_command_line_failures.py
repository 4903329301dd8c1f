"""Exit statuses and messages of the commands."""

import json
from pathlib import Path
from typing import Any

import pytest

from client.__main__ import main
from tests.client.conftest import FakeGateway, Received, answer_to

ROOT = Path(__file__).parents[2]
PROBLEM = {"type": "urn:x", "title": "There is no such model", "status": 404, "detail": "Try m."}

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


def error_line(capsys: Printed) -> str:
    """Return the one line of standard error; standard output must be empty."""
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1
    return printed.err


def refuse_damaged_photos(gateway: FakeGateway) -> None:
    """Let the gateway refuse photos that hold the word `damaged`, as the real one does."""

    def take(request: Received) -> tuple[int, dict[str, str], bytes]:
        gateway.received.append(request)
        contents = request.body.split(b'filename="')[1:]
        bad = [
            {"image": str(position), "status": 415, "detail": "This is\nno \x1b[31mphoto."}
            for position, content in enumerate(contents)
            if b"damaged" in content
        ]
        problem: dict[str, Any] = {"title": "Not an image", "status": 415, "errors": bad}
        answer = problem if bad else answer_to(request.file_names())
        return 415 if bad else 200, {}, json.dumps(answer).encode()

    gateway.take = take  # type: ignore[method-assign]


def test_one_damaged_photo_of_twenty_is_a_line_and_status_3(
    gateway: FakeGateway, photos: Path, capsys: Printed
) -> None:
    refuse_damaged_photos(gateway)
    (photos / "photo-07.jpg").write_bytes(b"damaged")
    assert main(["classify", "m", "."]) == 3
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 19
    assert printed.err == "error: photo-07.jpg: This is no \\x1b[31mphoto.\n"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.jpg", "No such file"),
        ("*.png", "no file matches"),
        ("folder", "no photo is in this folder; --recursive"),
        ("/dev/zero", "a device"),
        ("https://shop.example/a.jpg?b=[1]", "addresses are not fetched"),
    ],
)
def test_a_name_without_a_photo_is_not_the_end_of_the_others(
    photos: Path, name: str, reason: str, capsys: Printed
) -> None:
    (photos / "folder").mkdir()
    assert main(["classify", "m", "photo-00.jpg", name, "photo-01.jpg"]) == 3
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 2
    assert printed.err.startswith(f"error: {name}: ")
    assert reason in printed.err


@pytest.mark.usefixtures("photos")
def test_a_refusal_is_one_line_and_status_1(gateway: FakeGateway, capsys: Printed) -> None:
    gateway.reply(404, {**PROBLEM, "detail": "Try\n\x1b[31mm."})
    assert main(["classify", "x", "photo-00.jpg"]) == 1
    assert error_line(capsys) == "error: 404 There is no such model: Try \\x1b[31mm.\n"


@pytest.mark.usefixtures("photos")
def test_photos_classified_before_an_error_are_printed(
    gateway: FakeGateway, capsys: Printed
) -> None:
    gateway.reply(200, answer_to([f"photo-{number:02}.jpg" for number in range(8)]))
    gateway.reply(404, PROBLEM)
    assert main(["classify", "m", "."]) == 1
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 8
    assert "no such model" in printed.err


def test_no_server_is_status_1(capsys: Printed) -> None:
    assert main(["models", "--url", "http://127.0.0.1:1", "--retries", "0"]) == 1
    assert "127.0.0.1:1" in error_line(capsys)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-", "-"], "standard input"),
        (["photo-00.jpg", "--url", "127.0.0.1"], "not a URL"),
        (["photo-00.jpg", "--api-key-file", "missing.txt"], "missing.txt: No such file"),
        (["photo-00.jpg", "--timeout", "0"], "timeout"),
        (["photo-00.jpg", "--label", "\udcff"], "not UTF-8"),
        (["photo-00.jpg", "--header", "a b: c"], "not a header"),
    ],
)
@pytest.mark.usefixtures("photos")
def test_usage_errors_are_status_2_and_send_nothing(
    gateway: FakeGateway, arguments: list[str], expected: str, capsys: Printed
) -> None:
    assert main(["classify", "m", *arguments]) == 2
    assert expected in error_line(capsys)
    assert gateway.received == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], "COMMAND"),
        (["classify"], "model"),
        (["classify", "m"], "photo"),
        (["classify", "m", "p.jpg", "--top", "0"], "below 1"),
        (["classify", "m", "p.jpg", "--version", "1", "--label", "canary"], "not allowed with"),
        (["classify", "m", "p.jpg", "--csv", "--json"], "not allowed with"),
        (["classify", "m", "p.jpg", "--js"], "--js"),
        (["models", "--header", "name"], "'Name: value'"),
        (["models", "--retries", "-1"], "below 0"),
    ],
)
def test_arguments_that_are_not_understood_are_status_2(
    arguments: list[str], expected: str, capsys: Printed
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert expected in error_line(capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        ["models", "--api-key", "secret"],
        ["--api-key=secret", "models"],
        ["classify", "m", "p.jpg", "--api-key=secret"],
        ["bulk", "m", "folder", "--out", "out.csv", "--api-key", "secret"],
    ],
)
def test_a_key_on_the_command_line_is_refused(arguments: list[str], capsys: Printed) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    line = error_line(capsys)
    assert "list of processes: use --api-key-file FILE or" in line
    assert "secret" not in line


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
