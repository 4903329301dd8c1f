"""The page of a model: made from its card, whatever the card holds."""

import html
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from serving.gateway.api.api_keys import new_key
from serving.http_errors import ModelServerUnavailable
from tests.serving.fakes import REPORT, FakeModelServer, gateway

PIXEL = "iVBORw0KGgo="
FIGURES = {"recall": 0.9, "precision": 0.8}
CARD: dict[str, Any] = {
    "recipe": "clothing-<b>cnn</b>",
    "data": {"name": "fashion", "sha256": "0123", "training": 57000, "validation": 1, "test": 30},
    "metrics": {
        "test": {
            "photos": 12345,
            "accuracy": 0.9417,
            "accuracy_interval": [0.937, 0.946],
            "classes": {"shirt": FIGURES, "bag": {"recall": None, "precision": 1}},
            "confusion": {"labels": ["shirt", "bag"], "counts": [[9, 1], [0, 1234]]},
            "mistakes": [
                {"label": "shirt", "predicted": "bag", "probability": 0.99, "png": PIXEL},
                {"label": "bag", "predicted": "shirt", "probability": 0.7, "png": '"><script>'},
            ],
        }
    },
    "calibration": {
        "calibrated": True,
        "test": {
            "after": {
                "ece": 0.007,
                "reliability": [
                    {"from": 0.9, "to": 1.0, "photos": 7, "confidence": 0.95, "accuracy": 0.94}
                ],
            }
        },
    },
    "recognition": {
        "score": "distance",
        "recognized": {"test": 0.95},
        "unknowns": {"digits": {"photos": 10, "scores": {"distance": {"false_acceptance": 0.123}}}},
    },
    "trained": {"commit": "abc", "seconds": 600, "packages": {"keras": "3"}},
    "gate": {"faults": []},
}


def text(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_it_says_what_the_card_holds(source: FakeModelServer) -> None:
    source.publish("clothing", card=CARD)
    response = gateway(source).get("/models/clothing")
    page, shown = response.text, text(response.text)
    assert response.status_code == 200
    assert "It has 3 classes: shirt, bag, boot. It knows nothing else" in shown
    for part in ("94.2%", "12,345", "between 93.7% and 94.6%", "digits 10 12.3%", "off by 0.7%"):
        assert part in shown
    assert "shirt 90.0% 80.0%" in shown
    assert "clothing-<b>cnn</b>" in shown
    assert re.search(r'<th scope="row">shirt</th>\s*<td class="shade-5 right">9</td>', page)
    assert page.count("<img") == 1
    assert f"data:image/png;base64,{PIXEL}" in page
    assert "bag, taken for shirt with 70.0%" in shown
    assert not re.search(r"<script|<style|\bstyle=|\bon[a-z]+=", page)
    assert "script" not in response.headers["Content-Security-Policy"]


def test_it_has_a_line_about_own_photos_if_there_are_any(source: FakeModelServer) -> None:
    own = {"own": {"photos": 334, "accuracy": 0.8012}}
    source.publish("clothing", card={**CARD, "metrics": {**CARD["metrics"], **own}})

    said = text(gateway(source).get("/models/clothing").text)
    russian = text(gateway(source).get("/models/clothing?lang=ru").text)

    assert "On 334 photos that users added to the training and that it had not seen, it is" in said
    assert "right on 80.1%." in said
    assert "80,1%" in russian


@pytest.mark.parametrize(
    "card",
    [
        {},
        {
            "metrics": None,
            "calibration": [],
            "recognition": 3,
            "data": "x",
            "trained": {"seconds": ""},
        },
        {"metrics": {"test": {"accuracy": True, "photos": 3, "mistakes": [1, {}], "classes": [1]}}},
        {"metrics": {"test": {"confusion": {"labels": ["a", "b"], "counts": [[1, 2], [3]]}}}},
        {"metrics": {"test": {"confusion": {"labels": ["a"], "counts": [[0]]}}}, "gate": None},
        {"metrics": {"test": {"confusion": {"labels": ["a", "b"], "counts": [[9, -1], [0, -2]]}}}},
        {"calibration": {"test": {"before": {"ece": 0.1, "reliability": [{"from": 0}]}}}},
        {"recognition": {"score": [], "unknowns": {"x": 1}}, "gate": {"faults": [None]}},
    ],
)
def test_any_card_has_a_page(source: FakeModelServer, card: dict[str, Any]) -> None:
    source.publish("clothing", card=card)
    response = gateway(source).get("/models/clothing")
    assert response.status_code == 200
    assert "The card of this version has no figures." in response.text


def test_a_version_can_be_chosen(client: FlaskClient, source: FakeModelServer) -> None:
    source.publish("clothing", labels=("a", "b", "c"))
    assert "version 2" in client.get("/models/clothing").text
    page = client.get("/models/clothing?version=1").text
    assert "shirt, bag, boot" in page
    assert 'href="?version=2&amp;lang=en"' in page


def test_versions_are_shown_with_their_labels(client: FlaskClient, source: FakeModelServer) -> None:
    source.publish("clothing")
    source.labels = {"stable": 1, "canary": 2}
    page = " ".join(client.get("/models/clothing").text.split())
    assert "<strong>1 (this one)</strong> <small>stable</small>" in page
    assert ">2</a> <small>canary</small>" in page


@pytest.mark.parametrize(
    "how", [{"query_string": {"lang": "ru"}}, {"headers": {"Accept-Language": "ru"}}]
)
def test_it_speaks_russian(source: FakeModelServer, how: dict[str, Any]) -> None:
    source.publish("clothing", card=CARD, labels=("Trouser", "Bag", "boot"))
    page = gateway(source).get("/models/clothing", **how).text
    assert '<html lang="ru">' in page
    assert "брюки, сумка, boot" in page
    assert "94,2%" in page


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/models/gloves", 404),
        ("/models/clothing?version=9", 404),
        ("/models/clothing?version=x", 404),
    ],
)
def test_what_there_is_not_is_said_on_a_page(client: FlaskClient, path: str, status: int) -> None:
    response = client.get(path)
    assert response.status_code == status
    assert response.mimetype == "text/html"
    assert "There is no such model or version here." in response.text


