import hashlib
import json
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.training.downloads.conftest import CONTENT, NAME, download, failure, fetched
from tests.training.file_server import Publisher
from tests.waiting import wait_until
from training.downloads import Download, downloads_folder, fetch
from training.errors import TrainingError


def test_a_file_is_downloaded_once(publisher: Publisher, tmp_path: Path) -> None:
    counts: list[tuple[int, int]] = []
    path = fetch(download(publisher), tmp_path / "new", lambda *count: counts.append(count))

    assert path == tmp_path / "new" / NAME
    assert path.read_bytes() == CONTENT
    assert counts[-1] == (len(CONTENT), len(CONTENT))
    assert fetched(download(publisher), tmp_path / "new") == path
    assert len(publisher.requests) == 1
    assert not list(path.parent.glob("*.part*"))


@pytest.mark.parametrize("reset", [False, True])
def test_a_download_survives_20_random_tears(
    publisher: Publisher, tmp_path: Path, reset: bool
) -> None:
    chance = random.Random(3)
    publisher.tears = [chance.randrange(190_000) for _ in range(20)]
    publisher.reset = reset

    assert fetched(download(publisher), tmp_path).read_bytes() == CONTENT
    assert len(publisher.requests) == 21


def test_without_size_and_digest_a_torn_file_is_not_taken_for_a_whole_one(
    publisher: Publisher, tmp_path: Path
) -> None:
    publisher.tears = [1000] * 4
    assert fetched(Download(NAME, f"{publisher.url}/{NAME}"), tmp_path).read_bytes() == CONTENT

    publisher.headers = {"Content-Length": None}
    publisher.tears = [1000]
    nameless = Download(NAME, f"{publisher.url}/{NAME}")
    assert "does not say how large the file is" in failure(nameless, tmp_path / "b")


def test_an_interrupted_download_is_resumed_by_the_next_one(
    publisher: Publisher, tmp_path: Path
) -> None:
    publisher.tears = [300_000, *[0] * 5]
    assert "the connection broke off after 300,000 bytes" in failure(download(publisher), tmp_path)
    publisher.requests.clear()

    assert fetched(download(publisher), tmp_path).read_bytes() == CONTENT
    assert publisher.requests == [(f"/{NAME}", "bytes=300000-")]


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_busy_server_is_asked_again(publisher: Publisher, tmp_path: Path, status: int) -> None:
    publisher.statuses = [status, status]

    assert fetched(download(publisher), tmp_path).read_bytes() == CONTENT


