"""Settings from the environment: validated, unknown ones refused, all of them in --help."""

from dataclasses import fields

import pytest

from serving.__main__ import main
from serving.gateway.settings import Settings, SettingsError, read_settings
from serving.photos.formats_and_limits import PhotoLimits


def test_defaults() -> None:
    assert read_settings().models == ("clothing", "cats-dogs")


def test_every_limit_of_a_photo_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().photo_limits() == PhotoLimits()
    values = {limit.name: "7" for limit in fields(PhotoLimits)} | {"formats": "PNG"}
    for name, value in values.items():
        monkeypatch.setenv(f"PHOTOLABEL_{name.upper()}", value)
    assert read_settings().photo_limits() == PhotoLimits(("PNG",), *[7] * (len(values) - 1))


def test_values_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOLABEL_MODELS", "digits, flowers")
    monkeypatch.setenv("PHOTOLABEL_FORMATS", "jpeg,gif")
    monkeypatch.setenv("PHOTOLABEL_TIME_BUDGET", "2.5")
    settings = read_settings()
    assert settings.models == ("digits", "flowers")
    assert settings.photo_limits().formats == ("JPEG", "GIF")
    assert settings.time_budget == 2.5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKERS", "0"),
        ("WORKERS", "many"),
        ("MODELS", ""),
        ("MODELS", "a/b"),
        ("FORMATS", "JXL"),
        ("TIME_BUDGET", "-1"),
        ("LOG_LEVEL", "LOUD"),
        ("BIND", "127.0.0.1:99999"),
        ("BIND", "8080"),
        ("BIND", ""),
        ("MODEL_SERVER", "http://127.0.0.1:8500"),
        ("MODEL_SERVER", "127.0.0.1"),
        ("LOG_FORMAT", "xml"),
        ("METRICS_BIND", "9090"),
        ("METRICS_BIND", "http://0.0.0.0:9090"),
        ("MAX_PIXELS", "100000000"),
        ("MAX_SIDE", "0"),
        ("MAX_HELPER_SECONDS", "0"),
    ],
)
def test_an_invalid_value_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"PHOTOLABEL_{name}", value)
    with pytest.raises(SettingsError, match=f"PHOTOLABEL_{name}='{value}'"):
        read_settings()


def test_an_unknown_name_is_refused_and_all_problems_are_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PHOTOLABEL_WORKER", "3")
    monkeypatch.setenv("PHOTOLABEL_WORKERS", "-1")
    monkeypatch.setenv("PHOTOLABEL_URL", "http://of-the-client")
    assert main([]) == 2
    message = capsys.readouterr().err
    assert "PHOTOLABEL_WORKER: unknown setting" in message
    assert "PHOTOLABEL_WORKERS" in message
    assert "PHOTOLABEL_URL" not in message
    assert message.count("\n") == 1


def test_a_missing_keys_file_prevents_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PHOTOLABEL_API_KEYS_FILE", "/nowhere/keys")
    assert main([]) == 2
    assert "/nowhere/keys" in capsys.readouterr().err


def test_help_shows_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(f"PHOTOLABEL_{name.upper()} " in shown for name in Settings.model_fields)
