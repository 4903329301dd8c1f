"""`rollback` and `label` on TensorFlow Serving's model config file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.repository.model_config import ModelSettings, read_config
from tests.training.publishing.rollback.published import publish, write_config
from tests.training.publishing.rollback.tensorflow_serving import TensorFlowServing, following
from training.__main__ import main

STABLE = (
    'model_version_policy { specific { versions: 3 } } version_labels { key: "stable" value: 3 }'
)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return the folder of a model with three versions."""
    for _ in range(3):
        publish(tmp_path / "volume" / "pets")
    return tmp_path / "volume" / "pets"


@pytest.fixture
def config(tmp_path: Path, base: Path) -> Path:
    """Return a config file with the label `stable` on version 3."""
    return write_config(tmp_path / "models.config", base, STABLE)


@pytest.fixture
def server(config: Path) -> Iterator[tuple[TensorFlowServing, str]]:
    """Run a model server that follows the file; yield it and its address."""
    with following(config, "pets", [1, 2, 3]) as running:
        yield running


def entry(config: Path) -> ModelSettings:
    return next(model for model in read_config(config) if model.name == "pets")


def loaded(config: Path) -> list[int]:
    return list(entry(config).policy.specific.versions)


def test_without_labels_the_policy_changes(
    config: Path, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_config(config, base)
    original = config.read_bytes()
    assert main(["rollback", "pets", "2", "--model_config_file", str(config)]) == 0
    assert loaded(config) == [2]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "pets: version 2 serves now, pinned; before: version 3, as the newest"
    assert lines[-1].endswith(f"rollback pets newest --model_config_file {config}")
    assert main(["rollback", "pets", "newest", "--model_config_file", str(config)]) == 0
    assert config.read_bytes() == original.replace(b"\n    \n", b"\n    \n")


def test_a_label_moves_after_its_version_is_loaded(
    config: Path, server: tuple[TensorFlowServing, str], capsys: pytest.CaptureFixture[str]
) -> None:
    running, address = server
    place = ["--model_config_file", str(config), "--model-server", address]
    assert main(["rollback", "pets", "1", *place]) == 0
    assert (loaded(config), dict(entry(config).labels)) == ([3, 1], {"stable": 1})
    assert (running.rejected, set(running.served)) == (0, {3, 1})
    assert running.loaded == {1, 3}
    output = capsys.readouterr().out
    assert "pets: version 1 serves now, with the label stable; before: version 3, with" in output
    assert "effective after " in output
    assert "rollback pets 3 --model_config_file" in output

    assert main(["label", "pets", "canary", "2", *place]) == 0
    assert dict(entry(config).labels) == {"stable": 1, "canary": 2}
    assert main(["rollback", "pets", "2", *place, "--unload"]) == 0
    assert (loaded(config), running.rejected) == ([1, 2], 0)  # 1 has just lost its label.
    assert main(["label", "pets", "canary", "--remove", *place]) == 0
    assert "loaded without a label: 1 (--unload unloads them)" in capsys.readouterr().out


def test_without_a_model_server_a_label_moves_only_to_what_is_loaded(
    config: Path, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = config.read_text()
    assert main(["rollback", "pets", "1", "--model_config_file", str(config)]) == 1
    error = capsys.readouterr().err
    assert "version 1 of pets has to be loaded first" in error
    assert "--model-server HOST:PORT" in error
    assert config.read_text() == before

    write_config(config, base, STABLE.replace("versions: 3", "versions: 3 versions: 1"))
    assert main(["rollback", "pets", "1", "--model_config_file", str(config)]) == 0
    assert dict(entry(config).labels) == {"stable": 1}


def test_a_version_that_the_model_server_cannot_load_is_put_back(
    config: Path, server: tuple[TensorFlowServing, str], capsys: pytest.CaptureFixture[str]
) -> None:
    running, address = server
    running.broken = {1}
    before = config.read_text()
    place = ["--model_config_file", str(config), "--model-server", address]
    assert main(["rollback", "pets", "1", *place]) == 1
    error = capsys.readouterr().err
    assert "did not load version 1 of pets: out of memory" in error
    assert error.endswith("Policy and labels are as before\n")
    assert config.read_text() == before
    assert set(running.served) == {3}


def test_a_pin_that_the_model_server_cannot_load_is_put_back_at_once(
    config: Path, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_config(config, base)
    before = config.read_text()
    with following(config, "pets", [1, 2, 3]) as (running, address):
        running.broken = {1}
        place = ["--model_config_file", str(config), "--model-server", address]
        assert main(["rollback", "pets", "1", *place]) == 1
        assert set(running.served) == {3}
    assert "did not load version 1 of pets: out of memory" in capsys.readouterr().err
    assert config.read_text() == before


def test_a_model_server_that_does_not_follow_is_put_back(
    config: Path, base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It reads another file, or none again."""
    other = write_config(tmp_path / "other.config", base, STABLE)
    before = config.read_text()
    with following(other, "pets", [1, 2, 3]) as (_, address):
        place = ["--model_config_file", str(config), "--model-server", address]
        assert main(["rollback", "pets", "1", *place, "--timeout", "0.5"]) == 1
    assert "did not load version 1 of pets within 0.5 s" in capsys.readouterr().err
    assert config.read_text() == before


def test_a_canary_without_stable_gets_one(
    config: Path, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The model server would answer all requests with the newest version that is loaded."""
    write_config(config, base, "model_version_policy { specific { versions: 2 } }")
    with following(config, "pets", [1, 2, 3]) as (running, address):
        place = ["--model_config_file", str(config), "--model-server", address]
        assert main(["label", "pets", "canary", "3", *place]) == 0
        assert dict(entry(config).labels) == {"canary": 3, "stable": 2}
        assert (running.rejected, set(running.served)) == (0, {2})
        assert main(["rollback", "pets", "1", *place]) == 0
        assert main(["rollback", "pets", "newest", *place]) == 0
    assert dict(entry(config).labels) == {"canary": 3, "stable": 3}


def test_a_folder_that_is_elsewhere_is_left_to_the_model_server(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A version that does not exist there must never be the only one in the policy."""
    write_config(config, Path("/models/pets"), "model_version_policy { specific { versions: 3 } }")
    with following(config, "pets", [1, 2, 3]) as (running, address):
        place = ["--model_config_file", str(config), "--model-server", address]
        assert main(["rollback", "pets", "9", *place, "--timeout", "0.5"]) == 1
        assert loaded(config) == [3]
        assert main(["rollback", "pets", "2", *place]) == 0
        assert main(["rollback", "pets", "previous", *place]) == 1
    assert loaded(config) == [2]
    assert set(running.served) == {3, 2}
    found = capsys.readouterr()
    assert "version 2: /models/pets is not on this machine, only the model server" in found.out
    assert main(["rollback", "pets", "3", "--model_config_file", str(config)]) == 0
    assert "/models/pets is not on this machine, not checked" in capsys.readouterr().out


def test_the_versions_may_be_in_another_folder(config: Path, base: Path) -> None:
    write_config(config, Path("/models/pets"))
    place = ["--model_config_file", str(config), "--models", str(base.parent)]
    assert main(["rollback", "pets", "7", *place]) == 1
    assert main(["rollback", "pets", "2", *place]) == 0
    assert loaded(config) == [2]


def test_permissions_and_links_stay(config: Path, base: Path, tmp_path: Path) -> None:
    write_config(config, base)
    config.chmod(0o640)
    link = tmp_path / "link.config"
    link.symlink_to(config)
    assert main(["rollback", "pets", "1", "--model_config_file", str(link)]) == 0
    assert link.is_symlink()
    assert config.stat().st_mode & 0o777 == 0o640
    assert loaded(config) == [1]


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--model_config_file", "missing"], 1, "cannot read"),
        (
            ["--model-server", "127.0.0.1:9", "--model-server-ca", "missing"],
            1,
            "cannot read missing",
        ),
        (["--model-server-cert", "a"], 2, "are given together"),
        (["--model-server-name", "a"], 2, "needs --model-server-ca"),
        (["--timeout", "0"], 2, "--timeout is a number of seconds above 0"),
    ],
)
def test_wrong_options_are_refused(
    config: Path, words: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--model_config_file", str(config), *words]
    assert main(["rollback", "pets", "1", *options]) == status
    assert message in capsys.readouterr().err


def test_a_model_server_that_is_down_is_named(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = config.read_text()
    place = ["--model_config_file", str(config), "--model-server", "127.0.0.1:9"]
    assert main(["rollback", "pets", "1", *place]) == 1
    assert "the model server 127.0.0.1:9 does not answer (UNAVAILABLE" in capsys.readouterr().err
    assert config.read_text() == before