def test_the_server_says_when_to_ask_again(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    publisher.statuses = [503]
    publisher.headers = {"Retry-After": "7"}

    fetched(download(publisher), tmp_path)
    assert waits == [7]


def test_the_error_names_url_reason_and_where_to_put_the_file(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.files.clear()
    message = failure(download(publisher), tmp_path)
    for part in (f"{publisher.url}/{NAME} ", "the server answers 404 Not Found", "put it at"):
        assert part in message
    assert message.endswith(str(tmp_path / NAME))

    monkeypatch.setenv("PHOTOLABEL_MIRROR", "http://127.0.0.1:9/mirror/")
    message = failure(download(publisher), tmp_path)
    for part in ("http://127.0.0.1:9/mirror/photos.zip", "refused", f"{publisher.url}/{NAME},"):
        assert part in message
    monkeypatch.setenv("PHOTOLABEL_MIRROR", "mirror")
    assert "PHOTOLABEL_MIRROR=mirror is not the URL of a folder" in failure(
        download(publisher), tmp_path
    )


def test_a_proxy_that_is_not_there_is_named(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("PHOTOLABEL_MIRROR", raising=False)
    elsewhere = Download(NAME, "https://photos.invalid/photos.zip")

    message = failure(elsewhere, tmp_path)

    reason = "the proxy: Failed to establish a new connection: [Errno 111] Connection"
    assert f"photos.zip ({reason} refused): download it" in message


def test_a_file_put_there_by_hand_is_used_if_it_is_whole(
    publisher: Publisher, tmp_path: Path
) -> None:
    (tmp_path / NAME).write_bytes(CONTENT)
    fetched(download(publisher), tmp_path)
    assert publisher.requests == []

    (tmp_path / NAME).write_bytes(CONTENT[:-1])
    assert fetched(download(publisher), tmp_path).read_bytes() == CONTENT


def test_a_mirror_is_asked_instead(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PHOTOLABEL_MIRROR", f"{publisher.url}/public/")
    publisher.files = {f"public/{NAME}": CONTENT}
    monkeypatch.setenv("PHOTOLABEL_CACHE", str(tmp_path / "cache"))
    elsewhere = Download(NAME, "https://photos.invalid/photos.zip")

    path = fetched(elsewhere, downloads_folder("photos"))
    assert path == tmp_path / "cache" / "downloads" / "photos" / NAME
    assert path.read_bytes() == CONTENT


def test_a_proxy_is_used(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("http_proxy", publisher.url)
    publisher.files = {"http://photos.invalid/photos.zip": CONTENT}

    path = fetched(Download(NAME, "http://photos.invalid/photos.zip"), tmp_path)
    assert path.read_bytes() == CONTENT


def test_several_downloads_at_once_ask_only_once(publisher: Publisher, tmp_path: Path) -> None:
    threads = [threading.Thread(target=fetched, args=(download(publisher), tmp_path)) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(publisher.requests) == 1
    assert (tmp_path / NAME).read_bytes() == CONTENT


def test_a_disk_without_room_is_noticed_before(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage)
    message = failure(download(publisher), tmp_path)
    assert "4,000,000 bytes are needed, and 1,000 are free" in message
    assert "PHOTOLABEL_CACHE" in message


def test_a_folder_that_cannot_be_made_is_named(publisher: Publisher, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(TrainingError, match=r"cannot write .*photos\.zip \(Not a directory\)"):
        fetched(download(publisher), tmp_path / "file" / "folder")


FETCH = """
import hashlib, json, resource, sys
from pathlib import Path
from training.downloads import Download, fetch
folder, limit, known = Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
print("begins", flush=True)
path = fetch(Download(**known), folder, lambda done, total: None)
print(hashlib.sha256(path.read_bytes()).hexdigest())
"""


def started(publisher: Publisher, folder: Path, limit: int = 0) -> subprocess.Popen[str]:
    """Start a process that downloads the file and prints its digest."""
    known = json.dumps(vars(download(publisher)))
    command = [sys.executable, "-c", FETCH, str(folder), str(limit), known]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )


def test_two_processes_at_once_download_it_once(publisher: Publisher, tmp_path: Path) -> None:
    publisher.release.clear()
    both = [started(publisher, tmp_path) for _ in range(2)]
    assert [process.stdout.readline() for process in both if process.stdout] == ["begins\n"] * 2
    publisher.release.set()

    digest = hashlib.sha256(CONTENT).hexdigest()
    assert [process.communicate()[0].strip() for process in both] == [digest] * 2
    assert len(publisher.requests) == 1


def test_a_full_disk_is_a_clear_error_and_the_download_is_resumed(
    publisher: Publisher, tmp_path: Path
) -> None:
    _, error = started(publisher, tmp_path, limit=1_000_000).communicate()
    assert f"TrainingError: cannot write {tmp_path / NAME} (File too large)" in error
    assert not (tmp_path / NAME).exists()
    publisher.requests.clear()

    assert fetched(download(publisher), tmp_path).read_bytes() == CONTENT
    assert publisher.requests == [(f"/{NAME}", "bytes=1000000-")]


def test_a_killed_download_is_resumed(publisher: Publisher, tmp_path: Path) -> None:
    publisher.release.clear()
    process = started(publisher, tmp_path)
    part = tmp_path / f"{NAME}.part"
    wait_until(lambda: part.exists() and part.stat().st_size > 1_000_000)
    process.kill()
    process.communicate()
    publisher.release.set()

    assert fetched(download(publisher), tmp_path).read_bytes() == CONTENT
    assert publisher.requests[-1][1]
