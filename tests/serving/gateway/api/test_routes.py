"""The HTTP API: how photos are sent, what the responses look like."""

import base64
import io
import logging
import re

import numpy as np
import pytest
from flask.testing import FlaskClient

from serving.photos import prepare
from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer, gateway

PATH = "/v1/models/clothing:classify"


@pytest.mark.parametrize(
    "content_type",
    [
        "image/jpeg",
        "application/x-www-form-urlencoded",
        "application/octet-stream",
        "text/plain",
        None,
    ],
)
def test_a_raw_photo_under_any_content_type(client: FlaskClient, content_type: str | None) -> None:
    response = client.post(PATH, data=encoded_photo(), content_type=content_type)
    assert response.status_code == 200
    assert response.get_json() == {
        "model": "clothing",
        "version": 1,
        "predictions": [
            {
                "image": "0",
                "label": "shirt",
                "probability": 0.5,
                "probabilities": [
                    {"label": "shirt", "probability": 0.5},
                    {"label": "bag", "probability": pytest.approx(1 / 3)},
                    {"label": "boot", "probability": pytest.approx(1 / 6)},
                ],
            }
        ],
    }


def test_several_photos_in_a_form(client: FlaskClient, source: FakeModelServer) -> None:
    long_name = "n" * 300 + ".jpg"
    photos = [encoded_photo(size=(40 + place, 30)) for place in range(3)]
    names = ["shirt.jpg", "<b>.jpg", long_name]
    parts = [(io.BytesIO(photo), name) for photo, name in zip(photos, names, strict=True)]
    response = client.post(PATH, data={"photo": parts, "note": "passed over"})
    images = [each["image"] for each in response.get_json()["predictions"]]
    assert images == ["shirt.jpg", "<b>.jpg", "n" * 255]
    _, pixels = source.predicted[0]
    for row, photo in zip(pixels, photos, strict=True):
        np.testing.assert_array_equal(row, prepare(photo, "garment/1", (28, 28, 1)))


def test_parts_come_in_the_order_of_the_form(client: FlaskClient) -> None:
    head = '--b\r\nContent-Disposition: form-data; name="{}"; filename="{}"\r\n\r\n'
    parts = [("a", "1.jpg"), ("b", "2.jpg"), ("a", "3.jpg")]
    body = [head.format(*part).encode() + encoded_photo() + b"\r\n" for part in parts]
    form = b"".join([*body, b"--b--\r\n"])
    response = client.post(PATH, data=form, content_type="multipart/form-data; boundary=b")
    images = [each["image"] for each in response.get_json()["predictions"]]
    assert images == ["1.jpg", "2.jpg", "3.jpg"]


def test_an_empty_file_field_is_not_a_photo(client: FlaskClient) -> None:
    boundary = "multipart/form-data; boundary=b"
    empty = b'--b\r\nContent-Disposition: form-data; name="p"; filename=""\r\n\r\n\r\n'
    alone = client.post(PATH, data=empty + b"--b--\r\n", content_type=boundary)
    assert alone.get_json()["type"] == "urn:photolabel:error:no-photo"
    photo = b'--b\r\nContent-Disposition: form-data; name="p"; filename="x"\r\n\r\n'
    body = empty + photo + encoded_photo() + b"\r\n--b--\r\n"
    both = client.post(PATH, data=body, content_type=boundary)
    assert [each["image"] for each in both.get_json()["predictions"]] == ["x"]


def test_photos_in_json(client: FlaskClient) -> None:
    image = {"b64": base64.b64encode(encoded_photo()).decode()}
    response = client.post(PATH, json={"images": [image, image]})
    assert [each["image"] for each in response.get_json()["predictions"]] == ["0", "1"]


@pytest.mark.parametrize(("top", "kept"), [(1, 1), (2, 2), (3, 3), (999, 3)])
def test_top_keeps_the_most_probable(client: FlaskClient, top: int, kept: int) -> None:
    response = client.post(f"{PATH}?top={top}", data=encoded_photo())
    probabilities = response.get_json()["predictions"][0]["probabilities"]
    assert [each["label"] for each in probabilities] == ["shirt", "bag", "boot"][:kept]


