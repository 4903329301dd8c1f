"""Heat maps as numbers and pictures."""

from typing import Any

import pytest

from client import BadAnswer, Photolabel, Refused
from tests.client.conftest import FakeGateway, answer_to

HEAT = [[0.0, 0.25], [1.0, 0.5]]
PNG = b"\x89PNG\r\n\x1a\nthe rest"
PROBLEM = {"type": "urn:x", "title": "No reasons", "status": 404, "detail": "Ask another."}


def explained(*names: str) -> dict[str, Any]:
    answer = answer_to(list(names))
    for prediction in answer["predictions"]:
        prediction["heat"] = HEAT
    return answer


def test_explain_selects_the_version_and_reads_the_heat_map(gateway: FakeGateway) -> None:
    gateway.reply(200, explained("0", "1"))
    with Photolabel(gateway.url) as photolabel:
        found = photolabel.explain([b"a", b"b"], model="cats-dogs", version=3, top=2)
    (request,) = gateway.received
    assert request.path == "/v1/models/cats-dogs/versions/3:explain?top=2&format=json"
    assert [each.heat for each in found] == [((0.0, 0.25), (1.0, 0.5))] * 2
    assert found[0].label == "cat"


@pytest.mark.parametrize("reply", [answer_to(["0"]), explained("0", "1")])
def test_a_missing_heat_map_or_a_wrong_count_is_a_bad_answer(
    gateway: FakeGateway, reply: dict[str, Any]
) -> None:
    gateway.reply(200, reply)
    with Photolabel(gateway.url) as photolabel, pytest.raises(BadAnswer):
        photolabel.explain(b"a", model="cats-dogs")


def test_a_picture_is_requested_again_when_the_server_is_busy(gateway: FakeGateway) -> None:
    gateway.reply(503, PROBLEM, Retry_After="0")
    gateway.reply(200, PNG, Content_Type="image/png")
    with Photolabel(gateway.url) as photolabel:
        assert photolabel.heat_map(b"a", model="cats-dogs", label="stable") == PNG
    request = gateway.received[-1]
    assert request.path == "/v1/models/cats-dogs/labels/stable:explain?format=png"
    assert request.headers["Accept"] == "image/png"
    assert len(gateway.received) == 2


def test_a_response_other_than_png_is_an_error(gateway: FakeGateway) -> None:
    gateway.reply(404, PROBLEM)
    gateway.reply(200, explained("0"))
    with Photolabel(gateway.url) as photolabel:
        with pytest.raises(Refused, match="No reasons"):
            photolabel.heat_map(b"a", model="cats-dogs")
        with pytest.raises(BadAnswer):
            photolabel.heat_map(b"a", model="cats-dogs")
