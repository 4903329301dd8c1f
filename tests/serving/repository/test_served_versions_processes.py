"""Publishing, pruning and rolling back at once, with real processes."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from serving.repository.served_versions import named_versions, read_served
from serving.repository.versions import published_versions, staged

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
SECONDS = 3.0
TIMEOUT = 120.0

WORKER = """
import random, sys, time
from dataclasses import replace
from pathlib import Path

from serving.repository.errors import VersionsError
from serving.repository.pruning import prune
from serving.repository.served_versions import change_served
from serving.repository.versions import published_versions, staged

base, role, seconds = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])

def publish():
    with staged(base) as staging:
        (staging.folder / "saved_model.pb").write_text("weights")
        staging.publish()

def pin(version):
    def change(settings):
        policy = type(settings.policy)()
        policy.specific.versions.append(version)
        return replace(settings, policy=policy, labels={"stable": version})
    return change

def roll_back():
    version = random.choice(published_versions(base))
    try:
        change_served(base, pin(version))
    except VersionsError as error:  # It was pruned since it was listed.
        assert "has no version" in str(error), error
        return 0

steps = {"publish": publish, "prune": lambda: prune(base, 1), "roll_back": roll_back}
end, done = time.monotonic() + seconds, 0
while time.monotonic() < end:
    done += steps[role]() != 0
    time.sleep(random.uniform(0, 0.003))
print(done)
"""


def test_two_people_at_once_never_leave_a_model_without_a_serving_version(tmp_path: Path) -> None:
    base = tmp_path / "m"
    with staged(base) as staging:
        (staging.folder / "saved_model.pb").touch()
        staging.publish()
    roles = ["publish", "prune", "roll_back"] * 2
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(base), role, str(SECONDS)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for role in roles
    ]
    looks, end = 0, time.monotonic() + TIMEOUT
    while any(each.poll() is None for each in workers):
        assert time.monotonic() < end
        # If both readings agree, what they name must have been there in between.
        before = read_served(base)
        published = published_versions(base)
        if read_served(base) == before:
            assert published
            assert named_versions(before) <= set(published), (before, published)
            looks += 1
        time.sleep(0.001)
    done = dict.fromkeys(roles, 0)
    for role, each in zip(roles, workers, strict=True):
        output, _ = each.communicate(timeout=TIMEOUT)
        assert each.returncode == 0
        done[role] += int(output)
    assert min(done.values()) > 3
    assert looks > 20
    assert named_versions(read_served(base)) <= set(published_versions(base))
