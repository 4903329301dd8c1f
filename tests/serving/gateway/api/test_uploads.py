"""Bodies whose structure is costly, before any photo in them is decoded."""

import base64
import contextlib
import json

import pytest
from flask import Flask, Request
from werkzeug.test import EnvironBuilder

from benchmarks.hostile_uploads.requests import FORM, REQUESTS, file_head, form
from serving.gateway.api.uploads import Uploads
from serving.gateway.inference.results import Photo
from serving.http_errors import MalformedRequest, NoPhoto, TooManyPhotos

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


@pytest.mark.parametrize(
    "head",
    [
        file_head("a" * 100_000),
        file_head("a.jpg", "; a=b" * 20_000),
        file_head("a.jpg", "\r\nX: y" * 20_000),
        file_head("a.jpg", "; filename*=utf-8''" + "%41" * 20_000),
    ],
)
@pytest.mark.parametrize("before", [b"", b"x--hostile\r\n\r\n" * 5, b"x--hostile--\r\n"])
def test_headers_of_a_part_are_bounded(head: str, before: bytes) -> None:
    with pytest.raises(MalformedRequest, match="16,384 bytes"):
        photos(FORM, before + form([(file_head("first"), b"photo"), (head, b"photo")]))


def test_photos_come_in_the_order_of_the_form() -> None:
    parts = [(file_head(f"{i}.jpg", "; a=b" * 1000), b"\r\n\r\n--photo" * i) for i in range(1, 9)]
    found = photos(FORM, form(parts))
    assert found == [Photo(f"{i}.jpg", b"\r\n\r\n--photo" * i) for i in range(1, 9)]


@pytest.mark.parametrize("mark", ["[],", '{"a":1},', "0,", '"",'])
def test_json_of_very_many_values_is_refused_before_it_is_parsed(mark: str) -> None:
    body = f'{{"images": [{mark * 100_000}0]}}'.encode()
    with pytest.raises(MalformedRequest, match="brackets, commas and colons"):
        photos("application/json", body)


def test_json_of_the_maximum_number_of_photos_is_read() -> None:
    image = {"b64": base64.b64encode(bytes(range(256))).decode(), "name": "a, b: [c] {d}"}
    found = photos("application/json", json.dumps({"images": [image] * 32}).encode())
    assert [photo.encoded for photo in found] == [bytes(range(256))] * 32
    with pytest.raises(TooManyPhotos):
        photos("application/json", json.dumps({"images": [image] * 33}).encode())