@pytest.mark.parametrize("pin", ["versions/1", "versions/01", "labels/old"])
def test_a_version_or_label_in_the_path(
    client: FlaskClient, source: FakeModelServer, pin: str
) -> None:
    source.publish("clothing", labels=("a", "b", "c"))
    response = client.post(f"/v1/models/clothing/{pin}:classify", data=encoded_photo())
    assert response.get_json()["version"] == 1
    assert client.get(f"/v1/models/clothing/{pin}").get_json()["labels"][0] == "shirt"
    assert client.post(PATH, data=encoded_photo()).get_json()["version"] == 2


def test_models_are_listed(client: FlaskClient, source: FakeModelServer) -> None:
    source.publish("clothing")
    source.models["cats-dogs"] = []
    clothing, pets = client.get("/v1/models").get_json()["models"]
    assert clothing == {
        "name": "clothing",
        "state": "ready",
        "version": 2,
        "versions": [{"version": 2, "state": "AVAILABLE"}, {"version": 1, "state": "AVAILABLE"}],
        "version_labels": [],
        "input": {"height": 28, "width": 28, "channels": 1},
        "preparation": "garment/1",
        "labels": ["shirt", "bag", "boot"],
        "explains": True,
    }
    assert (pets["name"], pets["state"]) == ("cats-dogs", "unavailable")
    assert client.get("/v1/models/clothing").get_json()["card"] == {"recipe": "drawn"}


def test_a_version_is_shown_only_while_it_is_served(
    client: FlaskClient, source: FakeModelServer
) -> None:
    assert client.get("/v1/models/clothing/versions/1").status_code == 200
    source.publish("clothing", preparation="letterbox/7")
    assert client.get("/v1/models/clothing/versions/1").status_code == 200
    del source.models["clothing"][0]
    assert client.get("/v1/models/clothing/versions/1").status_code == 404


def test_a_model_with_an_unknown_preparation_is_not_ready(source: FakeModelServer) -> None:
    source.publish("clothing", preparation="letterbox/7")
    client = gateway(source)
    response = client.get("/readyz")
    assert response.status_code == 503
    shown = {each["name"]: each for each in response.get_json()["models"]}
    assert "letterbox/7" in shown["clothing"]["detail"]
    assert shown["cats-dogs"]["state"] == "ready"
    assert client.post(PATH, data=encoded_photo()).status_code == 503


def test_recognized_is_passed_on_if_the_model_has_it(
    client: FlaskClient, source: FakeModelServer
) -> None:
    source.recognized = False
    prediction = client.post(PATH, data=encoded_photo()).get_json()["predictions"][0]
    assert prediction["recognized"] is False


@pytest.mark.parametrize("given", ["abc-1.2_3", "x" * 64])
def test_a_valid_request_id_is_kept(client: FlaskClient, given: str) -> None:
    response = client.get("/livez", headers={"X-Request-ID": given})
    assert response.headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a/b", "ü"])
def test_an_invalid_request_id_is_replaced(client: FlaskClient, given: str) -> None:
    replaced = client.get("/livez", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert replaced != given
    assert len(replaced) == 32


def test_no_path_forges_a_line_of_the_log(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        client.get("/x%0AINFO%20forged")
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 1
    assert r"GET /x\nINFO forged 404" in lines[0]


def test_the_page_and_its_files(client: FlaskClient) -> None:
    with client.get("/") as page:
        assert page.status_code == 200
        assert page.mimetype == "text/html"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        files = re.findall(r'(?:href|src)="(web/[^"]+)"', page.get_data(as_text=True))
    assert files
    for file in files:
        with client.get(f"/{file}") as response:
            assert response.status_code == 200
            assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("given", ["0", "-1", "soon", "1e3", "", "5s", "٣"])
def test_an_invalid_timeout_header_is_refused(client: FlaskClient, given: str) -> None:
    response = client.post(
        PATH, data=encoded_photo(), headers={"X-Request-Timeout": given.encode().decode("latin-1")}
    )
    assert response.status_code == 400
    assert "X-Request-Timeout" in response.get_json()["detail"]


def test_the_client_may_lower_the_time_budget_but_not_raise_it(source: FakeModelServer) -> None:
    client = gateway(source, time_budget=0.5)
    for given, expected in (("0.2", 0.2), ("0.5", 0.5), ("60", 0.5)):
        response = client.post(PATH, data=encoded_photo(), headers={"X-Request-Timeout": given})
        assert response.status_code == 200
        assert source.deadlines[-1].seconds == expected
