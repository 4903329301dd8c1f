"""HandleReloadConfigRequest: another list of models while the server runs."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import text_format
from tensorflow_serving.apis.model_management_pb2 import ReloadConfigRequest

from serving.model_server.manager import Manager
from serving.repository.model_config import ConfigFile, ModelList, ModelSettings
from serving.repository.models_folder import ModelsFolder
from tests.serving.model_server.tiny import (
    SECONDS,
    Client,
    answering,
    available,
    gone,
    publish_broken,
    refusal,
    serving,
)

Publish = Callable[..., Path]


@pytest.fixture
def bare(publish: Publish, tmp_path: Path) -> Iterator[Client]:
    """Serve model m alone, as with `--model_base_path`."""
    publish(1)
    publish(2)
    yield from running(ModelList([ModelSettings("m", tmp_path / "m")]))


def running(source: Any) -> Iterator[Client]:
    manager = Manager(source, poll_seconds=60)  # So a request has to wake it.
    manager.start()
    try:
        assert manager.wait_for_first_pass(SECONDS)
        with serving(manager) as client:
            yield client
    finally:
        manager.stop()


def entry(base: Path, more: str = "", name: str = "m") -> str:
    return f'config {{ name: "{name}" base_path: "{base}" model_platform: "tensorflow" {more} }}'


def reload(client: Client, *entries: str) -> int:
    """Send a list of models; return the error code in the response."""
    request = ReloadConfigRequest()
    text_format.Parse(f"model_config_list {{ {' '.join(entries)} }}", request.config)
    response = client.model.HandleReloadConfigRequest(request, timeout=SECONDS)
    assert response.HasField("status")
    return int(response.status.error_code)


def refused(client: Client, *entries: str) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        reload(client, *entries)
    return caught.value.code(), caught.value.details()


def test_policies_labels_and_models_change_before_the_response(
    bare: Client, publish: Publish, tmp_path: Path
) -> None:
    base = tmp_path / "m"
    assert available(bare) == [2]
    assert reload(bare, entry(base, "model_version_policy { all {} }")) == 0
    assert available(bare) == [2, 1]
    labelled = (
        "model_version_policy { specific { versions: [1, 2] } }"
        'version_labels { key: "stable" value: 1 } version_labels { key: "canary" value: 2 }'
    )
    publish(7, name="other")
    assert reload(bare, entry(base, labelled), entry(tmp_path / "other", name="other")) == 0
    assert answering(bare, version_label="stable") == 1
    assert answering(bare, version_label="canary") == 2
    assert answering(bare, name="other") == 7
    assert reload(bare, entry(tmp_path / "other", name="other")) == 0
    assert refusal(bare) == gone(None), "models that are not in the list are unloaded"


def test_a_list_that_does_not_fit_changes_nothing(bare: Client, tmp_path: Path) -> None:
    base = tmp_path / "m"
    assert reload(bare, entry(base, 'version_labels { key: "stable" value: 2 }')) == 0
    moved = 'version_labels { key: "stable" value: 1 }'
    assert refused(bare, entry(base, moved)) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "Request to assign label to version 1 of model m, which is not currently available for"
        " inference",
    )
    assert refused(bare, entry(base), entry(base)) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "Illegal to list model m multiple times in config list",
    )
    with pytest.raises(grpc.RpcError) as caught:
        bare.model.HandleReloadConfigRequest(ReloadConfigRequest(), timeout=SECONDS)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert answering(bare, version_label="stable") == 2


def test_a_new_model_that_does_not_load_is_named(bare: Client, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    publish_broken(tmp_path / "broken", 1)
    broken = entry(tmp_path / "broken", name="broken")
    assert refused(bare, entry(tmp_path / "m"), broken) == (
        grpc.StatusCode.UNKNOWN,
        "1 servable(s) did not become available: {{name: broken version: latest}}",
    )
    assert answering(bare) == 2


def test_a_request_replaces_a_config_file_that_is_read_once(
    publish: Publish, write_config: Callable[..., Path], tmp_path: Path
) -> None:
    publish(1)
    publish(2)
    for client in running(ConfigFile(write_config())):
        assert answering(client) == 2
        assert reload(client, entry(tmp_path / "m", "model_version_policy { all {} }")) == 0
        assert answering(client, version=1) == 1


def test_a_folder_of_models_is_not_replaced(publish: Publish, tmp_path: Path) -> None:
    publish(1)
    for client in running(ModelsFolder(tmp_path)):
        code, message = refused(client, entry(tmp_path / "m"))
        assert code is grpc.StatusCode.FAILED_PRECONDITION
        assert "those in the folder of --models" in message
        assert answering(client) == 1
