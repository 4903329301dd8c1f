"""The request body: the ways to send photos."""

from collections.abc import Sequence
from typing import Any

from openapi_pydantic import Encoding, Example, MediaType, Reference, RequestBody, Schema
from openapi_pydantic.util import PydanticSchema

from serving.gateway.api.schemas import ClassificationRequest
from serving.gateway.api.uploads import MAX_FIELDS
from serving.gateway.settings import Settings

PHOTO_FORM = "PhotoForm"
"""The name of the schema of `photo_form`."""

# A white pixel, as a PNG file in base64.
TINY_PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEAHLCMmQAAAABJRU5ErkJggg=="
)


def photos_body(settings: Settings) -> RequestBody:
    """Return the body of a request with photos, with the limits of the settings."""
    formats = settings.photo_limits().formats
    description = (
        f"One photo ({', '.join(formats)}) as the body; or up to {settings.max_photos} as file"
        f" parts of a form or as base64 in JSON. At most {settings.max_body_bytes:,} bytes in all."
        " A photo is recognized by its first bytes, so one sent as the body may have any other"
        " `Content-Type`, such as `image/jpeg`. A `Content-Encoding` is not accepted."
    )
    # Generators know application/octet-stream, and most of them no other type of plain bytes.
    content = {
        "application/octet-stream": MediaType(
            schema=Schema(type="string", schema_format="binary", description="The file's bytes.")
        ),
        "multipart/form-data": _form(formats),
        "application/json": _json(),
    }
    return RequestBody(description=description, required=True, content=content)


def photo_form(settings: Settings) -> Schema:
    """Return the schema of a form with photos."""
    photo = Schema(
        type="array",
        minItems=1,
        maxItems=settings.max_photos,
        items=Schema(type="string", schema_format="binary"),
        description="Parts with a file name, an image's `Content-Type` or an image's first bytes,"
        f" under this or any other field name. At most {MAX_FIELDS} other parts are ignored.",
    )
    return Schema(
        type="object",
        description="Photos to classify, as parts of a form.",
        properties={"photo": photo},
        required=["photo"],
    )


def limit_photos(schemas: dict[str, Any], settings: Settings) -> None:
    """Put the limits of the settings into the schema of JSON requests, if it is among these."""
    if request := schemas.get(ClassificationRequest.__name__):
        request["properties"]["images"].update(minItems=1, maxItems=settings.max_photos)


def _form(formats: Sequence[str]) -> MediaType:
    images = ", ".join(f"image/{name.lower()}" for name in formats)
    return MediaType(
        schema=Reference.model_validate({"$ref": f"#/components/schemas/{PHOTO_FORM}"}),
        encoding={"photo": Encoding(contentType=images)},
    )


def _json() -> MediaType:
    schema: Schema = PydanticSchema(schema_class=ClassificationRequest)
    one: dict[str, Example | Reference] = {
        "one": Example(summary="One photo", value={"images": [{"b64": TINY_PNG}]})
    }
    return MediaType(schema=schema, examples=one)
