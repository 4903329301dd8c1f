"""API keys: random, stored as sums, rotated while the gateway runs."""

import hashlib
from pathlib import Path

import pytest

from serving.__main__ import main
from serving.gateway.api.api_keys import ApiKeys, new_key, read_sums
from serving.http_errors import Unauthorized


def test_new_key_prints_a_key_and_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new-key"]) == 0
    key, line = (row.split()[-1] for row in capsys.readouterr().out.splitlines())
    assert len(key) >= 43, "256 random bits"
    (tmp_path / "keys").write_text(line)
    ApiKeys(tmp_path / "keys").check(f"Bearer {key}")


def test_a_key_never_begins_with_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    made = iter(["-key", "--version", "k-e-y"])
    monkeypatch.setattr("secrets.token_urlsafe", lambda bytes_: next(made))
    assert new_key()[0] == "k-e-y"


def test_keys_are_rotated_while_running(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    (old, old_line), (new, new_line) = new_key(), new_key()
    file.write_text(f"# apps\n{old_line}  # the old one\n")
    keys = ApiKeys(file)
    keys.check(f"bearer {old}")
    file.write_text(f"{old_line}\n{new_line}\n")
    keys.check(f"Bearer {old}")
    keys.check(f"Bearer {new}")
    file.write_text(f"{new_line}\n\n")
    with pytest.raises(Unauthorized):
        keys.check(f"Bearer {old}")
    keys.check(f"Bearer {new}")


def test_a_file_that_breaks_keeps_the_last_keys(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    key, line = new_key()
    file.write_text(line)
    keys = ApiKeys(file)
    file.write_text("no sum at all")
    keys.check(f"Bearer {key}")
    file.unlink()
    keys.check(f"Bearer {key}")


def test_a_file_that_becomes_readable_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "keys"
    (old, old_line), (new, new_line) = new_key(), new_key()
    file.write_text(old_line)
    keys = ApiKeys(file)
    keys.check(f"Bearer {old}")
    file.write_text(new_line)
    with monkeypatch.context() as forbidden:
        forbidden.setattr(Path, "read_text", _forbidden)
        keys.check(f"Bearer {old}")
    keys.check(f"Bearer {new}")


def _forbidden(*_: object) -> str:
    raise PermissionError(13, "Permission denied")


def test_a_missing_file_is_logged_now_and_then(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, now = tmp_path / "keys", [0.0]
    key, line = new_key()
    file.write_text(line)
    keys = ApiKeys(file, lambda: now[0])
    file.unlink()
    for _ in range(20):
        keys.check(f"Bearer {key}")
        now[0] += 1
    assert len(caplog.records) == 2


def test_a_missing_file_prevents_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PHOTOLABEL_API_KEYS_FILE", str(tmp_path / "keys"))
    assert main([]) == 2
    assert "PHOTOLABEL_API_KEYS_FILE: " in capsys.readouterr().err


def test_an_empty_file_accepts_no_key(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("# none yet\n")
    for sent in (None, "", "Bearer", "Bearer ", "Bearer x", "Bearer " + "0" * 64):
        with pytest.raises(Unauthorized):
            ApiKeys(file).check(sent)


@pytest.mark.parametrize("line", ["abc", "g" * 64, "0" * 63])
def test_a_line_that_is_not_a_sum_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "keys"
    file.write_text(f"# comment\n{line}\n")
    with pytest.raises(ValueError, match="line 2"):
        read_sums(file)


def test_the_key_itself_is_not_in_the_file(tmp_path: Path) -> None:
    key, line = new_key()
    assert key not in line
    assert line == hashlib.sha256(key.encode()).hexdigest()
