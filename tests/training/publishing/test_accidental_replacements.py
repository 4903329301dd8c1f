"""Twenty ways and more to replace a good model by a bad one by accident, each of them refused."""

import hashlib
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from serving.repository.versions import published_versions
from tests.training.conftest import CommandLine
from tests.training.publishing.letters import COUNTS, Attempt, attempt, better, draw, worse
from training.data.loaders.fashion_mnist import load_fashion_mnist
from training.errors import Refused
from training.publishing.gate_policy import GatePolicy
from training.publishing.publish import publish
from training.publishing.training_photos import (
    ascending,
    training_digests,
    write_training_photos,
)

pytestmark = pytest.mark.usefixtures("strict")

POLICY = GatePolicy()
RUN = Path("runs/letters")


def refused(run: Attempt, right: np.ndarray, *reasons: str, **started: Path) -> None:
    """Check that the gate refuses, in one line with these reasons, unless it is forced."""
    with pytest.raises(Refused) as raised:
        run.judged(right, POLICY, RUN, **started).check()
    line = str(raised.value)
    assert raised.value.exit_status == 3
    assert "\n" not in line
    assert all(reason in line for reason in reasons), line
    assert line.count("Also, ") == len(reasons) - 1, line
    run.judged(right, GatePolicy(force=True), RUN, **started).check()


def test_1_other_photos_with_the_same_labels(live: Attempt, tmp_path: Path) -> None:
    other = attempt(draw(tmp_path / "other", first=1000), Path("models"))
    trained = len(live.data.training)
    reason = f"only 0 of the {trained} photos that version 1, which serves, was trained on are in"
    refused(other, other.easy() | True, reason)


@pytest.mark.parametrize(
    ("labels", "difference"),
    [
        ({"rose": 60, "tulip": 60}, "(added: rose, tulip; missing: a, b, c)"),  # 2: another model's
        ({"a": 120, "b": 120}, "(missing: c)"),  # 3: a class is missing
        ({**COUNTS, "new": 60}, "(added: new)"),  # 4: a folder too many
        ({"A": 120, "B": 120, "C": 120}, "(added: A, B, C; missing: a, b, c)"),  # 5: renamed
    ],
)
def test_2_to_5_other_labels(
    live: Attempt, tmp_path: Path, labels: dict[str, int], difference: str
) -> None:
    other = attempt(draw(tmp_path / "other", labels), Path("models"))
    right = np.ones(len(other.data.test), bool)
    refused(other, right, f"its labels are not those of version 1, which serves {difference}")


def test_6_labels_mixed_up(live: Attempt, shop: Path) -> None:
    """The model is as good as before, on photos under wrong labels."""
    for old, new in (("a", "x"), ("b", "a"), ("c", "b"), ("x", "c")):
        (shop / old).rename(shop / new)
    mixed = attempt(shop, Path("models"))
    reason = "check that the labels are not mixed up"
    refused(mixed, np.ones(len(mixed.data.test), bool), reason)


def test_7_one_epoch(live: Attempt) -> None:
    refused(
        live,
        worse(live.easy(), 15),
        "47.06% (24 of 51 photos) is not clearly better than always naming 'b', 41.18%: 95% ",
        "it is worse than version 1, which serves: -29.41 points of accuracy on the same 51 test",
    )


def test_8_chance(tmp_path: Path) -> None:
    """There is no version yet; the labels are five."""
    run = attempt(draw(tmp_path / "five", dict.fromkeys("abcde", 120)), Path("models"))
    right = np.arange(len(run.data.test)) % 5 == 0
    refused(run, right, "is not clearly better than always naming ")


def test_9_always_the_largest_class(tmp_path: Path) -> None:
    run = attempt(draw(tmp_path / "rare", {"a": 300, "b": 60}), Path("models"))
    refused(run, run.data.test.classes == 0, "is not clearly better than always naming 'a', ")


def test_10_worse_by_a_point(tmp_path: Path) -> None:
    run = attempt(draw(tmp_path / "shop", {"a": 330, "b": 330}), Path("models"))
    run.serve()
    assert len(run.data.test) == pytest.approx(100, abs=10)
    refused(
        run,
        worse(run.easy(), 1),
        "points of accuracy on the same",
    )


def test_11_worse_by_a_photo_gained_and_two_lost(live: Attempt) -> None:
    right = better(worse(live.easy(), 2), 1)
    refused(
        live, right, "1 photos gained, 2 lost); the loss may be chance, and --tolerance 2 accepts"
    )


def test_12_the_same_again(live: Attempt) -> None:
    """Neither the version that serves nor what it is compared with changes by a refusal."""
    for _ in range(2):
        refused(live, worse(live.easy(), 1), "it is worse than version 1, which serves")


def test_13_within_the_tolerance_twice_in_a_row(live: Attempt) -> None:
    tolerant, right = GatePolicy(tolerance=2.0), worse(live.easy(), 1)
    live.judged(right, tolerant, RUN).check()
    live.serve(right.mean(), fourth=1)
    second = live.judged(worse(right, 1), tolerant, RUN)
    with pytest.raises(Refused, match="it is worse than version 1, the best one so far"):
        second.check()


