"""`predict` and the gateway give the same answer for the same file."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.drawing import encode, encoded_photo, photo
from tests.e2e.conftest import RunningStack
from training.__main__ import main

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("model", ["clothing", "cats-dogs"])
def test_files_are_classified_as_by_the_gateway(
    stack: RunningStack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    model: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    files = {
        "large.jpg": encoded_photo("JPEG", (1200, 900)),
        "small.png": encode(photo((28, 28), "L")),
        "clear.webp": encode(photo((200, 300)), "WEBP"),
    }
    for name, content in files.items():
        Path(name).write_bytes(content)

    options = ["--models", str(stack.models), "--json", "--top", "2"]
    assert main(["predict", model, *files, *options]) == 0
    found = json.loads(capsys.readouterr().out)

    parts = [("photo", (name, content)) for name, content in files.items()]
    url = f"{stack.url}/v1/models/{model}:classify?top=2"
    answer = httpx.post(url, files=parts, timeout=30).raise_for_status().json()
    assert _rounded(found) == pytest.approx(_rounded(answer), abs=1e-5)


def _rounded(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without nesting, as `pytest.approx` needs it."""
    flat: dict[str, Any] = {"model": answer["model"], "version": answer["version"]}
    for each in answer["predictions"]:
        name = each["image"]
        flat |= {f"{name} {key}": each.get(key) for key in ("label", "probability", "recognized")}
        for rank, row in enumerate(each["probabilities"]):
            flat |= {f"{name} {rank} {key}": value for key, value in row.items()}
    return flat
