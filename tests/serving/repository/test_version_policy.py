"""Versions aspired to, and the order of steps towards them."""

import pytest
from google.protobuf import text_format
from tensorflow_serving.config.file_system_storage_path_source_pb2 import (
    FileSystemStoragePathSourceConfig as SourceConfig,
)

from serving.repository.version_policy import Action, aspired_versions, next_action

LOAD, UNLOAD = Action.LOAD, Action.UNLOAD


@pytest.mark.parametrize(
    ("policy", "published", "aspired"),
    [
        ("", [1, 2, 10], {10}),
        ("", [], set()),
        ("latest {}", [1, 2, 10], {10}),
        ("latest { num_versions: 2 }", [10, 2, 1], {2, 10}),
        ("latest { num_versions: 5 }", [1, 2], {1, 2}),
        ("all {}", [1, 2, 10], {1, 2, 10}),
        ("specific { versions: [1, 2, 7] }", [1, 2, 10], {1, 2}),
        ("specific {}", [1, 2], set()),
    ],
)
def test_aspired_versions(policy: str, published: list[int], aspired: set[int]) -> None:
    parsed = text_format.Parse(policy, SourceConfig.ServableVersionPolicy())
    assert aspired_versions(parsed, published) == aspired


@pytest.mark.parametrize(
    ("aspired", "serving", "loadable", "step"),
    [
        (set(), set(), set(), None),
        ({2}, {2}, set(), None),
        ({1, 3}, set(), {1, 3}, (LOAD, 3)),
        # The old version serves until the new one does.
        ({2}, {1}, {2}, (LOAD, 2)),
        ({2}, {1, 2}, set(), (UNLOAD, 1)),
        # The new one is broken: the old one stays.
        ({2}, {1}, set(), None),
        # A newer version was removed: fall back first, then unload.
        ({1}, {2}, {1}, (LOAD, 1)),
        # One old version is enough to stay available.
        ({3}, {1, 2}, {3}, (UNLOAD, 1)),
        ({2, 3}, {1, 2}, {3}, (UNLOAD, 1)),
        (set(), {1, 2}, set(), (UNLOAD, 1)),
        (set(), {2}, set(), (UNLOAD, 2)),
    ],
)
def test_next_action(
    aspired: set[int], serving: set[int], loadable: set[int], step: tuple[Action, int] | None
) -> None:
    assert next_action(aspired, serving, loadable) == step
