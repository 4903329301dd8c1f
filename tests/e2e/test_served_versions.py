"""Labels, a canary, and rolling back, in a folder of models, with real processes."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from serving.repository.model_config import ModelSettings
from serving.repository.served_versions import change_served
from tests.drawing import encoded_photo
from tests.e2e.load import Load, steady_load
from tests.e2e.processes import STARTERS, gateway, model_server, wait_until_ready

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("embedded_only")]

# More rollbacks: PHOTOLABEL_ROLLBACKS=50 pytest …
ROLLBACKS = int(os.environ.get("PHOTOLABEL_ROLLBACKS", "4"))
SECONDS = 60


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Make a model's folder with three versions of a starter."""
    base = tmp_path / "models" / "clothing"
    for version in (1, 2, 3):
        shutil.copytree(STARTERS / "clothing" / "1", base / str(version))
    return base


def pin(version: int) -> Callable[[ModelSettings], ModelSettings]:
    def change(settings: ModelSettings) -> ModelSettings:
        policy = type(settings.policy)()
        policy.specific.versions.append(version)
        return replace(settings, policy=policy, labels={})

    return change


def label(**labels: int) -> Callable[[ModelSettings], ModelSettings]:
    return lambda settings: replace(settings, labels=labels)


@pytest.fixture
def url(base: Path, tmp_path: Path) -> Iterator[str]:
    """Serve the folder, half of the requests without a version going to the canary."""
    change_served(base, label(stable=1, canary=2))
    with (
        model_server(base.parent, tmp_path / "model-server.log") as (_, address),
        gateway(address, tmp_path / "gateway.log", models="clothing", canary_share="0.5") as (
            program,
            url,
        ),
    ):
        wait_until_ready(url)
        yield f"{url}/v1/models/clothing"
        assert "Traceback" not in program.output()


def classify(url: str, which: str = "") -> int:
    response = httpx.post(f"{url}{which}:classify", content=encoded_photo(), timeout=SECONDS)
    assert response.status_code == 200, response.text
    version: int = response.json()["version"]
    return version


def seconds_until(load: Load, versions: set[int]) -> float:
    """Wait until only these versions answer, and all of them; return how long others still did."""
    start = time.monotonic()
    answers = load.after(start)
    while len(answers) < 40 or {each.version for each in answers[-40:]} != versions:
        assert time.monotonic() < start + SECONDS
        time.sleep(0.02)
        answers = load.after(start)
    others = [each.moment for each in answers if each.version not in versions]
    return max(others, default=start) - start


def test_labels_a_canary_and_rolling_back_under_load(base: Path, url: str) -> None:
    assert classify(url, "/labels/stable") == 1
    assert classify(url, "/labels/canary") == 2
    assert classify(url, "/versions/3") == 3
    with steady_load(f"{url}:classify", encoded_photo()) as load:
        seconds_until(load, {1, 2})
        change_served(base, label(stable=3, canary=2))
        taken = [seconds_until(load, {3, 2})]
        assert classify(url, "/labels/stable") == httpx.get(url).json()["version"] == 3
        assert httpx.get(url).json()["version_labels"] == [
            {"label": "stable", "version": 3, "share": 0.5},
            {"label": "canary", "version": 2, "share": 0.5},
        ]
        for turn in range(ROLLBACKS):
            version = 1 if turn % 2 else 2
            change_served(base, pin(version))
            taken.append(seconds_until(load, {version}))
        change_served(base, lambda settings: ModelSettings(settings.name, base))
        seconds_until(load, {3})
    failed = [outcome for outcome in load.outcomes if outcome.status != 200]
    print(f"{len(load.outcomes)} requests, {len(failed)} failed; effective after at most", end=" ")
    print(f"{max(taken):.1f} s:", *(f"{seconds:.1f}" for seconds in taken))
    assert not failed, failed[0]
