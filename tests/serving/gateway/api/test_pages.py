"""The pages: their files, their policy, and the API's description as people read it."""

import html
import os
import re
import subprocess
from pathlib import Path

import httpx
import pytest
from flask.testing import FlaskClient

from tests.drawing import encoded_photo
from tests.serving.fakes import FakeModelServer, gateway, served


def test_docs_show_every_path_and_command(client: FlaskClient) -> None:
    page = html.unescape(client.get("/docs").text)
    document = client.get("/openapi.json").get_json()
    shown = re.sub(r"<[^>]*>", "", page)
    for path, item in document["paths"].items():
        assert path in shown
        for operation in item.values():
            assert operation["summary"] in shown
    for member in ("predictions[].probabilities[].label", "models[].detail", "card"):
        assert f"<code>{member}</code>" in page
    for problem in ("damaged-photo", "too-many-requests", "unauthorized"):
        assert f'id="{problem}"' in page
    assert "curl --data-binary @photo.jpg http://localhost/v1/models/clothing:classify" in shown


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_load_nothing_from_elsewhere(client: FlaskClient, path: str) -> None:
    with client.get(path) as response:
        page = response.get_data(as_text=True)
        policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    # The page does not contain what the policy would block.
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon[a-z]+=|javascript:", page)
    for link in re.findall(r'(?:href|src)="([^"#]+)"', page):
        assert not re.match(r"[a-z]+:|/", link)
        if link.startswith("?"):
            continue
        with client.get(f"/{link.removeprefix('./')}") as response:
            assert response.status_code == 200, link


def test_names_are_escaped(source: FakeModelServer) -> None:
    page = gateway(source, models="<b>bad<b>").get("/docs").text
    assert "<b>" not in page
    assert "&lt;b&gt;bad" in page


@pytest.mark.parametrize("host", ['"><script>', "a b", "x" * 300])
def test_an_invalid_host_is_not_shown(client: FlaskClient, host: str) -> None:
    page = client.get("/docs", headers={"Host": host}).text
    assert host not in page
    assert html.escape(host) not in page


def test_docs_and_description_need_no_key(source: FakeModelServer, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("")
    client = gateway(source, api_keys_file=keys)
    assert client.get("/v1/models").status_code == 401
    for path in ("/docs", "/openapi.json"):
        assert client.get(path).status_code == 200


@pytest.mark.integration
def test_every_command_of_the_docs_works(source: FakeModelServer, tmp_path: Path) -> None:
    for name in ("photo.jpg", "other.jpg"):
        (tmp_path / name).write_bytes(encoded_photo(size=(600, 800)))
    source.labels["stable"] = 1
    with served(source) as url:
        document = httpx.get(f"{url}/openapi.json").json()
        commands = [
            sample["source"].replace("curl", "curl --silent --show-error --fail")
            for item in document["paths"].values()
            for operation in item.values()
            for sample in operation["x-codeSamples"]
        ]
        for command in commands:
            subprocess.run(
                ["bash", "-eu", "-o", "pipefail", "-c", command],
                cwd=tmp_path,
                env={**os.environ, "PHOTOLABEL_URL": url},
                stdout=subprocess.DEVNULL,
                timeout=60,
                check=True,
            )
    assert len(commands) > 20
    assert [len(pixels) for _, pixels in source.predicted] == [1, 2, 1] * 3 + [1, 1] * 3
