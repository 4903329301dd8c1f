"""Forms as clients write them: boundaries, names, types, encodings, and what is wrong with some."""

import base64

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer, check_problem, gateway

PATH = "/v1/models/clothing:classify"
PHOTO = encoded_photo()
NAMED = b'Content-Disposition: form-data; name="p"; filename="a.jpg"'
FIELD = b'Content-Disposition: form-data; name="note"'


def form(*parts: tuple[bytes, bytes], line: bytes = b"\r\n", boundary: bytes = b"b") -> bytes:
    mark = b"--" + boundary
    lines = [line.join([mark, head, b"", body, b""]) for head, body in parts]
    return b"".join(lines) + mark + b"--" + line


def post(client: FlaskClient, body: bytes, boundary: str = "b") -> TestResponse:
    kind = f"multipart/form-data; boundary={boundary}"
    return client.post(PATH, data=body, content_type=kind)


def images(response: TestResponse) -> list[str]:
    assert response.status_code == 200, response.text
    return [each["image"] for each in response.get_json()["predictions"]]


def refusal(response: TestResponse, slug: str = "malformed-request", status: int = 400) -> str:
    return str(check_problem(response, status, slug)["detail"])


@pytest.mark.parametrize("line", [b"\r\n", b"\n", b"\r"])
@pytest.mark.parametrize("before", [b"", b"a preamble --b in a line"])
def test_lines_may_end_in_three_ways(client: FlaskClient, line: bytes, before: bytes) -> None:
    body = before + (line if before else b"") + form((FIELD, b"x"), (NAMED, PHOTO), line=line)
    assert images(post(client, body)) == ["a.jpg"]


@pytest.mark.parametrize(
    "inside",
    [b" --b\r\n", b"--b", b"\r\n--bc\r\n", b"x--b--\r\n", b"\r\n--b-", b"\r\n-b\r\n", b"\r\n\r\n"],
)
def test_a_boundary_counts_only_as_a_line_of_its_own(client: FlaskClient, inside: bytes) -> None:
    both = form((NAMED, PHOTO + inside + b"end"), (NAMED.replace(b"a.", b"z."), PHOTO))
    assert images(post(client, both)) == ["a.jpg", "z.jpg"]


