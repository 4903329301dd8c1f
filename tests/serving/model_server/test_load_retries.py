"""When a version that could not be loaded is tried again."""

from pathlib import Path

from serving.model_server.load_retries import LoadRetries, fingerprint


def test_a_version_that_has_not_failed_may_load(tmp_path: Path) -> None:
    assert LoadRetries().may_load(1, tmp_path, now=0)


def test_waits_a_minute_and_then_longer_and_longer(tmp_path: Path) -> None:
    failures = LoadRetries()
    now = 0.0
    for wait in (60, 120, 240, 480, 960, 1920, 3600, 3600):
        failures.record_failure(1, fingerprint(tmp_path), now)
        assert not failures.may_load(1, tmp_path, now + wait - 1)
        now += wait
        assert failures.may_load(1, tmp_path, now)


def test_changed_files_count_when_they_have_come_to_rest(tmp_path: Path) -> None:
    failures = LoadRetries()
    failures.record_failure(1, fingerprint(tmp_path), now=0)
    assert not failures.may_load(1, tmp_path, now=1)
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables" / "part").write_bytes(b"a")
    assert not failures.may_load(1, tmp_path, now=2)
    (tmp_path / "variables" / "part").write_bytes(b"ab")
    assert not failures.may_load(1, tmp_path, now=3)
    assert failures.may_load(1, tmp_path, now=4)


def test_a_change_during_the_failed_load_counts(tmp_path: Path) -> None:
    failures = LoadRetries()
    before = fingerprint(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"late")
    failures.record_failure(1, before, now=0)
    assert not failures.may_load(1, tmp_path, now=1)
    assert failures.may_load(1, tmp_path, now=2)


def test_a_version_that_goes_and_comes_back_starts_anew(tmp_path: Path) -> None:
    failures = LoadRetries()
    for version in (1, 2):
        failures.record_failure(version, fingerprint(tmp_path), now=0)
    failures.keep_only({2, 3})
    assert [failures.may_load(version, tmp_path, now=1) for version in (1, 2)] == [True, False]
