"""The examples of docs/trust-for-apps.md that no other test runs."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from client.results import ClassProbability, Prediction
from tests.docs.commands import blocks
from training.metrics.evaluation import Evaluation
from training.runs.predictions import SplitPredictions, write_predictions

CASES = [
    ((0.48, 0.41), True, "a or b?"),
    ((0.48, 0.21), True, "a"),
    ((0.99, 0.01), False, "Not recognized. Try another photo: one item, all of it, in good light."),
    ((0.9, 0.1), None, "a"),
]


def example(form: str, part: str) -> str:
    here = [block for block in blocks() if block.location.startswith("docs/trust-for-apps.md")]
    [text] = [block.text for block in here if block.form == form and part in block.text]
    return text


@pytest.mark.parametrize(("shares", "recognized", "expected"), CASES)
def test_what_python_tells_people(
    shares: tuple[float, float], recognized: bool | None, expected: str
) -> None:
    names: dict[str, Any] = {"__name__": "example"}
    exec(example("python", "def words").replace("from photolabel", "from client"), names)
    probabilities = tuple(map(ClassProbability, "ab", shares))

    said = names["words"](Prediction("0", "m", 1, "a", shares[0], probabilities, recognized))

    assert said == expected


def test_javascript_tells_people_the_same(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is needed")
    (tmp_path / "words.mjs").write_text(example("js", "words"))
    answers = [
        {
            "probabilities": [
                {"label": label, "probability": share}
                for label, share in zip("ab", shares, strict=True)
            ],
            **({} if recognized is None else {"recognized": recognized}),
        }
        for shares, recognized, _ in CASES
    ]
    said = f"{json.dumps(answers)}.map(words)"
    run = f"import {{ words }} from './words.mjs'; console.log(JSON.stringify({said}))"
    done = subprocess.run(
        [node, "--input-type=module", "-e", run],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert json.loads(done.stdout) == [expected for _, _, expected in CASES]


def test_what_a_threshold_would_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    classes = np.array([0] * 8 + [1] * 2)
    first = np.array([0.97] * 6 + [0.75] * 4)
    evaluation = Evaluation(("a", "b"), classes, np.stack([first, 1 - first], axis=1))
    recognized = np.array([False] + [True] * 9)
    names = [f"{number}.jpg" for number in range(10)]
    write_predictions(Path("checked.csv"), [SplitPredictions("", names, evaluation, recognized)])

    exec(example("python", "binomtest"), {})

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "from 50%: 90% of the photos, of which 77.8% are right, at least 45.3%"
    assert lines[-1] == "from 95%: 50% of the photos, of which 100.0% are right, at least 56.6%"
