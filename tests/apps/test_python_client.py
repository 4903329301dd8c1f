"""The Python client that openapi-python-client makes of the API's description."""

import base64
import importlib
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from serving.gateway.api.api_keys import new_key
from serving.http_errors import ModelServerUnavailable, TooManyRequests
from tests.apps.gateway import PRINTED, example, model_server, small_gateway
from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer

pytestmark = pytest.mark.integration

PACKAGE = "photolabel_api"
GENERATOR = Path(sys.executable).with_name("openapi-python-client")
PHOTO = encoded_photo("JPEG", (60, 80))


@pytest.fixture(scope="module")
def source() -> FakeModelServer:
    return model_server()


@pytest.fixture(scope="module")
def url(source: FakeModelServer) -> Iterator[str]:
    with small_gateway(source) as served:
        yield served


@pytest.fixture(scope="module")
def generated(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Generate the client; return the folder to import it from."""
    if not GENERATOR.exists():
        pytest.skip("openapi-python-client is not installed")
    folder = tmp_path_factory.mktemp("generated")
    (folder / "document.json").write_text(httpx.get(f"{url}/openapi.json").text)
    overrides = "content_type_overrides:\n  image/png: application/octet-stream\n"
    (folder / "settings.yaml").write_text(f"post_hooks: []\n{overrides}")
    options = ["--path", "document.json", "--meta", "none", "--output-path", PACKAGE]
    done = subprocess.run(
        [GENERATOR, "generate", *options, "--config", "settings.yaml"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed
    assert printed.strip() == f"Generating {PACKAGE}", "it warns of nothing"
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def api(generated: Path) -> Callable[[str], ModuleType]:
    """Return a function that imports a module of the client."""
    return lambda name: importlib.import_module(f"{PACKAGE}.{name}".removesuffix("."))


@pytest.fixture
def classify(api: Any, url: str) -> Callable[..., Any]:
    """Return the generated function for `:classify`, with a client; it returns its response."""
    client = api("client").Client(base_url=url)
    function = api("api.classify.classify").sync_detailed
    return lambda body, model="clothing", **options: function(
        model, client=client, body=body, **options
    )


def file_of(api: Any, content: bytes = PHOTO, name: str = "photo.jpg") -> Any:
    return api("types").File(io.BytesIO(content), name)


def form_of(api: Any, *names: str, content: bytes = PHOTO) -> Any:
    return api("models").PhotoForm(photo=[file_of(api, content, name) for name in names])


def test_a_photo_as_the_body(api: Any, classify: Any) -> None:
    response = classify(file_of(api), top=2)
    answer = response.parsed
    assert response.status_code == 200
    assert isinstance(answer, api("models").ClassificationResponse)
    assert (answer.model, answer.version) == ("clothing", 1)
    [prediction] = answer.predictions
    assert (prediction.image, prediction.label, prediction.recognized) == ("0", "shirt", True)
    assert [each.label for each in prediction.probabilities] == ["shirt", "bag"]
    assert prediction.probabilities[0].probability == prediction.probability == 0.5


@pytest.mark.parametrize("names", [["a.jpg"], ["a.jpg", "b.jpg", "c.jpg"]])
def test_a_form(api: Any, classify: Any, names: list[str]) -> None:
    answer = classify(form_of(api, *names)).parsed
    assert [prediction.image for prediction in answer.predictions] == names


def test_json(api: Any, classify: Any) -> None:
    models = api("models")
    photo = models.EncodedPhoto(b64=base64.b64encode(PHOTO).decode())
    answer = classify(models.ClassificationRequest(images=[photo, photo])).parsed
    assert [prediction.image for prediction in answer.predictions] == ["0", "1"]


def test_heat_maps_and_models(api: Any, url: str) -> None:
    client = api("client").Client(base_url=url)
    explain = api("api.classify.explain").sync
    explanation = explain("clothing", client=client, body=file_of(api))
    assert explanation.predictions[0].heat[0][0] == 0.0
    models = api("api.models.list_models").sync(client=client).models
    assert [(model.name, model.state) for model in models] == [
        ("clothing", "ready"),
        ("cats-dogs", "ready"),
    ]
    model = api("api.models.get_model_label").sync("clothing", "stable", client=client)
    assert (model.version, model.input_.height, model.labels[0]) == (1, 28, "shirt")
    assert model.card["recipe"] == "drawn"
    labels = [(each.label, each.version, each.share) for each in model.version_labels]
    assert labels == [("stable", 1, 1.0)]


def test_a_picture_is_bytes(api: Any, generated: Path, url: str) -> None:
    if not (generated / PACKAGE / "api" / "classify" / "prepare.py").exists():
        pytest.skip("this gateway has no route for a picture alone")
    client = api("client").Client(base_url=url)
    prepare = api("api.classify.prepare").sync
    picture = prepare("clothing", client=client, body=file_of(api))
    assert picture.payload.read().startswith(b"\x89PNG")
    problem = prepare("clothing", client=client, body=file_of(api, b"text"))
    assert problem.status == 415


def check_problem(api: Any, response: Any, status: int, slug: str) -> Any:
    problem = response.parsed
    assert isinstance(problem, api("models").Problem)
    assert response.status_code == problem.status == status
    assert problem.type_ == f"urn:photolabel:error:{slug}"
    assert problem.title
    assert problem.detail
    assert problem.request_id == response.headers["X-Request-ID"]
    return problem


def test_problems_of_the_request(api: Any, classify: Any) -> None:
    check_problem(api, classify(file_of(api), top=0), 400, "malformed-request")
    check_problem(api, classify(file_of(api), model="gloves"), 404, "unknown-model")
    check_problem(api, classify(file_of(api, bytes(100_001))), 413, "body-too-large")
    check_problem(api, classify(form_of(api, *"abcd", content=b"x")), 413, "too-many-photos")
    problem = check_problem(api, classify(file_of(api, b"text")), 415, "not-an-image")
    assert "curl" in problem.example


def test_a_key(api: Any, source: FakeModelServer, tmp_path: Path) -> None:
    key, line = new_key()
    (tmp_path / "keys").write_text(line)
    classify = api("api.classify.classify").sync_detailed
    with small_gateway(source, api_keys_file=tmp_path / "keys") as url:
        with_key = api("client").AuthenticatedClient(base_url=url, token=key)
        assert classify("clothing", client=with_key, body=file_of(api)).parsed.version == 1
        without = api("client").Client(base_url=url)
        response = classify("clothing", client=without, body=file_of(api))
    check_problem(api, response, 401, "unauthorized")


def test_every_bad_photo_is_named(api: Any, classify: Any) -> None:
    form = form_of(api, "a.jpg", "b.jpg", content=PHOTO[:200])
    problem = check_problem(api, classify(form), 422, "damaged-photo")
    assert [(bad.image, bad.status) for bad in problem.errors] == [("a.jpg", 422), ("b.jpg", 422)]


def test_problems_of_the_service(
    api: Any, classify: Any, source: FakeModelServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "failure", TooManyRequests("It is busy."))
    response = classify(file_of(api))
    check_problem(api, response, 429, "too-many-requests")
    assert response.headers["Retry-After"] == "1"
    monkeypatch.setattr(source, "failure", ModelServerUnavailable("It is away."))
    response = classify(file_of(api))
    check_problem(api, response, 503, "model-server-unavailable")
    assert response.headers["Retry-After"] == "2"


def test_the_example_of_the_docs_works(generated: Path, url: str) -> None:
    for name in ("photo.jpg", "other.jpg"):
        (generated / name).write_bytes(PHOTO)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example("python", PACKAGE, url)],
        cwd=generated,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == PRINTED


@pytest.mark.skipif("REQUIRE_APP_TOOLS" not in os.environ, reason="slow: make test-apps runs it")
def test_the_client_passes_a_strict_type_checker(generated: Path, url: str) -> None:
    (generated / "example.py").write_text(example("python", PACKAGE, url))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "example.py"],
        cwd=generated,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
