"""The names in a model config file are served, and followed while the gateway runs."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from serving.__main__ import main
from serving.gateway import model_names
from serving.gateway.app import create_app
from serving.gateway.model_names import ModelNames
from serving.gateway.settings import Settings, SettingsError, read_settings
from serving.repository.model_config import ModelSettings, write_config
from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer, check_problem
from tests.serving.numbers import read_numbers, values_of
from tests.waiting import wait_until


def write(file: Path, *names: str) -> None:
    write_config(file, [ModelSettings(name, Path("/models") / name) for name in names])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write(tmp_path / "models.config", "clothing", "cats-dogs")
    return tmp_path / "models.config"


@pytest.fixture
def client(
    file: Path, source: FakeModelServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FlaskClient]:
    monkeypatch.setattr(model_names, "POLL_SECONDS", 0.02)
    with ExitStack() as closing:
        yield create_app(Settings(model_config_file=file), source, closing=closing).test_client()


def test_what_a_file_says_is_read_again_when_it_changes(file: Path) -> None:
    names = ModelNames(file=file)
    assert names.current() == ("clothing", "cats-dogs")
    write(file, "clothing", "flowers")
    assert names.current() == ("clothing", "cats-dogs")
    assert names.read() == names.current() == ("clothing", "flowers")


def test_a_mounted_config_map_is_followed(tmp_path: Path) -> None:
    """Kubelet replaces the link `..data`; the files beside it link into it."""
    for generation, names in (("..1", ("clothing",)), ("..2", ("clothing", "flowers"))):
        (tmp_path / generation).mkdir()
        write(tmp_path / generation / "models.config", *names)
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "models.config").symlink_to("..data/models.config")
    read = ModelNames(file=tmp_path / "models.config")
    (tmp_path / "..data_tmp").symlink_to("..2")
    (tmp_path / "..data_tmp").rename(tmp_path / "..data")
    assert read.read() == ("clothing", "flowers")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("model_config_list {", "1:19"),
        ("", "lists no model"),
        ("model_config_list {}", "lists no model"),
        (None, "No such file or directory"),
    ],
)
def test_a_damaged_file_changes_nothing_and_is_logged_once(
    file: Path, damage: str | None, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    names = ModelNames(file=file)
    file.unlink() if damage is None else file.write_text(damage)
    for _ in range(3):
        assert names.read() == ("clothing", "cats-dogs")
    (record,) = caplog.records
    assert str(file) in record.getMessage()
    assert reason in record.getMessage()
    assert record.getMessage().endswith("those read before stay valid")
    write(file, "flowers")
    assert names.read() == ("flowers",)


def test_a_name_that_fits_into_no_path_is_left_out(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    write(file, "my model", "a/b", "flowers")
    assert ModelNames(file=file).current() == ("flowers",)
    assert ["'my model'" in caplog.messages[0], "'a/b'" in caplog.messages[1]] == [True, True]


def test_a_file_that_is_missing_at_the_start_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PHOTOLABEL_MODEL_CONFIG_FILE", str(tmp_path / "none"))
    assert main([]) == 2
    error = capsys.readouterr().err
    assert error.startswith("photolabel: PHOTOLABEL_MODEL_CONFIG_FILE: ")
    assert f"{tmp_path}/none: No such file or directory\n" in error
    assert error.count("\n") == 1


def test_names_are_given_in_one_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOLABEL_MODELS", "clothing")
    monkeypatch.setenv("PHOTOLABEL_MODEL_CONFIG_FILE", "models.config")
    with pytest.raises(SettingsError, match=r"MODELS and PHOTOLABEL_MODEL_CONFIG_FILE both name"):
        read_settings()


def served(client: FlaskClient) -> list[str]:
    return [model["name"] for model in client.get("/v1/models").get_json()["models"]]


def test_all_parts_of_a_gateway_follow(
    client: FlaskClient, source: FakeModelServer, file: Path
) -> None:
    for name in ("clothing", "cats-dogs"):
        path = f"/v1/models/{name}:classify"
        assert client.post(path, data=encoded_photo()).status_code == 200
    source.models["flowers"] = source.models["cats-dogs"]
    write(file, "flowers", "clothing")
    wait_until(lambda: served(client) == ["flowers", "clothing"])
    assert client.post("/v1/models/flowers:classify", data=encoded_photo()).status_code == 200
    ready = client.get("/readyz").get_json()
    assert [model["name"] for model in ready["models"]] == ["flowers", "clothing"]
    gone = check_problem(client.get("/v1/models/cats-dogs"), 404, "unknown-model")
    assert gone["detail"].endswith("served are flowers, clothing.")
    assert client.get("/models/cats-dogs").status_code == 404
    assert "flowers" in client.get("/").text
    wait_until(lambda: "`flowers`, `clothing`" in client.get("/openapi.json").text)
    assert "cats-dogs" not in client.get("/openapi.json").text
    numbers = read_numbers(client.get("/metrics").text)
    assert values_of(numbers, "model") == {"flowers", "clothing", "unknown", ""}


def test_a_model_that_comes_back_is_described_again(
    client: FlaskClient, source: FakeModelServer, file: Path
) -> None:
    path = "/v1/models/clothing:classify"
    before = client.post(path, data=encoded_photo()).get_json()
    write(file, "cats-dogs")
    wait_until(lambda: served(client) == ["cats-dogs"])
    [last] = source.models["clothing"]
    source.models["clothing"] = [replace(last, labels=("ball", "doll", "kite"))]
    write(file, "clothing")
    wait_until(lambda: served(client) == ["clothing"])
    after = client.post(path, data=encoded_photo()).get_json()
    assert (before["version"], after["version"]) == (1, 1)
    assert before["predictions"][0]["label"] == "shirt"
    assert after["predictions"][0]["label"] == "ball"
