import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import namedtuple
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from serving.repository.versions import published_versions
from training.errors import TrainingError
from training.model_cards import VERSION_CARD
from training.networks.building import network_to_fit, network_to_serve
from training.publishing.model_folder import check_writable
from training.publishing.publish import publish
from training.publishing.saved_model import write_saved_model
from training.publishing.warmup import write_warmup
from training.recipe import Recipe

ROOT = Path(__file__).parents[3]
TIMEOUT_SECONDS = 300  # The machine may be busy with other things.
CARD = {
    "name": "clothing",
    "labels": [str(number) for number in range(10)],
    "preparation": "garment/1",
    "metrics": {},
}


@pytest.fixture
def network(tiny_recipe: Recipe) -> keras.Model:
    return network_to_serve(tiny_recipe, network_to_fit(tiny_recipe, 10))


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path / "models" / "clothing"


def is_empty(base: Path) -> bool:
    """Return whether only the bookkeeping files are left."""
    return set(os.listdir(base)) <= {".lock", ".last-version"}


def test_versions_are_numbered_and_load(network: keras.Model, base: Path) -> None:
    assert [publish(network, CARD, base) for _ in range(2)] == [1, 2]

    photos = np.full((3, 28, 28, 1), 99, np.uint8)
    loaded = tf.saved_model.load(str(base / "2"))
    probabilities = loaded.signatures["serving_default"](image=tf.constant(photos))["probabilities"]
    assert np.allclose(probabilities, network.predict_on_batch(photos), atol=1e-6)


def exporting(monkeypatch: pytest.MonkeyPatch, damage: Any) -> None:
    """Let `damage` change the network after the export, or the folder it was exported to."""

    def damaged(network: keras.Model, card: dict[str, Any], folder: Path, *more: Any) -> None:
        write_saved_model(network, card, folder, *more)
        damage(folder)

    monkeypatch.setattr("training.publishing.publish.write_saved_model", damaged)


def test_a_model_with_other_weights_than_in_memory_is_not_published(
    network: keras.Model, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nudge(folder: Path) -> None:
        bias = network.get_layer("probabilities").bias
        bias.assign(bias + np.linspace(0, 1e-3, 10))

    exporting(monkeypatch, nudge)
    with pytest.raises(TrainingError, match=r"not published: probabilities .* differ by \d"):
        publish(network, CARD, base)
    assert is_empty(base)


@pytest.mark.parametrize(
    ("name", "value"), [("labels", ["x"] * 10), ("preparation", "squash/1"), ("metrics", {"a": 1})]
)
def test_a_model_with_another_description_than_its_card_is_not_published(
    network: keras.Model, base: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    monkeypatch.setattr(
        "training.publishing.publish.write_saved_model",
        lambda network, card, *more: write_saved_model(network, {**card, name: value}, *more),
    )

    reported = "card" if name == "metrics" else name
    with pytest.raises(
        TrainingError, match=f"not published: `{reported}` of the exported model is "
    ):
        publish(network, CARD, base)
    assert is_empty(base)


def test_a_model_with_a_damaged_card_file_is_not_published(
    network: keras.Model, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporting(monkeypatch, lambda folder: (folder / VERSION_CARD).write_text("{}"))

    with pytest.raises(TrainingError, match=r"model_card\.json does not read back"):
        publish(network, CARD, base)
    assert is_empty(base)


def test_a_model_with_another_report_is_not_published(
    network: keras.Model, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.publishing.saved_model.compressed", lambda report: b"another")

    with pytest.raises(TrainingError, match="the report does not read back"):
        publish(network, CARD, base, report="<p>")
    assert is_empty(base)


def test_a_model_that_refuses_a_warm_up_record_is_not_published(
    network: keras.Model, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "training.publishing.saved_model.write_warmup",
        lambda folder, model, shape: write_warmup(folder, model, (28, 28, 3)),
    )

    with pytest.raises(TrainingError, match="not published: a warm-up record fails"):
        publish(network, CARD, base)
    assert is_empty(base)


def test_a_full_disk_is_reported_in_one_line(
    network: keras.Model, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("training.publishing.publish.write_saved_model", full)
    with pytest.raises(TrainingError) as raised:
        publish(network, CARD, base)

    assert str(raised.value) == "not published: cannot write the model (No space left on device)"
    assert is_empty(base)


def test_a_write_that_tensorflow_cannot_finish_is_reported_in_one_line(base: Path) -> None:
    """Files are limited to 20,000 bytes, as if the disk filled up while one was written."""
    code = """
import resource, signal, sys
from dataclasses import replace
from pathlib import Path
from tests.training.publishing.test_publish import CARD
from training.errors import TrainingError
from training.networks.building import network_to_fit, network_to_serve
from training.publishing.publish import publish
from training.recipes import RECIPES

recipe = RECIPES["clothing-dense128-adam"]
network = network_to_serve(recipe, network_to_fit(recipe, 10))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    publish(network, CARD, Path(sys.argv[1]))
except TrainingError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, base],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )

    assert done.stdout.startswith("not published: cannot write the model (")
    assert done.stdout.count("\n") == 1
    assert is_empty(base)


def test_too_little_space_is_reported_before_anything_is_trained_or_written(
    base: Path, network: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(2**30, 0, 2**20))

    with pytest.raises(TrainingError, match="models can't be published: too little space"):
        check_writable(base)
    with pytest.raises(TrainingError, match="not published: too little space"):
        publish(network, CARD, base)
    assert is_empty(base)


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.training.publishing.test_publish import CARD
from training.publishing import saved_model
from training.publishing import publish as publishing
from training.networks.building import network_to_fit, network_to_serve
from training.recipes import RECIPES

recipe = RECIPES["clothing-dense128-adam"]
network = network_to_serve(recipe, network_to_fit(recipe, 10))
base = Path(sys.argv[1])


def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)


if sys.argv[2] == "checked":
    check = publishing.check_saved_model
    publishing.check_saved_model = lambda *arguments: (check(*arguments), die())
elif sys.argv[2] == "exporting":
    saved_model.write_warmup = die
publishing.publish(network, CARD, base)
"""


def test_a_publisher_killed_while_writing_leaves_nothing_to_load(
    base: Path, network: keras.Model
) -> None:
    for moment in ("exporting", "checked"):
        command = [sys.executable, "-c", KILLED, str(base), moment]
        killed = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=TIMEOUT_SECONDS)
        assert killed.returncode == -signal.SIGKILL
        assert published_versions(base) == []
        assert any(name.startswith(".staging-") for name in os.listdir(base))

    publish(network, CARD, base)
    assert set(os.listdir(base)) == {".lock", ".last-version", "1"}


def test_two_publishers_at_once_both_publish(base: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(base), "never"]
    pipe = subprocess.DEVNULL
    both = [subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe) for _ in range(2)]
    assert [publisher.wait(TIMEOUT_SECONDS) for publisher in both] == [0, 0]

    assert published_versions(base) == [1, 2]
    for number in ("1", "2"):
        card = base / number / "assets.extra" / "model_card.json"
        assert json.loads(card.read_text("utf-8")) == CARD
