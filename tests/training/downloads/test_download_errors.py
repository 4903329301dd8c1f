"""What is reported while a download waits or fails."""

import socket
from pathlib import Path
from threading import Thread

import pytest
from filelock import FileLock

from tests.training.downloads.conftest import CONTENT, NAME, download, failure, fetched
from tests.training.file_server import Publisher
from training.downloads import Download, fault_of, fetch, fetch_with_bar, keras_folder
from training.errors import TrainingError


def test_a_circle_of_redirections_is_followed_only_once(
    publisher: Publisher, tmp_path: Path
) -> None:
    publisher.statuses = [302] * 100
    publisher.headers = {"Location": f"/{NAME}"}

    assert "the server redirects in a circle" in failure(download(publisher), tmp_path)
    assert len(publisher.requests) == 31


def test_absurd_numbers_in_headers_are_ignored(publisher: Publisher, tmp_path: Path) -> None:
    publisher.statuses = [429]
    publisher.headers = {"Retry-After": "9" * 5000, "Content-Length": "9" * 5000}

    assert fetched(download(publisher), tmp_path).read_bytes() == CONTENT


def test_a_web_page_is_recognized_in_any_spelling(publisher: Publisher, tmp_path: Path) -> None:
    publisher.headers = {"Content-Type": "Text/HTML"}

    assert "a web page" in failure(Download(NAME, f"{publisher.url}/{NAME}"), tmp_path)


def test_missing_certificates_are_not_taken_for_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PHOTOLABEL_MIRROR")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")

    message = failure(Download(NAME, f"https://127.0.0.1:9/{NAME}"), tmp_path)
    assert message.startswith(f"cannot download https://127.0.0.1:9/{NAME} (Could not find")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "(Remote end closed connection without response)"),
        (b"\x1b[31m\xff" * 1000, "[31m"),
        (b"HTTP/1.1 404 \x1b[31mnone\r\n\r\n", "(the server answers 404  [31mnone)"),
    ],
)
def test_a_reason_is_one_short_line_without_control_characters(
    answer: bytes, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PHOTOLABEL_MIRROR")
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def respond() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(10_000)
                    connection.sendall(answer)

        Thread(target=respond, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/{NAME}"
        message = failure(Download(NAME, url), tmp_path)
        listener.shutdown(socket.SHUT_RDWR)

    assert reason in message
    assert message.isprintable()
    assert len(message) < 600


def test_a_proxy_that_does_not_answer_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PHOTOLABEL_MIRROR")
    monkeypatch.setenv("https_proxy", "http://user:secret@127.0.0.1:9")

    message = failure(Download(NAME, f"https://photos.invalid/{NAME}"), tmp_path)
    assert "(the proxy: Failed to establish a new connection: [Errno 111]" in message
    assert "refused):" in message
    assert "secret" not in message


@pytest.mark.parametrize(
    "mirror", ["mirror", "/srv/mirror", "file:///srv/mirror", "http://", "http://host/?a=b"]
)
def test_a_mirror_that_is_no_folder_on_a_server_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirror: str
) -> None:
    monkeypatch.setenv("PHOTOLABEL_MIRROR", mirror)

    message = failure(Download(NAME, "http://127.0.0.1:9/x"), tmp_path)
    assert message.startswith(f"PHOTOLABEL_MIRROR={mirror} is not the URL of a folder")


def test_the_password_of_a_mirror_is_neither_shown_nor_written(
    publisher: Publisher,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    host = publisher.url.removeprefix("http://")
    monkeypatch.setenv("PHOTOLABEL_MIRROR", f" http://user:secret@{host} ")
    publisher.tears = [300_000, *[0] * 5]
    with pytest.raises(TrainingError) as raised:
        fetch_with_bar(download(publisher), tmp_path)

    assert f"downloading http://{host}/{NAME}" in capsys.readouterr().out
    assert "secret" not in str(raised.value)
    assert "secret" not in (tmp_path / f"{NAME}.part.json").read_text("utf-8")
    assert fetched(download(publisher), tmp_path).read_bytes() == CONTENT
    assert publisher.requests[-1][1] == "bytes=300000-"


def test_the_download_is_announced_before_the_server_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(TrainingError):
        fetch_with_bar(Download(NAME, f"https://photos.invalid/{NAME}", 4_000_000), tmp_path)

    out = capsys.readouterr().out
    assert out == f"downloading http://127.0.0.1:9/{NAME} (4 MB) into {tmp_path}\n"


def test_waiting_for_another_process_is_said(publisher: Publisher, tmp_path: Path) -> None:
    other = FileLock(tmp_path / f".lock-{NAME}", thread_local=False)
    other.acquire()

    path = fetch(download(publisher), tmp_path, lambda done, total: None, other.release)
    assert path.read_bytes() == CONTENT


def test_a_file_that_cannot_be_read_is_faulty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refuse)
    fault = fault_of(tmp_path / NAME, Download(NAME, ""))
    assert fault == "it can't be read (Permission denied)"


def test_only_a_full_disk_needs_room(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    message = failure(download(publisher), tmp_path / "new")
    assert "(Permission denied): make it writable, or name another folder" in message


def test_a_user_without_a_home_has_a_folder_of_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # As it does for such users.

    assert keras_folder("models") == Path("~", ".keras", "models")
