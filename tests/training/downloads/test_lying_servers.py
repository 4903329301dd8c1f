import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.training.downloads.conftest import (
    CONTENT,
    NAME,
    OTHER,
    download,
    failure,
    fetched,
    whole_or_nothing,
)
from tests.training.file_server import Publisher
from training.downloads import Download
from training.errors import TrainingError


@pytest.mark.parametrize("ranges", [False, True])
@pytest.mark.parametrize("size", [None, len(CONTENT)])
def test_a_server_that_sends_the_whole_file_again_is_understood(
    publisher: Publisher, tmp_path: Path, ranges: bool, size: int | None
) -> None:
    publisher.tears = [300_000, 400_000]
    publisher.ranges = ranges
    publisher.etag = None if ranges else '"1"'  # Without it nothing can be resumed.
    known = {"size": size, "md5": hashlib.md5(CONTENT).hexdigest()}

    assert fetched(download(publisher, **known), tmp_path).read_bytes() == CONTENT


def test_a_file_that_is_replaced_meanwhile_is_downloaded_anew(
    publisher: Publisher, tmp_path: Path
) -> None:
    publisher.files[NAME] = OTHER
    publisher.tears = [300_000, *[0] * 5]
    with pytest.raises(TrainingError):
        fetched(download(publisher), tmp_path)
    publisher.files[NAME], publisher.etag = CONTENT, '"2"'

    assert fetched(download(publisher), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("etag", ['"1"', None], ids=["same-etag", "no-etag"])
def test_pieces_of_two_versions_are_never_put_together(
    publisher: Publisher, tmp_path: Path, etag: str | None
) -> None:
    publisher.files[NAME], publisher.etag = OTHER, etag
    publisher.tears = [300_000, *[0] * 5]
    with pytest.raises(TrainingError):
        fetched(download(publisher), tmp_path)
    publisher.files[NAME] = CONTENT

    assert fetched(download(publisher), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("ranges", [True, False])
def test_a_server_without_if_range_cannot_mix_two_versions(
    publisher: Publisher, tmp_path: Path, ranges: bool
) -> None:
    publisher.headers = {"ETag": '"1"'}
    publisher.tears = [300_000, *[0] * 5]
    publisher.files[NAME] = OTHER
    plain = Download(NAME, f"{publisher.url}/{NAME}")
    with pytest.raises(TrainingError):
        fetched(plain, tmp_path)
    publisher.files[NAME] = CONTENT
    publisher.headers = {"ETag": '"2"'}  # But it continues what has '"1"'.
    publisher.ranges = ranges

    assert fetched(plain, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Length": "3999999"},
        {"Content-Length": "4000001"},
        {"Content-Length": "5"},
        {"Content-Length": "0"},
        {"Content-Length": "-1"},
        {"Content-Length": "much"},
        {"Content-Length": None},
    ],
    ids=lambda headers: str(headers["Content-Length"]),
)
@pytest.mark.parametrize(
    "known",
    [{}, {"md5": hashlib.md5(CONTENT).hexdigest()}, {"size": len(CONTENT)}],
    ids=["all", "md5", "size"],
)
def test_a_server_that_lies_about_sizes_never_yields_half_a_file(
    publisher: Publisher, tmp_path: Path, headers: dict[str, str | None], known: dict[str, Any]
) -> None:
    publisher.headers = headers
    whole_or_nothing(download(publisher, **known), tmp_path)


@pytest.mark.parametrize(
    "content_range",
    [
        "bytes 0-3999999/4000000",
        "bytes 300001-3999999/4000000",
        "bytes 300000-3999999/9",
        "x",
        None,
    ],
)
def test_a_wrong_range_is_not_appended(
    publisher: Publisher, tmp_path: Path, content_range: str | None
) -> None:
    publisher.tears = [300_000]
    publisher.headers = {"Content-Range": content_range}

    nothing_known = Download(NAME, f"{publisher.url}/{NAME}")
    assert fetched(nothing_known, tmp_path).read_bytes() == CONTENT
    assert [wanted for _, wanted in publisher.requests] == [None, "bytes=300000-", None]


def test_a_torn_response_of_unknown_length_is_continued(
    publisher: Publisher, tmp_path: Path
) -> None:
    publisher.tears = [300_000]
    publisher.headers = {"Content-Length": None}

    assert fetched(download(publisher, size=len(CONTENT)), tmp_path).read_bytes() == CONTENT


def test_a_range_that_the_server_does_not_have_starts_over(
    publisher: Publisher, tmp_path: Path
) -> None:
    publisher.tears = [300_000]
    publisher.statuses = [200, 416]

    assert fetched(download(publisher), tmp_path).read_bytes() == CONTENT
    assert [wanted for _, wanted in publisher.requests] == [None, "bytes=300000-", None]


def test_a_login_page_is_not_taken_for_the_file(publisher: Publisher, tmp_path: Path) -> None:
    publisher.files[NAME] = b"<html>Sign in"
    publisher.headers = {"Content-Type": "text/html; charset=utf-8"}

    message = failure(Download(NAME, f"{publisher.url}/{NAME}"), tmp_path)
    assert "the server sends a web page instead of the file" in message


def test_another_file_is_refused_and_not_kept(publisher: Publisher, tmp_path: Path) -> None:
    publisher.files[NAME] = OTHER

    message = failure(download(publisher), tmp_path)
    assert f"its sha256 is {hashlib.sha256(OTHER).hexdigest()}, not" in message
    assert len(publisher.requests) == 1
    assert not list(tmp_path.glob("*.part*"))

    publisher.files[NAME] = OTHER[:3000]
    assert "the server's file has 3,000 bytes, not 4,000,000" in failure(
        download(publisher), tmp_path
    )
