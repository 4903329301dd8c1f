import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc

from serving.repository.served_versions import SERVED
from serving.repository.versions import published_versions
from training.__main__ import main
from training.errors import TrainingError
from training.model_cards import VERSION_CARD
from training.publishing.pruning import prune_model

State = get_model_status_pb2.ModelVersionStatus.State


class Statuses(model_service_pb2_grpc.ModelServiceServicer):  # type: ignore[misc]  # No types.
    """A model server that only reports the states of the versions of one model."""

    def __init__(self, name: str, states: dict[int, int]) -> None:
        self._name = name
        self._states = states

    def GetModelStatus(  # noqa: N802 -- gRPC's name
        self,
        request: get_model_status_pb2.GetModelStatusRequest,
        context: grpc.ServicerContext,
    ) -> get_model_status_pb2.GetModelStatusResponse:
        if request.model_spec.name != self._name:
            context.abort(grpc.StatusCode.NOT_FOUND, "Could not find any versions of model")
        response = get_model_status_pb2.GetModelStatusResponse()
        for version, state in self._states.items():
            response.model_version_status.add(version=version, state=state)
        return response


@contextmanager
def model_server(name: str, states: dict[int, int]) -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(2))
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(Statuses(name, states), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Return a folder with the versions 1 to 6 of `clothing`."""
    for number in range(1, 7):
        (tmp_path / "models" / "clothing" / str(number)).mkdir(parents=True)
    return tmp_path / "models"


def config(tmp_path: Path, entry: str, name: str = "clothing") -> Path:
    path = tmp_path / "models.config"
    path.write_text(
        "model_config_list { config {"
        f' name: "{name}" base_path: "/models/{name}" model_platform: "tensorflow" {entry} }} }}'
    )
    return path


def test_the_newest_versions_are_kept(models: Path) -> None:
    assert prune_model(models, "clothing", keep=2) == [1, 2, 3, 4]
    assert published_versions(models / "clothing") == [5, 6]


def test_the_best_version_on_the_newest_data_is_kept(models: Path) -> None:
    """The gate compares with it."""
    stated = {1: (0.99, "old"), 2: (0.8, "new"), 3: (0.9, "new"), 4: ("?", "new"), 6: (0.7, "new")}
    for number, (accuracy, digest) in stated.items():
        path = models / "clothing" / str(number) / VERSION_CARD
        path.parent.mkdir()
        card = {"data": {"sha256": digest}, "metrics": {"test": {"accuracy": accuracy}}}
        path.write_text(json.dumps(card))

    assert prune_model(models, "clothing", keep=1) == [1, 2, 4, 5]


def test_versions_that_a_model_server_has_loaded_are_kept(models: Path) -> None:
    states = {1: State.END, 2: State.AVAILABLE, 3: State.LOADING, 4: State.UNLOADING}

    with model_server("clothing", states) as address:
        assert prune_model(models, "clothing", 1, model_server=address) == [1, 5]


def test_a_model_server_is_asked_without_the_proxy_of_the_environment(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("grpc_proxy", "https_proxy", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_grpc_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    with model_server("clothing", {1: State.AVAILABLE}) as address:
        assert prune_model(models, "clothing", 1, model_server=address) == [2, 3, 4, 5]


def test_a_model_unknown_to_the_model_server_has_no_version_in_use(models: Path) -> None:
    with model_server("cats-dogs", {1: State.AVAILABLE}) as address:
        assert prune_model(models, "clothing", 5, model_server=address) == [1]


def test_nothing_is_removed_if_the_model_server_does_not_answer(models: Path) -> None:
    with model_server("clothing", {}) as address:
        pass

    with pytest.raises(TrainingError, match=f"nothing removed: the model server {address} does"):
        prune_model(models, "clothing", 1, model_server=address)
    assert len(published_versions(models / "clothing")) == 6


@pytest.mark.parametrize(
    ("entry", "removed"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("model_version_policy { specific { versions: 2 versions: 4 } }", [1, 3, 5]),
        ("model_version_policy { all {} }", []),
        ("model_version_policy { latest { num_versions: 3 } }", [1, 2, 3]),
        ('version_labels { key: "stable" value: 3 }', [1, 2, 4, 5]),
    ],
)
def test_versions_that_the_config_file_names_are_kept(
    models: Path, tmp_path: Path, entry: str, removed: list[int]
) -> None:
    path = config(tmp_path, entry)

    assert prune_model(models, "clothing", 1, model_config_file=path) == removed


def test_the_config_of_another_model_is_ignored(models: Path, tmp_path: Path) -> None:
    path = config(tmp_path, "model_version_policy { all {} }", name="cats-dogs")

    assert prune_model(models, "clothing", 5, model_config_file=path) == [1]


def test_nothing_is_removed_if_the_config_file_cannot_be_read(models: Path, tmp_path: Path) -> None:
    (tmp_path / "models.config").write_text("model_config_list {")

    with pytest.raises(TrainingError, match="nothing removed: "):
        prune_model(models, "clothing", 1, model_config_file=tmp_path / "models.config")
    assert len(published_versions(models / "clothing")) == 6


def test_the_command_prints_what_it_removed(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prune", "clothing", "--models", str(models), "--keep", "4"]) == 0
    assert main(["prune", "clothing", "--models", str(models)]) == 0

    assert capsys.readouterr().out == "clothing: removed 1, 2\nclothing: removed nothing\n"


def test_all_models_of_the_config_file_are_pruned(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (1, 2, 3):
        (models / "cats-dogs" / str(number)).mkdir(parents=True)
    path = config(tmp_path, "", name="cats-dogs")

    assert main(["prune", "--all", "--keep", "2", "--models", str(models)]) == 0
    assert capsys.readouterr().out == "cats-dogs: removed 1\nclothing: removed 1, 2, 3, 4\n"
    here = ["--keep", "1", "--models", str(models), "--model_config_file", str(path)]
    assert main(["prune", "--all", *here]) == 0
    assert capsys.readouterr().out == "cats-dogs: removed 2\n"
    assert main(["prune", "--all", "--models", str(models / "none")]) == 1


def test_a_model_that_fails_does_not_keep_the_others_from_being_pruned(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prune", "shoes", "clothing", "hats", "--models", str(models)]) == 1

    said = capsys.readouterr()
    assert said.out == "clothing: removed 1\n"
    assert said.err.count("there is no published version of") == 2


@pytest.mark.parametrize("names", [[], ["clothing", "--all"]])
def test_either_names_or_all_are_given(names: list[str], models: Path) -> None:
    assert main(["prune", *names, "--models", str(models)]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["shoes"], "there is no published version of shoes in "),
        (["clothing", "--keep", "0"], "at least one version has to be kept, not 0"),
    ],
)
def test_the_commands_errors_are_one_line(
    models: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["prune", *arguments, "--models", str(models)]) == 1

    error = capsys.readouterr().err
    assert error.startswith(f"error: {message}")
    assert error.count("\n") == 1


def test_versions_that_the_models_folder_chooses_are_kept(models: Path) -> None:
    (models / "clothing" / SERVED).write_text(
        'model_version_policy { specific { versions: 2 } }version_labels { key: "canary" value: 4 }'
    )
    assert prune_model(models, "clothing", keep=1) == [1, 3, 5]
    (models / "clothing" / SERVED).write_text("rubbish")
    with pytest.raises(TrainingError, match=r"nothing removed: cannot read .*\.serving\.config"):
        prune_model(models, "clothing", keep=1)
