"""Bodies that cost much by their form, before any photo of them is looked at."""

import base64
import contextlib
import json

import pytest
from flask import Flask, Request
from werkzeug.test import EnvironBuilder

from benchmarks.hostile_uploads.requests import REQUESTS
from serving.classification import Photo
from serving.errors import MalformedRequest, NoPhoto, TooManyPhotos
from serving.uploads import Uploads

UPLOADS = Uploads(max_body_bytes=20_000_000, max_photos=32)


def photos(kind: str, body: bytes) -> list[Photo]:
    builder = EnvironBuilder(method="POST", content_type=kind, data=body)
    with Flask(__name__).app_context():
        return UPLOADS.photos(Request(builder.get_environ()), body)


@pytest.mark.parametrize("name", REQUESTS)
def test_hostile_requests_are_read_or_refused(name: str) -> None:
    kind, make = REQUESTS[name]
    with contextlib.suppress(MalformedRequest, NoPhoto, TooManyPhotos):
        assert len(photos(kind, make())) <= 2  # The form in a form has the same boundary.


@pytest.mark.parametrize("mark", ["[],", '{"a":1},', "0,", '"",'])
def test_json_of_very_many_values_is_refused_before_it_is_parsed(mark: str) -> None:
    body = f'{{"images": [{mark * 100_000}0]}}'.encode()
    with pytest.raises(MalformedRequest, match="brackets, commas and colons"):
        photos("application/json", body)


def test_json_of_as_many_photos_as_may_be_is_read() -> None:
    image = {"b64": base64.b64encode(bytes(range(256))).decode(), "name": "a, b: [c] {d}"}
    found = photos("application/json", json.dumps({"images": [image] * 32}).encode())
    assert [photo.encoded for photo in found] == [bytes(range(256))] * 32
    with pytest.raises(TooManyPhotos):
        photos("application/json", json.dumps({"images": [image] * 33}).encode())
