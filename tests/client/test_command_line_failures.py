import json
import os
import subprocess
import sys
from pathlib import Path

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
    """Return the one line of standard error; standard output must be empty."""
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1
    return printed.err


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
def test_a_lone_bad_photo_is_explained_once(
    gateway: FakeGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    detail = "This is a HEIC photo."
    errors = [{"image": "photo-0.jpg", "detail": detail}]
    gateway.reply(415, {"title": "Not supported", "detail": detail, "errors": errors})
    assert main(["classify", "m", "photo-0.jpg"]) == 1
    line = error_line(capsys)
    assert line.count(detail) == 1
    assert f"photo-0.jpg: {detail}" in line


@pytest.mark.usefixtures("photos")
def test_photos_classified_before_an_error_are_printed(
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
    ("arguments", "expected"),
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
    expected: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (photos / "folder").mkdir()
    assert main(["classify", "m", *arguments]) == 2
    assert expected in error_line(capsys)
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
def test_argparse_errors_are_status_2(arguments: list[str]) -> None:
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


def test_an_encoding_without_the_letters_is_not_an_error(gateway: FakeGateway) -> None:
    answer = answer_to(["-"])
    answer["predictions"][0]["label"] = "köttur"
    gateway.reply(200, answer)
    done = run("classify", "m", "-", stdin=b"photo", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"k\\xf6ttur" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_is_one_line_and_status_2(gateway: FakeGateway) -> None:
    gateway.reply(200, {"models": []})
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "client", "models"],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: ")
    assert done.stderr.count(b"\n") == 1


def test_the_exit_statuses_are_documented() -> None:
    done = run("classify", "--help")
    assert done.returncode == 0
    assert b"exit status:\n  0  done" in done.stdout
