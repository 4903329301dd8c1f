"""The API's description: valid, complete, and true of the gateway's responses."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from serving import http_errors as errors
from serving.gateway.api.openapi.responses import error_samples
from serving.gateway.app import create_app
from serving.gateway.settings import Settings
from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer, fake_server, gateway
from tests.serving.gateway.api.described import check_described, operations

VERSION = "/v1/models/{name}/versions/{version}"
CLASSIFY = "/v1/models/{name}:classify"
EXPLAIN = "/v1/models/{name}:explain"
PATH = "/v1/models/clothing:classify"
WHY = "/v1/models/clothing:explain"
KINDS = {error.slug: error for error in error_samples(Settings()).values()}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return dict(gateway(fake_server()).get("/openapi.json").get_json())


def test_it_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()


@pytest.mark.parametrize("header", ["x-request-id", "X-Request-Timeout", "Authorization"])
def test_it_is_valid_whichever_header_names_the_client(
    source: FakeModelServer, header: str
) -> None:
    client = gateway(source, canary_header=header)
    OpenAPIV31SpecValidator(client.get("/openapi.json").get_json()).validate()
    classify = client.get("/openapi.json").get_json()["paths"][CLASSIFY]["post"]
    names = [each["name"].lower() for each in classify["parameters"]]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("settings", [{}, {"metrics_bind": "127.0.0.1:9"}])
def test_every_path_is_described_and_no_other(settings: dict[str, str]) -> None:
    app = create_app(Settings(**settings), fake_server())  # type: ignore[arg-type]
    document = app.test_client().get("/openapi.json").get_json()
    served = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, method, _ in operations(document)} == served
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    assert ("/metrics" in document["paths"]) == ("metrics_bind" not in settings)


def test_every_error_is_described(document: dict[str, Any]) -> None:
    def kinds(parent: type[errors.PhotolabelError]) -> set[str]:
        children = parent.__subclasses__()
        below = {slug for child in children for slug in kinds(child)}
        return below if children else {parent.slug}

    described = {
        slug
        for _, _, operation in operations(document)
        for response in operation["responses"].values()
        for slug in response.get("content", {})
        .get("application/problem+json", {})
        .get("examples", ())
    }
    elsewhere = {"method-not-allowed"}  # In the introduction.
    assert kinds(errors.PhotolabelError) == described | elsewhere
    assert described == KINDS.keys()


def test_an_error_is_described_where_it_can_happen(document: dict[str, Any]) -> None:
    def statuses(path: str, method: str) -> set[str]:
        return set(document["paths"][path][method]["responses"])

    assert statuses("/livez", "get") == {"200", "500"}
    assert statuses("/readyz", "get") == {"200", "400", "500", "503"}
    assert statuses("/v1/models", "get") == {"200", "400", "401", "429", "500"}
    model = {"200", "400", "401", "404", "429", "500", "503", "504"}
    assert statuses("/v1/models/{name}", "get") == model
    assert statuses(CLASSIFY, "post") == model | {"408", "413", "415", "422"}


def test_limits_and_names_are_those_of_the_settings(
    source: FakeModelServer, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.write_text("")
    limits = {"max_photos": 7, "max_body_bytes": 1_234_567, "time_budget": 2.5}
    client = gateway(
        source, models="flowers", canary_header="X-Device", api_keys_file=keys, **limits
    )
    document = client.get("/openapi.json").get_json()
    classify = document["paths"][CLASSIFY]["post"]
    content = classify["requestBody"]["content"]
    schemas = document["components"]["schemas"]
    for media_type, name, member in (
        ("multipart/form-data", "PhotoForm", "photo"),
        ("application/json", "ClassificationRequest", "images"),
    ):
        assert content[media_type]["schema"] == {"$ref": f"#/components/schemas/{name}"}
        assert schemas[name]["properties"][member]["maxItems"] == 7
    assert "1,234,567 bytes" in document["info"]["description"]
    assert "`flowers`" in document["info"]["description"]
    parameters = {each["name"]: each for each in classify["parameters"]}
    assert "2.5 s" in parameters["X-Request-Timeout"]["description"]
    assert "X-Device" in parameters
    assert classify["security"] == [{"ApiKey": []}]
    assert "Bearer $KEY" in classify["x-codeSamples"][0]["source"]
    assert document["paths"]["/livez"]["get"]["security"] == []


def test_without_configured_keys_none_is_needed(document: dict[str, Any]) -> None:
    assert document["paths"][CLASSIFY]["post"]["security"] == []


ANSWERS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "models": ("/v1/models", "get", "/v1/models", {}),
    "model": ("/v1/models/{name}", "get", "/v1/models/clothing", {}),
    "version": (VERSION, "get", "/v1/models/clothing/versions/1", {}),
    "label": ("/v1/models/{name}/labels/{label}", "get", "/v1/models/clothing/labels/old", {}),
    "livez": ("/livez", "get", "/livez", {}),
    "readyz": ("/readyz", "get", "/readyz", {}),
    "readyz of the gateway": ("/readyz", "get", "/readyz?exclude=models", {}),
    "no such check": ("/readyz", "get", "/readyz?exclude=model", {}),
    "metrics": ("/metrics", "get", "/metrics", {}),
    "openmetrics": (
        "/metrics",
        "get",
        "/metrics",
        {"headers": {"Accept": "application/openmetrics-text"}},
    ),
    "page": ("/", "get", "/", {}),
    "docs": ("/docs", "get", "/docs", {}),
    "openapi": ("/openapi.json", "get", "/openapi.json", {}),
    "style": ("/web/{file}", "get", "/web/docs.css", {}),
    "script": ("/web/{file}", "get", "/web/docs.js", {}),
    "icon": ("/web/{file}", "get", "/web/icon.svg", {}),
    "texts": ("/web/languages/{texts}", "get", "/web/languages/ru.json", {}),
    "no file": ("/web/{file}", "get", "/web/nothing", {}),
    "classify": (CLASSIFY, "post", PATH, {"data": encoded_photo()}),
    "explain": (EXPLAIN, "post", WHY, {"data": encoded_photo()}),
    "picture": (EXPLAIN, "post", f"{WHY}?format=png", {"data": encoded_photo()}),
    "bad format": (EXPLAIN, "post", f"{WHY}?format=gif", {"data": encoded_photo()}),
    "no photo": (CLASSIFY, "post", PATH, {}),
    "bad top": (CLASSIFY, "post", f"{PATH}?top=no", {"data": encoded_photo()}),
    "no model": (CLASSIFY, "post", "/v1/models/gloves:classify", {"data": encoded_photo()}),
    "no version": (VERSION, "get", "/v1/models/clothing/versions/9", {}),
    "too many": (CLASSIFY, "post", PATH, {"json": {"images": [{"b64": ""}] * 40}}),
    "too large": (CLASSIFY, "post", PATH, {"data": b"x" * 20_000_001}),
    "no image": (CLASSIFY, "post", PATH, {"data": b"text"}),
    "damaged": (CLASSIFY, "post", PATH, {"data": encoded_photo()[:200]}),
    "bad timeout": ("/readyz", "get", "/readyz", {"headers": {"X-Request-Timeout": "no"}}),
    "no time": (
        CLASSIFY,
        "post",
        PATH,
        {"data": encoded_photo(), "headers": {"X-Request-Timeout": "0.000001"}},
    ),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_a_response_is_as_described(
    case: str, client: FlaskClient, source: FakeModelServer, document: dict[str, Any]
) -> None:
    source.recognized = True
    path, method, url, options = ANSWERS[case]
    with client.open(url, method=method.upper(), **options) as response:
        check_described(document, path, method, response)


def test_models_that_are_not_ready_are_as_described(
    client: FlaskClient, source: FakeModelServer, document: dict[str, Any]
) -> None:
    source.models["clothing"] = []
    for path in ("/v1/models", "/readyz"):
        check_described(document, path, "get", client.get(path))
    assert client.get("/readyz").status_code == 503


def test_a_page_that_has_not_changed_is_as_described(
    client: FlaskClient, document: dict[str, Any]
) -> None:
    with client.get("/") as page:
        known = {"If-None-Match": page.headers["ETag"]}
    with client.get("/", headers=known) as again:
        assert again.status_code == 304
        check_described(document, "/", "get", again)


@pytest.mark.parametrize("slug", KINDS)
def test_every_error_even_unforeseen_is_as_described(
    slug: str, client: FlaskClient, source: FakeModelServer, document: dict[str, Any]
) -> None:
    source.failure = KINDS[slug]
    for described, path in ((CLASSIFY, PATH), (EXPLAIN, WHY)):
        if (described, slug) == (CLASSIFY, "not-explainable"):
            continue
        response = client.post(path, data={"photo": (io.BytesIO(encoded_photo()), "a.jpg")})
        assert response.get_json()["type"] == f"urn:photolabel:error:{slug}"
        check_described(document, described, "post", response)
