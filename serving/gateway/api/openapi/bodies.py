"""The ways that photos come in a request's body."""

from openapi_pydantic import Encoding, Example, MediaType, Reference, RequestBody, Schema

from serving.gateway.api.openapi.schemas import schema_of
from serving.gateway.api.schemas import ClassificationRequest
from serving.gateway.settings import Settings

# A white pixel, as a PNG file in base64.
TINY_PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEAHLCMmQAAAABJRU5ErkJggg=="
)

_MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
_MEDIA_TYPES |= {"BMP": "image/bmp", "TIFF": "image/tiff", "AVIF": "image/avif"}


def photos_body(settings: Settings) -> RequestBody:
    """Return the body of a request to classify photos, with the limits of the settings."""
    images = [_MEDIA_TYPES[name] for name in settings.photo_limits().formats]
    meaning = (
        f"One photo as the body; or up to {settings.max_photos} as file parts of a form or as"
        f" base64 in JSON. At most {settings.max_body_bytes:,} bytes in all. Photos are told by"
        " their first bytes, so that any other `Content-Type` does for one as the body."
    )
    raw = {media_type: MediaType() for media_type in [*images, "application/octet-stream"]}
    others = {
        "multipart/form-data": _form(settings.max_photos, images),
        "application/json": _json(settings.max_photos),
    }
    return RequestBody(description=meaning, required=True, content={**raw, **others})


def _form(most: int, images: list[str]) -> MediaType:
    photo = Schema(
        type="array",
        minItems=1,
        maxItems=most,
        items=Schema(type="string", schema_format="binary"),
        description="Parts with a file name, under this or any other field name.",
    )
    return MediaType(
        schema=Schema(type="object", properties={"photo": photo}, required=["photo"]),
        encoding={"photo": Encoding(contentType=", ".join(images))},
    )


def _json(most: int) -> MediaType:
    bounded = Schema(properties={"images": Schema(minItems=1, maxItems=most)})
    one: dict[str, Example | Reference] = {
        "one": Example(summary="One photo", value={"images": [{"b64": TINY_PNG}]})
    }
    schema = Schema(allOf=[schema_of(ClassificationRequest), bounded])
    return MediaType(schema=schema, examples=one)
