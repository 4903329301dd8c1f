"""Training processes that are killed, stopped, or started twice lose nothing.

PHOTOLABEL_TRAINING_KILLS=20 kills more often than by default.
"""

import json
import os
import random
import signal
from functools import partial

import numpy as np
import pytest

from tests.e2e.training_runs import Workspace

pytestmark = pytest.mark.e2e

KILLS = int(os.environ.get("PHOTOLABEL_TRAINING_KILLS", "1"))
EPOCHS, STEPS = 3, 9
BIT_BY_BIT = (
    *("--deterministic", "--set", "averaging=0.9", "--set", "early_stopping=2"),
    *("--set", "optimizer=adamw", "--set", "momentum=0"),  # It has the most state.
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(tmp_path_factory.mktemp("training"))


def all_equal(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return all(np.array_equal(first, second) for first, second in zip(one, other, strict=True))


def test_a_killed_run_ends_with_the_same_weights_bit_by_bit_and_one_version(
    workspace: Workspace,
) -> None:
    workspace.start(*BIT_BY_BIT, suffix="-whole", epochs=EPOCHS, publish=False).succeed()
    seed = random.SystemRandom().randrange(2**32)
    moments = random.Random(seed)
    for _ in range(KILLS):
        epoch, step = divmod(moments.randrange(1, EPOCHS * STEPS), STEPS)
        wanted = f"{epoch:06d}-{step:08d}.npz"
        run = workspace.start(*BIT_BY_BIT, "--checkpoint-minutes", "0", epochs=EPOCHS)
        run.wait_for(partial(workspace.has_reached, wanted))
        run.kill()
        assert workspace.versions() == []

    models = workspace.folder / "models" / "clothing"
    run = workspace.start(*BIT_BY_BIT, epochs=EPOCHS)
    assert run.wait_for(lambda: any(models.glob(".staging-*/version/*"))), "it started to publish"
    run.kill()
    assert workspace.versions() == []
    output = workspace.start(*BIT_BY_BIT, epochs=EPOCHS).succeed()

    assert "epoch 1/" not in output, "trained epochs are not trained again"
    assert workspace.versions() == [1]
    assert not list(models.glob(".staging-*"))
    assert all_equal(workspace.weights(), workspace.weights("-whole")), f"killed by seed {seed}"

    # As if it had been killed between publishing and recording it.
    facts = workspace.run_folder() / "run.json"
    facts.write_text(facts.read_text().replace('"published"', '"trained"'))
    again = workspace.start(*BIT_BY_BIT, epochs=EPOCHS).succeed()
    assert "is finished, published as models/clothing/1; --fresh begins again" in again
    assert workspace.versions() == [1]


def test_a_preempted_run_saves_a_checkpoint_and_says_how_to_resume(workspace: Workspace) -> None:
    run = workspace.start(suffix="-preempted", epochs=100_000)
    run.wait_for(lambda: workspace.checkpoints("-preempted"))
    run.process.send_signal(signal.SIGSTOP)  # The CPU is for the other one.
    status, _, error = workspace.start(suffix="-preempted", epochs=100_000).wait()
    run.process.send_signal(signal.SIGCONT)
    assert status == 1
    assert f"process {run.process.pid} on " in error
    assert "works on this run" in error

    status, output, error = run.send_signal(signal.SIGTERM)

    assert status == 75
    assert error.splitlines()[-1] == "terminated"
    assert "Traceback" not in error
    assert output.rstrip().endswith(workspace.checkpoints("-preempted")[-1])
    assert "stopped; the same command resumes from runs-preempted/clothing-cnn/" in output
    facts = json.loads((workspace.run_folder("-preempted") / "run.json").read_text())
    assert facts["status"] == "stopped"
    assert workspace.versions("-preempted") == []
