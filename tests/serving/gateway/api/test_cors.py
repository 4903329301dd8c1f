"""Pages of other origins: off unless set, preflights without a key, errors that can be read."""

from pathlib import Path

import pytest

from serving.gateway.api.api_keys import new_key
from serving.gateway.settings import Settings, SettingsError, read_settings
from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer, gateway

SHOP = "https://shop.example"
PATH = "/v1/models/clothing:classify"
PREFLIGHT = {
    "Origin": SHOP,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}
ALLOW = "Access-Control-Allow-Origin"


def words(header: str) -> set[str]:
    return {word.strip().lower() for word in header.split(",")}


def test_without_the_setting_nothing_is_shared(source: FakeModelServer) -> None:
    client = gateway(source)
    for response in (
        client.options(PATH, headers=PREFLIGHT),
        client.get("/v1/models", headers={"Origin": SHOP}),
    ):
        assert not [name for name, _ in response.headers if name.startswith("Access-Control-")]
        assert "Origin" not in response.headers.get("Vary", "")


def test_preflights_are_counted_separately(source: FakeModelServer) -> None:
    client = gateway(source, cors_origins=(SHOP,))
    client.options(PATH, headers=PREFLIGHT)
    counted = client.get("/metrics").get_data(as_text=True)
    assert 'model="clothing",route="options",status="200"' in counted
    assert 'route="classify"' not in counted


def test_a_response_and_its_headers_can_be_read(source: FakeModelServer) -> None:
    client = gateway(source, cors_origins=(SHOP, "http://localhost:3000"))
    response = client.post(PATH, data=encoded_photo(), headers={"Origin": SHOP})
    assert response.status_code == 200
    assert response.headers[ALLOW] == SHOP
    assert {"x-request-id", "retry-after"} <= words(
        response.headers["Access-Control-Expose-Headers"]
    )
    assert response.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "https://shop.example.evil.example", "http://shop.example"]
)
def test_another_origin_is_not_allowed(source: FakeModelServer, origin: str) -> None:
    client = gateway(source, cors_origins=(SHOP,))
    for response in (
        client.options(PATH, headers={**PREFLIGHT, "Origin": origin}),
        client.get("/v1/models", headers={"Origin": origin}),
    ):
        assert ALLOW not in response.headers
        assert response.headers["Vary"] == "Origin"


def test_responses_vary_by_origin_even_without_one(source: FakeModelServer) -> None:
    client = gateway(source, cors_origins=(SHOP,))
    assert client.get("/v1/models").headers["Vary"] == "Origin"


def test_all_origins(source: FakeModelServer) -> None:
    client = gateway(source, cors_origins=("*",))
    response = client.get("/v1/models", headers={"Origin": SHOP})
    assert response.headers[ALLOW] == "*"
    assert client.options(PATH, headers=PREFLIGHT).headers[ALLOW] == "*"


def test_a_preflight_needs_no_key_but_the_request_does(
    source: FakeModelServer, tmp_path: Path
) -> None:
    key, line = new_key()
    keys = tmp_path / "keys"
    keys.write_text(line)
    client = gateway(source, cors_origins=(SHOP,), api_keys_file=keys, canary_header="X-Device")
    preflight = client.options(PATH, headers=PREFLIGHT)
    assert preflight.status_code == 200
    assert not preflight.data
    assert preflight.headers[ALLOW] == SHOP
    assert "post" in words(preflight.headers["Access-Control-Allow-Methods"])
    allowed = words(preflight.headers["Access-Control-Allow-Headers"])
    assert {"authorization", "content-type", "x-request-timeout", "x-device"} <= allowed
    assert int(preflight.headers["Access-Control-Max-Age"]) > 0
    refused = client.post(PATH, data=encoded_photo(), headers={"Origin": SHOP})
    assert refused.status_code == 401
    assert refused.headers[ALLOW] == SHOP
    sent = {"Origin": SHOP, "Authorization": f"Bearer {key}"}
    assert client.post(PATH, data=encoded_photo(), headers=sent).status_code == 200


def test_errors_can_be_read_wherever_they_are(source: FakeModelServer) -> None:
    client = gateway(source, cors_origins=(SHOP,))
    for path, status in (("/v1/models/gloves", 404), ("/nowhere", 404), ("/v1/nowhere", 404)):
        response = client.get(path, headers={"Origin": SHOP})
        assert response.status_code == status
        assert response.headers[ALLOW] == SHOP


def test_the_description_is_shared_and_pages_are_not(source: FakeModelServer) -> None:
    client = gateway(source, cors_origins=(SHOP,))
    headers = {"Origin": SHOP}
    assert client.get("/openapi.json", headers=headers).headers[ALLOW] == SHOP
    for path in ("/", "/docs", "/metrics", "/readyz"):
        with client.get(path, headers=headers) as response:
            assert ALLOW not in response.headers


def test_origins_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "PHOTOLABEL_CORS_ORIGINS", f"{SHOP}, http://[::1]:3000,capacitor://localhost"
    )
    assert read_settings().cors_origins == (SHOP, "http://[::1]:3000", "capacitor://localhost")
    assert Settings(cors_origins=("*",)).cors_origins == ("*",)


@pytest.mark.parametrize(
    "value",
    ["shop.example", "https://shop.example/", "https://SHOP.example", "https://a:443", "null"],
)
def test_an_origin_that_no_browser_sends_is_refused(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTOLABEL_CORS_ORIGINS", value)
    with pytest.raises(SettingsError, match="PHOTOLABEL_CORS_ORIGINS"):
        read_settings()