def test_14_worse_than_the_version_rolled_back_to(live: Attempt) -> None:
    live.serve(0.2, labels=("b", "c", "a"))  # Published by force: its labels are mixed up.
    (live.base / ".serving.config").write_text("model_version_policy { specific { versions: 1 } }")
    refused(live, worse(live.easy(), 5), "it is worse than version 1, which serves")


def test_15_worse_than_the_version_labelled_stable(live: Attempt) -> None:
    live.serve(0.2, labels=("b", "c", "a"))
    (live.base / ".serving.config").write_text('version_labels { key: "stable" value: 1 }')
    refused(live, worse(live.easy(), 5), "it is worse than version 1, which serves")


def test_16_better_only_on_photos_that_the_other_was_trained_on(shop: Path, live: Attempt) -> None:
    again = attempt(shop, Path("models"), split_seed=2)
    then = set(live.data.contents(live.data.training) or ())
    unseen = np.array([each not in then for each in again.data.contents(again.data.test) or ()])
    right = ~unseen | worse(again.easy() & unseen, 4)
    where = f"on the {unseen.sum()} of {len(unseen)} test photos that neither was trained on"
    refused(again, right, where)


def test_17_all_test_photos_were_trained_on(live: Attempt, tmp_path: Path) -> None:
    """A new split folder whose test photos were in the training before."""
    folder = tmp_path / "split"
    then = set(live.data.contents(live.data.training) or ())
    _split_by(tmp_path / "shop", folder, then)
    again = attempt(folder, Path("models"))
    count = len(again.data.test)
    reason = f"one of the two was trained on {count} of the {count} test photos"
    refused(again, np.ones(count, bool), f"version 1, which serves: {reason}")


def test_18_started_from_a_model_that_was_trained_on_the_test_photos(
    live: Attempt, shop: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other run"
    other.mkdir()
    everything = [each for split in live.data.splits for each in live.data.contents(split) or ()]
    write_training_photos(ascending(everything), other / "training_photos.npy")
    count = len(live.data.test)
    reasons = (
        f"it was trained on {count} of the {count} test photos, with the model that it started",
        f"one of the two was trained on {count} of the {count} test photos",
    )
    refused(live, live.easy() | True, *reasons, started_from=other)


def test_19_an_old_version_that_does_not_tell_what_it_was_trained_on(live: Attempt) -> None:
    live.serve(trained_on=None, data={"sha256": "e" * 64})
    refused(live, live.easy(), "version 2, which serves: it has no digests of its training photos")


def test_20_eight_test_photos(tmp_path: Path) -> None:
    for split, first in (("train", 1), ("validation", 7), ("test", 13)):
        draw(tmp_path / "few" / split, {"a": 4, "b": 4}, first)
    run = attempt(tmp_path / "few", Path("models"))
    assert run.easy().tolist() == [True] * 8
    run.judged(run.easy(), POLICY, RUN).check()
    run.serve()
    run.judged(run.easy(), POLICY, RUN).check()
    refused(
        run,
        worse(run.easy(), 1),
        "is not clearly better than always naming 'a', 50.00%",
        "; the loss may be chance, and --tolerance 12.5 accepts such losses",
    )


def test_21_worse_at_another_size(live: Attempt, shop: Path) -> None:
    larger = attempt(shop, Path("models"), shape=(4, 4, 3))
    right = worse(live.easy(), 1)
    refused(larger, right, "it is worse than version 1, which serves: -1.96 points of accuracy")


def test_22_a_third_of_the_folder(live: Attempt, tmp_path: Path) -> None:
    part = attempt(draw(tmp_path / "part", dict.fromkeys("abc", 40)), Path("models"))
    reason = f"of the {len(live.data.training)} photos that version 1, which serves, was trained on"
    with pytest.raises(Refused, match=reason):
        part.judged(np.ones(len(part.data.test), bool), POLICY, RUN).check()


def _split_by(folder: Path, target: Path, test: set[str]) -> None:
    """Copy photos into folders of splits; those with a sha256 in `test` are training and test."""
    for number, path in enumerate(sorted(folder.rglob("*.png"))):
        known = hashlib.sha256(path.read_bytes()).hexdigest() in test
        split = ("train" if number % 2 else "test") if known else "validation"
        copy = target / split / path.parent.name / path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)


def test_from_the_command_line_a_refusal_leaves_what_serves(
    train: CommandLine, garments: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The model that serves finds the bar of each class; the other is fitted for one epoch."""
    data = load_fashion_mnist(garments, 0.05)
    image = keras.Input((28, 28, 1), dtype="uint8")
    head = keras.layers.Dense(10, activation="softmax", use_bias=False)
    network = keras.Model(image, head(keras.layers.Flatten()(keras.layers.Rescaling(0.01)(image))))
    kernel = np.zeros((28, 28, 10), np.float32)
    for number in range(10):
        kernel[2 * number + 4 : 2 * number + 7, 4:24, number] = 1
    head.set_weights([kernel.reshape(784, 10)])
    card = {
        "name": "clothing",
        "labels": list(data.labels),
        "preparation": "garment/2",
        "data": {"sha256": data.digest},
    }
    publish(network, card, Path("models/clothing"), training_photos=training_digests(data))

    assert train() == 3
    error = capsys.readouterr().err
    assert "is not clearly better than always naming " in error
    assert "it is worse than version 1, which serves: -" in error
    assert published_versions(Path("models/clothing")) == [1]
