"""`rollback` on a ConfigMap, with a stand-in for kubectl and for the model server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.publishing.rollback.published import publish, write_config
from tests.training.publishing.rollback.tensorflow_serving import TensorFlowServing, listening
from training.__main__ import main

PLACE = ["--config-map", "photolabel/models"]


@pytest.fixture
def config_map(cluster: Path) -> Path:
    """Return the file of a ConfigMap, with `kubectl` on the PATH."""
    config = write_config(cluster / "models.config", Path("/models/pets"))
    file = cluster / "photolabel-models.json"
    content = {
        "metadata": {"name": "models", "labels": {"app": "photolabel"}, "resourceVersion": "5"},
        "data": {"models.config": config.read_text(), "other": "stays"},
    }
    file.write_text(json.dumps(content))
    return file


@pytest.fixture
def server(config_map: Path) -> Iterator[tuple[TensorFlowServing, str]]:
    """Run a model server that follows the ConfigMap; yield it and its address."""
    running = TensorFlowServing(lambda: text(config_map), "pets", [1, 2, 3])
    with listening(running) as address:
        yield running, address


def text(config_map: Path) -> str:
    return str(json.loads(config_map.read_text())["data"]["models.config"])


def test_the_config_map_is_replaced(
    config_map: Path, server: tuple[TensorFlowServing, str], capsys: pytest.CaptureFixture[str]
) -> None:
    running, address = server
    before = json.loads(config_map.read_text())
    assert main(["rollback", "pets", "2", *PLACE, "--model-server", address]) == 0
    after = json.loads(config_map.read_text())

    assert "model_version_policy { specific { versions: 2 } }" in text(config_map)
    assert "# The models of our shop." in text(config_map)
    assert after["data"]["other"] == "stays"
    assert after["metadata"]["labels"] == before["metadata"]["labels"]
    assert (running.loaded, set(running.served)) == ({2}, {3, 2})
    output = capsys.readouterr().out
    assert "pets: version 2 serves now, pinned; before: version 3, as the newest" in output
    assert "the next `kubectl apply` undoes it" in output
    back = "rollback pets newest --config-map photolabel/models --model-server"
    assert back in output

    assert main(["rollback", "pets", "newest", *PLACE, "--model-server", address]) == 0
    assert text(config_map) == before["data"]["models.config"]


def test_it_is_read_again_if_somebody_else_has_changed_it(
    config_map: Path, server: tuple[TensorFlowServing, str], capsys: pytest.CaptureFixture[str]
) -> None:
    edits = config_map.with_name("edits")
    edits.write_text("4")
    assert main(["rollback", "pets", "2", *PLACE, "--model-server", server[1]]) == 0
    assert "versions: 2" in text(config_map)

    before = text(config_map)
    edits.write_text("99")
    assert main(["rollback", "pets", "1", *PLACE, "--model-server", server[1]]) == 1
    error = capsys.readouterr().err
    assert "the ConfigMap photolabel/models is unchanged: Error from server (Conflict)" in error
    assert text(config_map) == before


def test_a_version_that_nobody_can_check_is_refused(
    config_map: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = config_map.read_text()
    publish(tmp_path / "elsewhere" / "pets")
    for words in ([], ["--models", str(tmp_path / "elsewhere")]):
        version = "1" if words else "2"
        assert main(["rollback", "pets", version, *PLACE, *words]) == 1
        assert "add --model-server HOST:PORT" in capsys.readouterr().err
    assert config_map.read_text() == before


def test_labels_are_set_and_listed(
    config_map: Path, server: tuple[TensorFlowServing, str], capsys: pytest.CaptureFixture[str]
) -> None:
    running, address = server
    assert main(["label", "pets", "stable", "2", *PLACE, "--model-server", address]) == 0
    assert main(["label", "pets", "canary", "3", *PLACE, "--model-server", address]) == 0
    assert (running.rejected, set(running.served)) == (0, {3, 2})
    capsys.readouterr()
    assert main(["versions", "pets", *PLACE]) == 0
    assert "pets: version 2 serves, with the label stable" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("reference", "status", "message"),
    [
        ("models", 1, 'the ConfigMap models: Error from server (NotFound): configmaps "models"'),
        ("a/b/c", 2, "--config-map is [NAMESPACE/]NAME, not 'a/b/c'"),
        ("/models", 2, "--config-map is [NAMESPACE/]NAME, not '/models'"),
        ("--all", 2, "--config-map is [NAMESPACE/]NAME, not '--all'"),
    ],
)
def test_a_wrong_reference_is_explained(
    config_map: Path, reference: str, status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rollback", "pets", "2", f"--config-map={reference}"]) == status
    assert message in capsys.readouterr().err


def test_a_config_map_without_the_file_is_explained(
    config_map: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config_map.write_text(json.dumps({"metadata": {"name": "models", "resourceVersion": "1"}}))
    assert main(["rollback", "pets", "2", *PLACE]) == 1
    assert "the ConfigMap photolabel/models has no file models.config" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content", ["7", '{"data": "models.config"}', '{"data": {"models.config": 7}}']
)
def test_an_odd_config_map_is_one_line(
    config_map: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    (config_map.parent / "bin" / "kubectl").write_text(f"#!/bin/sh\necho '{content}'\n")
    assert main(["rollback", "pets", "2", *PLACE]) == 1
    error = capsys.readouterr().err
    assert "has no file models.config" in error or "kubectl did not print the ConfigMap" in error


@pytest.mark.parametrize("status", [0, 1])
def test_a_kubectl_that_prints_something_else_is_one_line(
    config_map: Path, capsys: pytest.CaptureFixture[str], status: int
) -> None:
    program = f"#!/bin/sh\nprintf '\\377\\n' | tee /dev/stderr\nexit {status}\n"
    (config_map.parent / "bin" / "kubectl").write_text(program)
    assert main(["rollback", "pets", "2", *PLACE]) == 1
    assert "the ConfigMap photolabel/models" in capsys.readouterr().err


def test_kubectl_may_be_missing(
    config_map: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert main(["rollback", "pets", "2", *PLACE]) == 1
    assert "kubectl is not on the PATH" in capsys.readouterr().err
