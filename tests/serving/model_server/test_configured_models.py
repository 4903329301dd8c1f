"""Models from a config file, seen through the server."""

import itertools
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from serving.model_server.manager import Manager
from serving.repository.model_config import ConfigFile
from tests.serving.model_server.tiny import Clock, answering, gone, lines, refusal, serving

Publish = Callable[..., Path]


def test_a_config_file_rules_policies_and_labels(
    publish: Publish, write_config: Callable[..., Path]
) -> None:
    for version in (1, 2, 3):
        publish(version)
    path = write_config(
        "model_version_policy { specific { versions: 1 versions: 2 } }"
        'version_labels { key: "stable" value: 1 } version_labels { key: "canary" value: 2 }'
        'version_labels { key: "early" value: 3 }'
    )
    manager = Manager(ConfigFile(path))
    manager.poll()
    with serving(manager) as client:
        assert client.states() == [(2, "AVAILABLE", 0), (1, "AVAILABLE", 0)]
        assert answering(client) == 2
        assert answering(client, version=1) == 1
        assert answering(client, version_label="stable") == 1
        assert answering(client, version_label="canary") == 2
        assert (
            client.metadata("signature_def", version_label="stable").model_spec.version.value == 1
        )
        assert refusal(client, version_label="early") == gone(3)
        assert refusal(client, version_label="beta") == (
            grpc.StatusCode.INVALID_ARGUMENT,
            "Unrecognized servable version label: beta",
        )


def test_a_version_that_the_config_asks_for_and_nobody_published_is_named(
    publish: Publish, write_config: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    publish(1)
    manager = Manager(
        ConfigFile(write_config("model_version_policy { specific { versions: [1, 8, 9] } }"))
    )
    manager.poll()
    manager.poll()
    assert len(lines(caplog, "[8, 9]")) == 1


def test_a_config_file_read_again_changes_policies_labels_and_models(
    publish: Publish, write_config: Callable[..., Path], clock: Clock
) -> None:
    publish(1)
    publish(2)
    publish(5, name="other")
    path = write_config('version_labels { key: "stable" value: 2 }')
    manager = Manager(ConfigFile(path, reread_seconds=10, clock=clock), clock=clock)
    ticks = itertools.count(10, 10)

    def reread() -> None:
        clock.seconds = next(ticks)
        manager.poll()

    manager.poll()
    with serving(manager) as client:
        write_config('model_version_policy { all {} } version_labels { key: "stable" value: 2 }')
        reread()
        assert client.states() == [(2, "AVAILABLE", 0), (1, "AVAILABLE", 0)]
        write_config('model_version_policy { all {} } version_labels { key: "stable" value: 1 }')
        reread()
        assert answering(client, version_label="stable") == 1
        write_config(name="other", base_path=path.parent / "other")
        reread()
        assert answering(client, name="other") == 5
        assert refusal(client) == gone(None)
        assert client.states() == [(2, "END", 0), (1, "END", 0)]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("rubbish", "has no field named"),
        ('version_labels { key: "stable" value: 9 }', "not currently available for inference"),
    ],
)
def test_a_wrong_config_file_changes_nothing(
    publish: Publish,
    write_config: Callable[..., Path],
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    wrong: str,
    reason: str,
) -> None:
    publish(1)
    path = write_config('version_labels { key: "stable" value: 1 }')
    manager = Manager(ConfigFile(path, reread_seconds=10, clock=clock), clock=clock)
    manager.poll()
    write_config(wrong)
    for clock.seconds in (10, 11, 12):
        manager.poll()
    with serving(manager) as client:
        assert answering(client) == 1
        assert answering(client, version_label="stable") == 1
    assert len(lines(caplog, reason)) == 1
    assert len(lines(caplog, "keeping the models served so far")) == 1
