"""Heat maps as numbers and pictures."""

from typing import Any

import pytest

from client import BadAnswer, Client, Refused
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
    gateway.reply(200, explained("a", "b"))
    with Client(gateway.url) as client:
        answer = client.explain("cats-dogs", [b"a", b"b"], version=3, top=2)
    (request,) = gateway.received
    assert request.path == "/v1/models/cats-dogs/versions/3:explain?top=2&format=json"
    assert [each.heat for each in answer.predictions] == [((0.0, 0.25), (1.0, 0.5))] * 2
    assert answer.predictions[0].label == "cat"


@pytest.mark.parametrize("reply", [answer_to(["a"]), explained("a", "b")])
def test_a_missing_heat_map_or_a_wrong_count_is_a_bad_answer(
    gateway: FakeGateway, reply: dict[str, Any]
) -> None:
    gateway.reply(200, reply)
    with Client(gateway.url) as client, pytest.raises(BadAnswer):
        client.explain("cats-dogs", b"a")


def test_a_picture_is_requested_again_when_the_server_is_busy(gateway: FakeGateway) -> None:
    gateway.reply(503, PROBLEM, Retry_After="0")
    gateway.reply(200, PNG, Content_Type="image/png")
    with Client(gateway.url) as client:
        assert client.picture("cats-dogs", b"a", label="stable") == PNG
    request = gateway.received[-1]
    assert request.path == "/v1/models/cats-dogs/labels/stable:explain?format=png"
    assert request.headers["Accept"] == "image/png"
    assert len(gateway.received) == 2


def test_a_response_other_than_png_is_an_error(gateway: FakeGateway) -> None:
    gateway.reply(404, PROBLEM)
    gateway.reply(200, explained("a"))
    with Client(gateway.url) as client:
        with pytest.raises(Refused, match="No reasons"):
            client.picture("cats-dogs", b"a")
        with pytest.raises(BadAnswer):
            client.picture("cats-dogs", b"a")
