"""A share of the unpinned requests goes to the canary, and a caller stays where it is."""

import json
from pathlib import Path

import pytest

from serving.__main__ import main
from serving.gateway.inference.canary import Canary
from serving.gateway.inference.canary_shares import CanaryShares
from serving.gateway.model_client.model_ref import ModelRef
from serving.repository.canary_shares import with_shares
from tests.drawing import encoded_photo
from tests.serving.fakes import fake_server, gateway

REF = ModelRef("clothing")


def labels(canary: Canary, callers: list[str | None], ref: ModelRef = REF) -> list[str | None]:
    return [canary.candidates(ref, caller)[0].label for caller in callers]


def test_the_share_is_kept_and_callers_stay() -> None:
    callers: list[str | None] = [f"user-{number}" for number in range(2000)]
    first, again = (
        labels(Canary(CanaryShares(0.1)), callers),
        labels(Canary(CanaryShares(0.1)), callers),
    )
    assert first == again
    assert 140 <= first.count("canary") <= 260
    assert first.count("canary") + first.count("stable") == 2000
    wider = labels(Canary(CanaryShares(0.3)), callers)
    assert all(b == "canary" for a, b in zip(first, wider, strict=True) if a == "canary")


def test_nobody_in_particular_is_sent_at_random() -> None:
    found = labels(Canary(CanaryShares(0.5)), [None] * 200)
    assert {"canary", "stable"} == set(found)


def test_a_pinned_request_goes_where_it_says() -> None:
    for ref in (ModelRef("clothing", version=3), ModelRef("clothing", label="old")):
        assert Canary(CanaryShares(1.0)).candidates(ref, None) == [ref]


def test_without_a_share_no_request_comes_to_the_canary() -> None:
    assert labels(Canary(CanaryShares(0.0)), ["a", None]) == ["stable", "stable"]


def test_missing_labels_fall_back_and_are_not_asked_for_each_time() -> None:
    now = [0.0]
    canary = Canary(CanaryShares(1.0), lambda: now[0])
    candidates = canary.candidates(REF, None)
    assert [each.label for each in candidates] == ["canary", "stable", None]
    for labelled in candidates[:2]:
        canary.missing(labelled)
    assert canary.candidates(REF, None) == [REF]
    now[0] += 1  # As docs/rollout.md promises.
    assert canary.candidates(REF, None) == candidates


def test_the_gateway_asks_without_missing_labels() -> None:
    source = fake_server()
    client = gateway(source, canary_share=1.0)
    for _ in range(2):
        answer = client.post("/v1/models/clothing:classify", data=encoded_photo())
        assert answer.get_json()["version"] == 1
    assert [ref.label for ref in source.described] == ["canary", "stable", None]


def test_the_gateway_routes_by_the_header() -> None:
    source = fake_server()
    source.publish("clothing")
    source.labels |= {"stable": 1, "canary": 2}
    client = gateway(source, canary_share=0.5)
    versions = {}
    for caller in ("ann", "bob", "cem", "dora", "eve", "finn", "gus", "hana"):
        seen = set()
        for _ in range(3):
            headers = {"X-Client-ID": caller}
            path = "/v1/models/clothing:classify"
            answer = client.post(path, data=encoded_photo(), headers=headers).get_json()
            seen.add(answer["version"])
        assert len(seen) == 1
        versions[caller] = seen.pop()
    assert set(versions.values()) == {1, 2}


def test_the_gateway_spares_the_canary_without_a_share() -> None:
    source = fake_server()
    source.publish("clothing")
    source.labels |= {"stable": 1, "canary": 2}
    answer = gateway(source).post("/v1/models/clothing:classify", data=encoded_photo())
    assert answer.get_json()["version"] == 1


@pytest.mark.parametrize(("labels", "version"), [({}, 2), ({"stable": 1}, 1)])
def test_the_version_that_answers_is_described_where_several_serve(
    labels: dict[str, int], version: int
) -> None:
    source = fake_server()
    source.labels = labels
    source.publish("clothing")
    client = gateway(source)
    assert json.loads(client.get("/v1/models/clothing").text)["version"] == version
    states = json.loads(client.get("/readyz").text)["models"]
    assert [each["version"] for each in states if each["name"] == "clothing"] == [version]


def test_shares_of_a_file_apply_as_soon_as_it_changes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source, file = fake_server(), tmp_path / "shares"
    source.labels = {"stable": 1, "canary": 2}
    source.publish("clothing")
    file.write_text("# model share\n")
    client = gateway(source, canary_share=1.0, canary_shares_file=file)

    def shown() -> list[float]:
        found = client.get("/v1/models/clothing").get_json()["version_labels"]
        return [each["share"] for each in found]

    def answering() -> int:
        response = client.post("/v1/models/clothing:classify", data=encoded_photo())
        return int(response.get_json()["version"])

    assert (answering(), shown()) == (2, [0.0, 1.0]), "the setting, without a line"
    file.write_text("clothing 0  # stopped\n\ncats-dogs 1\n")
    assert (answering(), shown()) == (1, [1.0, 0.0])
    file.write_text("clothing 1e-0\n")
    assert (answering(), shown()) == (2, [0.0, 1.0])
    file.write_text("cats-dogs 0.5\nclothing 1.5\n")
    assert (answering(), shown()) == (2, [0.0, 1.0]), "a damaged file changes nothing"
    assert f"{file}, line 2: a share is a number from 0 to 1, not '1.5'" in caplog.text
    file.unlink()
    assert answering() == 2
    file.write_text("clothing 0.0\n")
    assert answering() == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clothing", "line 1: expected NAME SHARE, such as `clothing 0.1`: 'clothing'"),
        ("#\nclothing 10 %", "line 2: expected NAME SHARE"),
        ("clothing nan", "line 1: a share is a number from 0 to 1, not 'nan'"),
        ("a 0.1\nb -0.1", "line 2: a share is a number from 0 to 1, not '-0.1'"),
        ("a 0.1\na 0.2", "line 2: a has a share in an earlier line"),
        ("\xfc 0.1", "PHOTOLABEL_CANARY_SHARES_FILE: {file} is not UTF-8 text"),
    ],
)
def test_a_damaged_file_of_shares_is_named_at_the_start(
    text: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "shares").write_text(text, "latin-1")
    monkeypatch.setenv("PHOTOLABEL_CANARY_SHARES_FILE", str(tmp_path / "shares"))
    assert main([]) == 2
    assert message.format(file=tmp_path / "shares") in capsys.readouterr().err


def test_one_share_is_changed_and_the_rest_of_the_file_stays() -> None:
    text = "# canaries\nclothing 0.1  # new colours\ncats-dogs 0.25"
    assert with_shares(text, "shares", {"clothing": 0.5, "flowers": 0}) == (
        "# canaries\nclothing 0.5  # new colours\ncats-dogs 0.25\nflowers 0\n"
    )
    with pytest.raises(ValueError, match="shares, line 1"):
        with_shares("clothing 2", "shares", {"clothing": 0.5})
