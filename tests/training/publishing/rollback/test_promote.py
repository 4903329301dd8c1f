"""`promote --label`: the gate's view of two cards, the canary's share, and bare model servers."""

import json
from pathlib import Path
from typing import Any

import pytest

from serving.repository.served_versions import read_served
from tests.training.publishing.rollback.published import publish
from tests.training.publishing.rollback.tensorflow_serving import TensorFlowServing, listening
from training.__main__ import main

SAME_DATA: dict[str, Any] = {"data": {"sha256": "d"}}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return the folder of a model in `models`, with a version that has the label `stable`."""
    base = tmp_path / "models" / "pets"
    publish(base, **SAME_DATA)
    assert main(["promote", "pets", "1", "--label", "stable"]) == 0
    return base


def labels(base: Path) -> dict[str, int]:
    return dict(read_served(base).labels)


def gate(**record: Any) -> dict[str, Any]:
    return {"gate": {"serving": None, "difference": None, "faults": [], "forced": False, **record}}


def test_a_version_becomes_canary_then_stable_and_goes_back(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(base, accuracy=0.92, **SAME_DATA)
    assert main(["promote", "pets", "newest", "--label", "canary"]) == 0
    output = capsys.readouterr().out
    assert labels(base) == {"stable": 1, "canary": 2}
    assert "label canary: version 2; before: none" in output
    assert "to undo this: python -m training label pets canary --remove" in output
    assert main(["promote", "pets", "2", "--label", "stable"]) == 0
    assert labels(base) == {"stable": 2, "canary": 2}
    capsys.readouterr()
    assert main(["promote", "pets", "1", "--label", "stable"]) == 0
    assert labels(base)["stable"] == 1
    assert "version 1 is older than version 2: not compared" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("card", "accuracy", "reason"),
    [
        (
            SAME_DATA,
            0.89,
            "is less accurate than version 1, which serves: 89.00% instead of 90.00%",
        ),
        (
            gate(faults=["its test accuracy is below the floor"], forced=True),
            0.95,
            "was published against the publishing gate: its test accuracy is below the floor",
        ),
    ],
)
def test_a_worse_version_is_refused(
    card: dict[str, Any],
    accuracy: float,
    reason: str,
    base: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    publish(base, accuracy=accuracy, **card)
    for label in ("canary", "stable"):
        assert main(["promote", "pets", "2", "--label", label]) == 3
        assert reason in capsys.readouterr().err
    assert labels(base) == {"stable": 1}
    assert main(["promote", "pets", "2", "--label", "stable", "--force"]) == 0
    assert f"promoted by force: version 2 {reason}" in capsys.readouterr().out
    assert labels(base) == {"stable": 2}


@pytest.mark.parametrize(
    ("card", "accuracy", "options", "said"),
    [
        # The gate has compared the two, and allowed a loss.
        (SAME_DATA | gate(serving=1, difference={"estimate": -0.01}), 0.89, [], ""),
        (SAME_DATA, 0.89, ["--tolerance", "1"], ""),
        ({"data": {"sha256": "e"}}, 0.5, [], "were tested on different photos"),
        ({"gate": "?"}, 0.9, [], "has another kind of model card"),
    ],
)
def test_what_cards_do_not_say_is_no_reason(
    card: dict[str, Any],
    accuracy: float,
    options: list[str],
    said: str,
    base: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    publish(base, accuracy=accuracy, **card)
    capsys.readouterr()
    assert main(["promote", "pets", "2", "--label", "canary", *options]) == 0
    output = capsys.readouterr().out
    assert said in output
    assert said or "compared" not in output


def test_a_damaged_version_is_refused(base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish(base)
    (base / "2" / "saved_model.pb").write_bytes(b"other")
    assert main(["promote", "pets", "2", "--label", "canary"]) == 1
    assert "nothing has changed" in capsys.readouterr().err
    assert labels(base) == {"stable": 1}


def test_the_share_is_written_after_the_label(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(base, **SAME_DATA)
    file = tmp_path / "shares"
    place = ["--share", "0.25", "--shares-file", str(file)]
    command = ["promote", "pets", "2", "--label", "canary", *place]
    assert main(command) == 1
    assert "cannot read" in capsys.readouterr().err
    file.write_text("pets 10")
    assert main(command) == 1
    message = f"nothing has changed: {file}, line 1: a share is a number from 0 to 1, not '10'"
    assert message in capsys.readouterr().err
    assert labels(base) == {"stable": 1}
    file.write_text("# shares\npets 0.1\n")
    assert main(command) == 0
    assert file.read_text() == "# shares\npets 0.25\n"
    assert f"the canary gets 25% of the requests ({file})" in capsys.readouterr().out
    assert main(command) == 0
    assert (
        "1 serves already, with the label stable; label canary: version 2"
        in capsys.readouterr().out
    )


def test_the_share_may_be_in_a_config_map(
    base: Path, cluster: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(base, **SAME_DATA)
    file = cluster / "photolabel-canary.json"
    metadata = {"name": "canary", "resourceVersion": "1"}
    file.write_text(json.dumps({"metadata": metadata, "data": {"shares": "pets 0.1\n"}}))
    place = ["--share", "0.5", "--shares-config-map", "photolabel/canary"]
    assert main(["promote", "pets", "2", "--label", "canary", *place]) == 0
    assert json.loads(file.read_text())["data"] == {"shares": "pets 0.5\n"}
    assert "(ConfigMap photolabel/canary)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--label", "canary", "--share", "1.5", "--shares-file", "f"], "--share is a number"),
        (["--label", "canary", "--share", "0.5"], "--share needs --shares-file FILE or"),
        (["--label", "canary", "--shares-file", "f"], "need --share"),
        (["--label", "stable", "--share", "0.5", "--shares-file", "f"], "it goes with --label"),
        (["--label", "canary", "--tolerance", "-1"], "--tolerance is 0 to 100 points"),
        (["--label", "canary", "--metrics", "m"], "--metrics needs --auto"),
        (["--auto"], "--auto needs --metrics"),
        (["--auto", "--metrics", "m", "--every", "0"], "--every is a number above 0"),
        (["--auto", "--metrics", "m", "--requests", "0"], "--requests is at least 1"),
        (["--label", "canary", "--model_base_path", "/m"], "needs --model-server"),
    ],
)
def test_wrong_options_are_explained(
    options: list[str], message: str, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["promote", "pets", "1", *options]) == 2
    assert message in capsys.readouterr().err


def test_bare_model_servers_are_sent_the_labels(
    base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        publish(base, **SAME_DATA)
    pin = "model_version_policy { specific { versions: 1 } }"
    entry = f'config {{ name: "pets" base_path: "{base}" model_platform: "tensorflow" {pin} }}'
    one, other = (
        TensorFlowServing(lambda: f"model_config_list {{ {entry} }}", "pets", [1, 2, 3])
        for _ in "ab"
    )
    other.broken.add(3)
    with listening(one) as first, listening(other) as second:
        place = ["--model_base_path", str(base), "--model-server", first, "--model-server", second]
        assert main(["promote", "pets", "2", "--label", "canary", *place]) == 0
        output = capsys.readouterr().out
        assert "a restart of the model server forgets this" in output
        assert f"--model_base_path {base} --model-server {first}" in output
        for server in (one, other):
            assert (server.labels, server.loaded) == ({"stable": 1, "canary": 2}, {1, 2})
            assert (server.rejected, set(server.served)) == (0, {1})
        assert main(["promote", "pets", "2", "--label", "stable", *place]) == 0
        assert one.labels == other.labels == {"stable": 2, "canary": 2}
        assert main(["label", "pets", "beta", "2", *place]) == 2
        assert "the label beta needs a --model_config_file" in capsys.readouterr().err
        assert main(["label", "pets", "canary", "--remove", *place]) == 0
        assert main(["promote", "pets", "3", "--label", "stable", *place, "--timeout", "9"]) == 1
        assert "did not load version 3 of pets: out of memory" in capsys.readouterr().err
        assert one.labels == other.labels == {"stable": 2}
        assert one.loaded == {1, 2}
