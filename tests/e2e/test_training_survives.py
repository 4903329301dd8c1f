"""Training processes that are killed, told to stop, or started twice: nothing is lost.

PHOTOLABEL_TRAINING_KILLS=20 kills more often than by default.
"""

import json
import os
import random
import signal
from functools import partial

import numpy as np
import pytest

from tests.e2e.training_runs import Workplace

pytestmark = pytest.mark.e2e

KILLS = int(os.environ.get("PHOTOLABEL_TRAINING_KILLS", "1"))
EPOCHS, STEPS = 3, 9


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    return Workplace(tmp_path_factory.mktemp("training"))


def same(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return all(np.array_equal(first, second) for first, second in zip(one, other, strict=True))


def test_killed_it_gives_the_same_weights_bit_by_bit_and_one_version(place: Workplace) -> None:
    place.start("--deterministic", where="-whole", epochs=EPOCHS).done()
    seed = random.SystemRandom().randrange(2**32)
    moments = random.Random(seed)
    for _ in range(KILLS):
        epoch, step = divmod(moments.randrange(1, EPOCHS * STEPS), STEPS)
        wanted = f"{epoch:06d}-{step:08d}.npz"
        run = place.start("--deterministic", "--checkpoint-minutes", "0", epochs=EPOCHS)
        run.wait_for(partial(place.has_reached, wanted))
        run.kill()
        assert place.versions() == []

    models = place.folder / "models" / "clothing"
    run = place.start("--deterministic", epochs=EPOCHS)
    assert run.wait_for(lambda: any(models.glob(".staging-*/version/*"))), "it publishes"
    run.kill()
    assert place.versions() == []
    said = place.start("--deterministic", epochs=EPOCHS).done()

    assert "epoch" not in said, "what was trained is not trained again"
    assert place.versions() == [1]
    assert not list(models.glob(".staging-*"))
    assert same(place.weights(), place.weights("-whole")), f"killed by seed {seed}"

    # As if it had died between publishing and noting it.
    facts = place.run_folder() / "run.json"
    facts.write_text(facts.read_text().replace('"published"', '"trained"'))
    again = place.start("--deterministic", epochs=EPOCHS).done()
    assert "is finished, published as models/clothing/1; --fresh begins again" in again
    assert place.versions() == [1]


def test_preempted_it_keeps_where_it_is_and_says_how_to_go_on(place: Workplace) -> None:
    run = place.start(where="-preempted", epochs=100_000)
    run.wait_for(lambda: place.checkpoints("-preempted"))
    status, _, error = place.start(where="-preempted", epochs=100_000).end()
    assert status == 1
    assert f"process {run.process.pid} on " in error
    assert "works on this run" in error

    status, output, error = run.ask(signal.SIGTERM)

    assert status == 75
    assert error.splitlines()[-1] == "terminated"
    assert "Traceback" not in error
    assert output.rstrip().endswith(place.checkpoints("-preempted")[-1])
    assert "stopped; the same command resumes from runs-preempted/clothing-cnn/" in output
    facts = json.loads((place.run_folder("-preempted") / "run.json").read_text())
    assert facts["status"] == "stopped"
    assert place.versions("-preempted") == []