def test_a_model_server_that_is_down_is_said_on_a_page(source: FakeModelServer) -> None:
    source.failure = ModelServerUnavailable("It does not answer.")
    response = gateway(source).get("/models/clothing")
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert "It does not answer." in response.text


def test_where_keys_are_set_the_card_needs_one(source: FakeModelServer, tmp_path: Path) -> None:
    key, line = new_key()
    (tmp_path / "keys").write_text(line)
    source.publish("clothing", card=CARD)
    client = gateway(source, api_keys_file=tmp_path / "keys")
    response = client.get("/models/clothing")
    assert response.status_code == 401
    assert "needs an API key" in response.text
    assert "fashion" not in response.text
    allowed = client.get("/models/clothing", headers={"Authorization": f"Bearer {key}"})
    assert "fashion" in allowed.text


def test_it_links_to_the_report_of_the_training(source: FakeModelServer) -> None:
    client = gateway(source)
    link = re.search(r'<a href="(clothing/report[^"]*)"', client.get("/models/clothing").text)
    assert link
    assert not source.reported, "asked for only when it is shown"
    for _ in range(2):
        response = client.get(f"/models/{html.unescape(link[1])}")
        assert (response.status_code, response.data) == (200, REPORT)
        assert response.mimetype == "text/html"
    assert [ref.version for ref in source.reported] == [1, 1]
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none';")
    assert "script" not in policy
    assert "self" not in policy
    assert client.get("/models/clothing/report").data == REPORT


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("cats-dogs/report", 404, "This version was published without a report of its training."),
        ("cats-dogs/report?version=2&lang=ru", 404, "Эта версия опубликована без отчёта"),
        ("clothing/report?version=9", 404, "There is no such model or version here."),
        ("gloves/report", 404, "There is no such model or version here."),
    ],
)
def test_a_report_that_there_is_not_is_said_on_a_page(
    client: FlaskClient, path: str, status: int, said: str
) -> None:
    assert "/report" not in client.get("/models/cats-dogs").text
    response = client.get(f"/models/{path}")
    assert (response.status_code, response.mimetype) == (status, "text/html")
    assert said in response.text
    assert 'href="../../web/page.css"' in response.text


def test_where_keys_are_set_the_report_needs_one(source: FakeModelServer, tmp_path: Path) -> None:
    key, line = new_key()
    (tmp_path / "keys").write_text(line)
    client = gateway(source, api_keys_file=tmp_path / "keys")
    assert client.get("/models/clothing/report").status_code == 401
    allowed = client.get("/models/clothing/report", headers={"Authorization": f"Bearer {key}"})
    assert allowed.data == REPORT