@pytest.mark.parametrize("boundary", ["----=_Part_0.1", "a b", "(a/b:c,d)?", "é", "'a'"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_boundary_needs_no_quotes(client: FlaskClient, boundary: str, quote: str) -> None:
    body = form((NAMED, PHOTO), boundary=boundary.encode("latin-1"))
    assert images(post(client, body, f"{quote}{boundary}{quote} ; charset=utf-8")) == ["a.jpg"]


def test_a_boundary_may_have_quotes(client: FlaskClient) -> None:
    assert images(post(client, form((NAMED, PHOTO), boundary=b'a"b'), r'"a\"b"')) == ["a.jpg"]


def test_a_boundary_may_be_padded_and_followed_by_anything(client: FlaskClient) -> None:
    body = form((NAMED, PHOTO)).replace(b"--b\r\n", b"--b \t\r\n") + b"an epilogue\r\n--b\r\n"
    assert images(post(client, body)) == ["a.jpg"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Фото.jpg".encode(), "Фото.jpg"),
        (b"caf\xe9.jpg", "café.jpg"),
        (b"\xd4\xee\xf2\xee.jpg", "Ôîòî.jpg"),
        (b"\x8e\xca\x90\x5e.jpg", "ŽÊ\ufffd^.jpg"),
        (b"a%22b.jpg", 'a"b.jpg'),
        (b'a\\"b.jpg', 'a"b.jpg'),
    ],
)
def test_a_name_is_shown_whatever_its_encoding(
    client: FlaskClient, name: bytes, shown: str
) -> None:
    assert images(post(client, form((NAMED.replace(b"a.jpg", name), PHOTO)))) == [shown]


@pytest.mark.parametrize(
    "more",
    [b"; filename*=UTF-8''%D0%A4.jpg", b"; filename*=utf-8'ru'%D0%A4.jpg"],
)
def test_an_extended_name_is_decoded(client: FlaskClient, more: bytes) -> None:
    assert images(post(client, form((NAMED + more, PHOTO)))) == ["Ф.jpg"]


def test_a_header_may_be_folded(client: FlaskClient) -> None:
    assert images(post(client, form((NAMED.replace(b"; f", b";\r\n\tf"), PHOTO)))) == ["a.jpg"]


def test_a_part_without_a_file_name_is_a_photo_by_type_or_first_bytes(client: FlaskClient) -> None:
    typed = FIELD + b"\r\ncontent-type: Image/JPEG; q=1"
    plain = FIELD.replace(b"note", b"stra\xdfe")
    body = form((typed, PHOTO), (plain, b"BMW"), (FIELD, encoded_photo("PNG")))
    assert images(post(client, body)) == ["0", "1"]


def test_an_empty_part_is_named(client: FlaskClient) -> None:
    assert "empty" in refusal(post(client, form((NAMED, b""))), "not-an-image", 415)
    typed = FIELD + b"\r\nContent-Type: image/png"
    assert "empty" in refusal(post(client, form((typed, b""))), "not-an-image", 415)


@pytest.mark.parametrize("encoding", [b"binary", b"8BIT", b"base64", b"Base64 "])
def test_a_transfer_encoding_is_decoded(client: FlaskClient, encoding: bytes) -> None:
    body = base64.encodebytes(PHOTO) if b"64" in encoding else PHOTO
    head = NAMED + b"\r\nContent-Transfer-Encoding: " + encoding
    assert images(post(client, form((head, body)))) == ["a.jpg"]


@pytest.mark.parametrize("encoding", [b"quoted-printable", b"x-gzip64", b"base64"])
def test_a_transfer_encoding_that_is_not_decoded_is_named(
    client: FlaskClient, encoding: bytes
) -> None:
    head = NAMED + b"\r\nContent-Transfer-Encoding: " + encoding
    detail = refusal(post(client, form((NAMED, PHOTO), (head, PHOTO))))
    assert detail.startswith("Part 2 ")
    assert encoding.decode() in detail


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (form((NAMED, PHOTO), boundary=b"c"), "no line with the boundary"),
        (b"--b\r\n" + NAMED + b"\r\n\r\n" + PHOTO, "after part 1 there is no boundary"),
        (form((NAMED, PHOTO), (NAMED, PHOTO))[:-200], "after part 2 there is no boundary"),
        (form((b"Content-Type: image/jpeg", PHOTO)), "Part 1 of the multipart form has no header"),
        (b"--b\r\n\r\n--b--", "Part 1 of the multipart form has no header"),
        (b"--b\r\n--b--", "Part 1 of the multipart form has no header"),
        (form((FIELD + b"\r\nContent-Type: multipart/mixed; boundary=c", b"")), "holds parts"),
        (form((NAMED, b"x--b" * 10_000)), "stands in it 10,000 times"),
    ],
)
def test_what_is_wrong_with_a_form_is_said(client: FlaskClient, body: bytes, said: str) -> None:
    assert said in refusal(post(client, body))


def test_a_form_without_a_boundary_is_told_to_leave_the_type_to_its_library(
    client: FlaskClient,
) -> None:
    response = client.post(PATH, data=form((NAMED, PHOTO)), content_type="multipart/form-data")
    assert "without its boundary. Don't set Content-Type yourself" in refusal(response)


def test_a_limit_is_named_as_what_it_is(source: FakeModelServer) -> None:
    client = gateway(source, max_photos=2)
    fields = [(FIELD, b"text")] * 16
    assert len(images(post(client, form(*fields, (NAMED, PHOTO), (NAMED, PHOTO))))) == 2
    detail = refusal(post(client, form(*fields, (FIELD, b""), (NAMED, PHOTO))))
    assert "more than 16 fields" in detail
    three = post(client, form(*[(NAMED, PHOTO)] * 3))
    assert "more than 2 photos" in refusal(three, "too-many-photos", 413)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"text", "has only text, in the fields 'note'"),
        (base64.b64encode(PHOTO), "'note' of the form is text that stands for a photo"),
        (b"data:image/png;base64,AAAA", "'note' of the form is text that stands for a photo"),
        (b"https://shop.example/a.jpg", "'note' is the address of a photo, which is not fetched"),
    ],
)
def test_a_form_without_photo_says_what_it_has(client: FlaskClient, text: bytes, said: str) -> None:
    assert said in refusal(post(client, form((FIELD, text))), "no-photo")
    assert "has no part" in refusal(post(client, b"--b--\r\n"), "no-photo")
    empty = form((FIELD + b'; filename=""\r\nContent-Type: application/octet-stream', b""))
    assert "'note' of the form is empty: no file was" in refusal(post(client, empty), "no-photo")


def test_other_kinds_of_multipart_are_named(client: FlaskClient) -> None:
    kind = "multipart/mixed; boundary=b"
    response = client.post(PATH, data=form((NAMED, PHOTO)), content_type=kind)
    assert "The body is multipart/mixed. Send a form as multipart/form-data" in refusal(response)
