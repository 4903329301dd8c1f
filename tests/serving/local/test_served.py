"""Which versions serve, in words."""

from pathlib import Path

import pytest

from serving.local.served import describe_served
from serving.repository.served_versions import SERVED

PINNED = "model_version_policy { specific { versions: 2 } }"
STABLE = 'version_labels { key: "stable" value: 2 }'
CANARY = 'version_labels { key: "canary" value: 3 }'


@pytest.mark.parametrize(
    ("text", "described"),
    [
        (None, None),
        ("# Nothing is chosen.", None),
        (PINNED, "m: version 2 (pinned; 3 is the newest)"),
        (PINNED.replace("2", "3"), "m: version 3 (pinned)"),
        (STABLE + CANARY, "m: version 2 (label stable; 3 is the newest), version 3 (label canary)"),
        (PINNED + CANARY, "m: version 2 (pinned; 3 is the newest), version 3 (label canary)"),
        (CANARY.replace("3", "1"), "m: version 3 (the newest), version 1 (label canary)"),
    ],
)
def test_what_is_chosen_is_described(
    tmp_path: Path, text: str | None, described: str | None
) -> None:
    for number in (1, 2, 3):
        (tmp_path / "m" / str(number)).mkdir(parents=True)
    if text is not None:
        (tmp_path / "m" / SERVED).write_text(text)
    assert describe_served(tmp_path / "m") == described
