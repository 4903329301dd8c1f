"""Checks of values and responses against the API's description."""

from collections.abc import Iterator
from typing import Any

from openapi_schema_validator import OAS31Validator
from werkzeug.wrappers import Response


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def check_schema(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    """Check a value against a schema of the document."""
    whole = {**schema, "components": document["components"]}
    OAS31Validator(whole, format_checker=OAS31Validator.FORMAT_CHECKER).validate(value)


def check_described(document: dict[str, Any], path: str, method: str, response: Response) -> None:
    """Check that the document describes a response: status, headers, media type, schema."""
    described = document["paths"][path][method]["responses"][str(response.status_code)]
    for name, header in described["headers"].items():
        if header["required"] or name in response.headers:
            check_schema(document, header["schema"], response.headers[name])
    if "content" not in described:
        assert not response.data
        return
    content = described["content"][response.mimetype]
    check_schema(document, content["schema"], response.get_json() if response.is_json else "")
    if response.mimetype == "application/problem+json":  # One schema for all: examples say more.
        problem = response.get_json()
        assert problem["status"] == response.status_code
        assert problem["type"].removeprefix("urn:photolabel:error:") in content["examples"]
