"""The types that openapi-typescript makes of the API's description, used with openapi-fetch."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serving.http_errors import ModelServerUnavailable, TooManyRequests
from tests.apps.gateway import example, model_server, small_gateway
from tests.apps.install_npm_packages import INSTALLED
from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer

pytestmark = pytest.mark.integration

CHECK = Path(__file__).with_name("check.ts")
PHOTO = base64.b64encode(encoded_photo("JPEG", (60, 80))).decode()
STRICT = ["--strict", "--noUncheckedIndexedAccess", "--noUnusedLocals"]
TARGET = ["--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"]


@pytest.fixture(scope="module")
def source() -> FakeModelServer:
    return model_server()


@pytest.fixture(scope="module")
def url(source: FakeModelServer) -> Iterator[str]:
    with small_gateway(source) as served:
        yield served


@pytest.fixture(scope="module")
def node() -> str:
    """Return the program `node`; skip the tests where it or the npm packages are missing."""
    program = shutil.which("node")
    if program is None or not INSTALLED.is_dir():
        if "REQUIRE_APP_TOOLS" in os.environ:
            pytest.fail("node or its packages are missing")
        pytest.skip("node and the npm packages are needed: make test-apps installs the packages")
    return program


@pytest.fixture(scope="module")
def compiled(node: str, url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generate the types, and compile the documented module and the check; return the folder."""
    folder = tmp_path_factory.mktemp("typescript")
    (folder / "node_modules").symlink_to(INSTALLED)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "generate.mjs").write_text(example("js", "openapiTS", url))
    (folder / "photolabel.ts").write_text(example("ts", "createClient", url))
    shutil.copy(CHECK, folder)
    assert run(folder, node, "generate.mjs") == "", "it warns of nothing"
    tsc = INSTALLED / "typescript" / "bin" / "tsc"
    run(folder, node, str(tsc), *STRICT, *TARGET, "check.ts", "photolabel.ts")
    return folder


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def calls(node: str, compiled: Path, url: str, which: str) -> list[Any]:
    printed = run(compiled, node, "check.js", url, PHOTO, which)
    return [json.loads(line) for line in printed.splitlines()]


def problem(status: int, slug: str, retry_after: str | None = None, **more: Any) -> dict[str, Any]:
    return {"status": status, "type": slug, "retryAfter": retry_after, **more}


def test_answers_and_problems_are_typed(node: str, compiled: Path, url: str) -> None:
    assert calls(node, compiled, url, "all") == [
        {"images": ["0"], "label": "shirt"},
        {"images": ["photo.jpg"], "label": "shirt"},
        {"images": ["photo.jpg"] * 3, "label": "shirt"},
        {"images": ["0"], "label": "shirt"},
        [1, 2],
        {"picture": "image/png"},
        problem(400, "malformed-request"),
        problem(404, "unknown-model"),
        problem(413, "body-too-large"),
        problem(413, "too-many-photos"),
        problem(415, "not-an-image", errors=["0"]),
        problem(422, "damaged-photo", errors=["damaged.jpg"] * 2),
    ]


def test_problems_of_the_service(
    node: str,
    compiled: Path,
    source: FakeModelServer,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(source, "failure", TooManyRequests("It is busy."))
    refused = calls(node, compiled, url, "one")
    assert refused == [problem(429, "too-many-requests", "1")]
    monkeypatch.setattr(source, "failure", ModelServerUnavailable("It is away."))
    away = calls(node, compiled, url, "one")
    assert away == [problem(503, "model-server-unavailable", "2")]


def test_the_documented_module_works(node: str, compiled: Path, url: str) -> None:
    assert calls(node, compiled, url, "documented") == [
        {"images": ["photo.jpg"] * 2},
        {"status": 404, "type": "unknown-model"},
    ]


def test_a_misspelled_member_does_not_compile(node: str, compiled: Path) -> None:
    text = (compiled / "photolabel.ts").read_text().replace("problem.detail", "problem.details")
    (compiled / "misspelled.ts").write_text(text)
    tsc = str(INSTALLED / "typescript" / "bin" / "tsc")
    with pytest.raises(AssertionError, match="details"):
        run(compiled, node, tsc, *STRICT, *TARGET, "--noEmit", "misspelled.ts")
