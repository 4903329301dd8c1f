"""A route is one method with `@Route`: served and described from there."""

import subprocess
import sys
from typing import Any

import pytest

from serving.gateway.api.openapi.document import describe
from serving.gateway.api.routing import Described, Route, add_routes
from serving.gateway.app import create_app
from serving.gateway.settings import Settings
from serving.http_errors import NotFoundError
from tests.serving.fakes import fake_server


class Greetings:
    @Route(
        ("/v1/greetings", "/v1/greetings/<segment:name>"),
        group="Models",
        responses={200: Described("A greeting.", media_types=("text/plain",))},
        errors=(NotFoundError,),
        query=("top",),
    )
    def greet(self, name: str = "world") -> str:
        """Greet somebody.

        The whole world, by
        default.
        """
        return f"Hello, {name}"


@pytest.fixture(scope="module")
def operation() -> dict[str, Any]:
    app = create_app(Settings(), fake_server())
    add_routes(app, Greetings())
    assert app.test_client().get("/v1/greetings").text == "Hello, world"
    assert app.test_client().get("/v1/greetings/Ann").text == "Hello, Ann"
    assert app.test_client().post("/v1/greetings").status_code == 405
    with app.app_context():
        paths = describe(app, Settings())["paths"]
    assert paths["/v1/greetings"]["get"]["summary"] == "Greet somebody"
    return dict(paths["/v1/greetings/{name}"]["get"])


def test_texts_come_from_the_docstring(operation: dict[str, Any]) -> None:
    assert operation["summary"] == "Greet somebody"
    assert operation["description"] == "The whole world, by default."
    assert operation["operationId"] == "greet"


def test_it_has_what_all_keyed_paths_have(operation: dict[str, Any]) -> None:
    names = [each["name"] for each in operation["parameters"]]
    assert names[:3] == ["name", "top", "X-Request-Timeout"]
    assert set(operation["responses"]) == {"200", "400", "401", "404", "429", "500"}
    assert operation["security"] == []


def test_a_parent_stands_for_all_of_its_errors(operation: dict[str, Any]) -> None:
    content = operation["responses"]["404"]["content"]["application/problem+json"]
    assert set(content["examples"]) == {kind.slug for kind in NotFoundError.__subclasses__()}


def test_the_app_does_not_import_what_only_the_description_needs() -> None:
    check = "import sys, serving.gateway.app; sys.exit('openapi_pydantic' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)
