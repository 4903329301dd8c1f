"""The request body: the ways to send photos."""

from openapi_pydantic import Encoding, Example, MediaType, Reference, RequestBody, Schema
from openapi_pydantic.util import PydanticSchema

from serving.gateway.api.schemas import ClassificationRequest
from serving.gateway.settings import Settings

# A white pixel, as a PNG file in base64.
TINY_PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEAHLCMmQAAAABJRU5ErkJggg=="
)


def photos_body(settings: Settings) -> RequestBody:
    """Return the body of a request with photos, with the limits of the settings."""
    images = [f"image/{name.lower()}" for name in settings.photo_limits().formats]
    description = (
        f"One photo as the body; or up to {settings.max_photos} as file parts of a form or as"
        f" base64 in JSON. At most {settings.max_body_bytes:,} bytes in all. A photo is recognized"
        " by its first bytes, so one sent as the body may have any other `Content-Type`."
    )
    content = {media_type: MediaType() for media_type in [*images, "application/octet-stream"]}
    content["multipart/form-data"] = _form(settings.max_photos, images)
    content["application/json"] = _json(settings.max_photos)
    return RequestBody(description=description, required=True, content=content)


def _form(max_photos: int, images: list[str]) -> MediaType:
    photo = Schema(
        type="array",
        minItems=1,
        maxItems=max_photos,
        items=Schema(type="string", schema_format="binary"),
        description="Parts with a file name, under this or any other field name.",
    )
    return MediaType(
        schema=Schema(type="object", properties={"photo": photo}, required=["photo"]),
        encoding={"photo": Encoding(contentType=", ".join(images))},
    )


def _json(max_photos: int) -> MediaType:
    bounded = Schema(properties={"images": Schema(minItems=1, maxItems=max_photos)})
    schema = Schema(allOf=[PydanticSchema(schema_class=ClassificationRequest), bounded])
    one: dict[str, Example | Reference] = {
        "one": Example(summary="One photo", value={"images": [{"b64": TINY_PNG}]})
    }
    return MediaType(schema=schema, examples=one)
