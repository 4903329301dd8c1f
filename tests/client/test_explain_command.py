"""The command `explain`: heat maps in all forms of output, and as a picture."""

import csv
import io
import json
import resource
from pathlib import Path
from typing import Any

import pytest

from client.__main__ import main
from tests.client.conftest import FakeGateway, answer_to

HEAT = [[0.0, 0.25], [1.0, 0.5]]
PNG = b"\x89PNG\r\n\x1a\nthe rest"
PROBLEM = {"type": "urn:x", "title": "No reasons", "status": 404, "detail": "Ask another."}
BAD = {"title": "Bad", "status": 415, "errors": [{"image": "0", "detail": "It is a text."}]}

Printed = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def photo(gateway: FakeGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOLABEL_URL", gateway.url)
    monkeypatch.chdir(tmp_path)
    Path("cat.jpg").write_bytes(b"photo")


def explained() -> dict[str, Any]:
    answer = answer_to(["0"])
    answer["predictions"][0]["heat"] = HEAT
    return answer


def test_the_heat_map_is_a_field(gateway: FakeGateway, capsys: Printed) -> None:
    gateway.reply(200, explained())
    assert main(["explain", "cats-dogs", "cat.jpg", "--label", "stable"]) == 0
    assert gateway.received[0].path == "/v1/models/cats-dogs/labels/stable:explain?format=json"
    (line,) = capsys.readouterr().out.splitlines()
    fields = line.split("\t")
    assert fields[:3] == ["cat.jpg", "cat", "0.75"]
    assert json.loads(fields[-1]) == HEAT
    assert main(["explain", "cats-dogs", "cat.jpg", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["heat"] == HEAT
    assert main(["explain", "cats-dogs", "cat.jpg", "--csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert json.loads(row["heat"]) == HEAT


def test_a_terminal_shows_the_grid_in_percent(
    gateway: FakeGateway, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.reply(200, explained())
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout.isatty", lambda: True)
        patch.setenv("TERM", "dumb")
        patch.setenv("NO_COLOR", "1")
        assert main(["explain", "cats-dogs", "cat.jpg"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[2:] == [["cat.jpg", "cat", "75.0%", "0", "25"], ["100", "50"]]


def test_a_bad_photo_is_not_the_end_of_the_others(gateway: FakeGateway, capsys: Printed) -> None:
    Path("text.jpg").write_bytes(b"text")
    gateway.reply(415, BAD)
    gateway.reply(200, explained())
    assert main(["explain", "cats-dogs", "text.jpg", "missing.jpg", "cat.jpg"]) == 3
    printed = capsys.readouterr()
    assert printed.out.startswith("cat.jpg\tcat\t")
    assert printed.err.splitlines() == [
        "error: text.jpg: It is a text.",
        "error: missing.jpg: No such file or directory",
    ]


def test_one_photo_is_drawn_into_a_file(gateway: FakeGateway) -> None:
    gateway.reply(200, PNG)
    assert main(["explain", "cats-dogs", "cat.jpg", "--png", "why.png"]) == 0
    assert Path("why.png").read_bytes() == PNG


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["cat.jpg", "cat.jpg", "--png", "why.png"], 2, "one photo, not 2"),
        (["cat.jpg", "--png", "no/folder/why.png"], 2, "no/folder/why.png: No such file"),
        (["cat.jpg", "--png", "why.png", "--json"], 2, "leave out --json"),
        (["missing.jpg", "--png", "why.png"], 3, "missing.jpg: No such file"),
    ],
)
def test_a_picture_that_cannot_be_drawn_is_one_line(
    gateway: FakeGateway, arguments: list[str], status: int, message: str, capsys: Printed
) -> None:
    gateway.reply(200, PNG)
    assert main(["explain", "cats-dogs", *arguments]) == status
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1
    assert not Path("why.png").exists()


def test_a_full_disk_leaves_no_part_of_a_picture(gateway: FakeGateway, capsys: Printed) -> None:
    gateway.reply(200, PNG)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(PNG) - 1, before[1]))
    try:
        assert main(["explain", "cats-dogs", "cat.jpg", "--png", "why.png"]) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert capsys.readouterr().err == "error: why.png: File too large\n"
    assert not Path("why.png").exists()


def test_a_picture_of_a_bad_photo_or_without_reasons(gateway: FakeGateway, capsys: Printed) -> None:
    gateway.reply(415, BAD)
    gateway.reply(404, PROBLEM)
    assert main(["explain", "cats-dogs", "cat.jpg", "--png", "why.png"]) == 3
    assert capsys.readouterr().err == "error: cat.jpg: It is a text.\n"
    assert main(["explain", "cats-dogs", "cat.jpg", "--png", "why.png"]) == 1
