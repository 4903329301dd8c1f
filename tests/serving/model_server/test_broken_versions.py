"""Versions that cannot be loaded, seen through the server."""

import shutil
from collections.abc import Callable
from pathlib import Path

import grpc
import numpy as np
import pytest

from serving.model_server import manager as manager_module
from serving.model_server.errors import ServingError
from serving.model_server.manager import Manager
from serving.model_server.options import BatchSettings
from serving.model_server.servable import Servable
from serving.repository.checksums import write_checksums
from tests.serving.model_server.tiny import (
    Client,
    Clock,
    answering,
    gone,
    images,
    lines,
    predict_request,
    publish_broken,
    refusal,
    write_warmup,
)

Publish = Callable[..., Path]
NOT_FOUND, DATA_LOSS = 5, 15  # tensorflow.error.Code


def test_a_broken_version_takes_nothing_down(
    client: Client,
    manager: Manager,
    publish: Publish,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    publish(1)
    manager.poll()
    publish_broken(tmp_path / "m", 2)
    publish(1, name="other")
    for _ in range(5):
        manager.poll()
    assert answering(client) == 1
    assert answering(client, name="other") == 1
    assert client.states() == [(2, "END", DATA_LOSS), (1, "AVAILABLE", 0)]
    (status, _) = client.status().model_version_status
    assert "saved_model.pb" in status.status.error_message
    (line,) = lines(caplog, "m version 2: failed")
    assert "\n" not in line


def test_a_version_without_a_model_is_not_found(
    client: Client, manager: Manager, tmp_path: Path
) -> None:
    (tmp_path / "m" / "1").mkdir(parents=True)
    manager.poll()
    assert client.states() == [(1, "END", NOT_FOUND)]
    (status,) = client.status().model_version_status
    assert status.status.error_message.startswith(
        "Could not find SavedModel .pb or .pbtxt at supplied export directory path: "
    )


def test_a_version_without_its_variables_fails(
    client: Client, manager: Manager, publish: Publish
) -> None:
    shutil.rmtree(publish(1) / "variables")
    manager.poll()
    ((version, state, code),) = client.states()
    assert (version, state) == (1, "END")
    assert code


def test_a_version_copied_by_half_names_the_file_and_is_tried_again(
    client: Client, manager: Manager, publish: Publish
) -> None:
    publish(1)
    manager.poll()
    copied = publish(2)
    write_checksums(copied)
    (file,) = copied.glob("variables/*.data*")
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    manager.poll()
    assert answering(client) == 1
    status = client.status().model_version_status[0].status
    assert status.error_code == DATA_LOSS
    assert status.error_message.startswith(f"{file} is not the file that was published")
    file.write_bytes(whole)
    manager.poll()
    manager.poll()
    assert answering(client) == 2


def test_a_failed_version_is_tried_again_when_its_files_have_changed(
    client: Client, manager: Manager, publish: Publish, tmp_path: Path
) -> None:
    publish(1)
    manager.poll()
    broken = publish_broken(tmp_path / "m", 2)
    manager.poll()
    shutil.copytree(tmp_path / "m" / "1", broken, dirs_exist_ok=True)
    manager.poll()
    assert answering(client) == 1  # The copy might still be going on.
    manager.poll()
    assert answering(client) == 2
    assert client.states() == [(2, "AVAILABLE", 0), (1, "END", 0)]


def test_a_failed_version_is_tried_again_after_a_while(
    client: Client,
    manager: Manager,
    clock: Clock,
    publish: Publish,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_memory(name: str, version: int, path: Path, batching: BatchSettings) -> Servable:
        raise ServingError(grpc.StatusCode.RESOURCE_EXHAUSTED, "no memory")

    publish(1)
    with monkeypatch.context() as patch:
        patch.setattr(manager_module, "load", no_memory)
        manager.poll()
    clock.seconds = 59
    manager.poll()
    assert refusal(client) == gone(None)
    clock.seconds = 60
    manager.poll()
    assert answering(client) == 1


def test_a_version_fails_with_its_warm_up(
    client: Client, manager: Manager, publish: Publish
) -> None:
    publish(1)
    manager.poll()
    write_warmup(publish(2), [predict_request(), predict_request(images().astype(np.float32))])
    manager.poll()
    assert answering(client) == 1
    (status, _) = client.status().model_version_status
    assert status.status.error_message == "Expects arg[0] to be uint8 but float is provided"
