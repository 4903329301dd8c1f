"""The gateway's image runs as in Kubernetes, against a model server outside it."""

import json
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from benchmarks.hostile_uploads.heics import HEIC
from tests.drawing import encoded_photo
from tests.e2e.processes import STARTERS, gateway, model_server, wait_until_ready
from tests.images.engine import (
    RESTRICTED,
    ROOT,
    TAGS,
    built,
    engine,
    gateway_container,
    run_engine,
    run_in,
)

(GRACE_SECONDS,) = re.findall(
    r"terminationGracePeriodSeconds: (\d+)", (ROOT / "k8s/base/gateway.yaml").read_text()
)


@pytest.fixture(scope="module")
def model_server_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("model-server") / "log"
    with model_server(STARTERS, log) as (_, address):
        yield address


def logs(name: str) -> str:
    done = run_engine("logs", name)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def running(model_server_address: str) -> Iterator[tuple[str, str]]:
    with gateway_container(built("serve"), model_server_address) as (name, url):
        wait_until_ready(url)
        yield name, url


@pytest.mark.parametrize("model", ["clothing", "cats-dogs"])
def test_answers_are_those_of_the_gateway_outside(
    running: tuple[str, str], model_server_address: str, model: str, tmp_path: Path
) -> None:
    photo = encoded_photo("JPEG", (600, 800))
    with gateway(model_server_address, tmp_path / "log") as (_, outside):
        wait_until_ready(outside)
        answers = [
            httpx.post(f"{url}/v1/models/{model}:classify", content=photo, timeout=60)
            for url in (running[1], outside)
        ]
    assert [answer.status_code for answer in answers] == [200, 200]
    (first, _), (second, _) = ((a.json()["predictions"], a) for a in answers)
    assert first == second


def test_page_and_description_are_in_the_image(running: tuple[str, str]) -> None:
    for path in ("/", "/docs", "/openapi.json", "/metrics"):
        assert httpx.get(running[1] + path).status_code == 200, path


def test_a_large_photo_is_decoded_in_the_sandbox(running: tuple[str, str]) -> None:
    photo = encoded_photo("WEBP", (3000, 4000))
    answer = httpx.post(f"{running[1]}/v1/models/cats-dogs:classify", content=photo, timeout=60)
    assert answer.status_code == 200, answer.text


def test_the_process_has_no_rights(running: tuple[str, str]) -> None:
    status = run_engine("exec", running[0], "cat", "/proc/1/status").stdout
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert facts["Uid"].split() == ["10001"] * 4
    assert int(facts["CapEff"], 16) == int(facts["CapBnd"], 16) == 0
    assert facts["NoNewPrivs"] == "1"
    touch = [engine(), "exec", running[0], "touch", "/app/file"]
    refused = subprocess.run(touch, capture_output=True, text=True, check=False)
    assert "Read-only file system" in refused.stderr


def test_logs_are_lines_of_json(running: tuple[str, str]) -> None:
    lines = logs(running[0]).splitlines()
    assert lines
    assert all(json.loads(line) for line in lines)


def test_sigterm_ends_it_within_the_grace_after_the_requests_in_flight(
    model_server_address: str,
) -> None:
    settings = {"DRAIN_DELAY": "2", "DRAIN_SECONDS": "40"}
    photo = encoded_photo("JPEG", (600, 800))
    with gateway_container(built("serve"), model_server_address, **settings) as (name, url):
        wait_until_ready(url)
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=30) as upload:
            head = f"POST /v1/models/clothing:classify HTTP/1.1\r\nHost: {host}\r\n"
            upload.sendall(f"{head}Content-Length: {len(photo)}\r\n\r\n".encode() + photo[:100])
            stop = ("stop", "--time", GRACE_SECONDS, name)
            stopping = threading.Thread(target=run_engine, args=stop)
            stopping.start()
            _wait_for(lambda: httpx.get(f"{url}/readyz").status_code == 503)
            time.sleep(3)  # Longer than the delay, so that the gateway waits for this request only.
            upload.sendall(photo[100:])
            assert upload.recv(100).startswith(b"HTTP/1.1 200")
        stopping.join()
        state = json.loads(run_engine("inspect", name).stdout)[0]["State"]
        # 137 would be SIGKILL after the grace.
        assert (state["Status"], state["ExitCode"]) == ("exited", 0), logs(name)


def _wait_for(condition: object) -> None:
    assert callable(condition)
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_wrong_setting_is_one_line_and_a_status() -> None:
    command = [engine(), "run", "--rm", *RESTRICTED, "--env", "PHOTOLABEL_WORKERS=none"]
    done = subprocess.run([*command, built("serve")], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "PHOTOLABEL_WORKERS" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_publishes_the_starters_into_a_volume(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    flags = ("--rm", *RESTRICTED, "--volume", f"{tmp_path}:/models", "--entrypoint", "python")
    seed = ("run", *flags, built("serve"), "-m", "serving.repository.seed", "/models")
    run_engine(*seed)
    published = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/[0-9]*"))
    assert published == ["cats-dogs/1", "clothing/1"]
    run_engine(*seed)
    assert len(list(tmp_path.glob("*/[0-9]*"))) == 2


def test_an_image_with_heic_classifies_photos_of_phones(model_server_address: str) -> None:
    image = built("serve", f"{TAGS[0]}-heic", "--build-arg", "HEIC=1")
    with gateway_container(image, model_server_address, FORMATS="JPEG,HEIC") as (_, url):
        wait_until_ready(url)
        answer = httpx.post(f"{url}/v1/models/cats-dogs:classify", content=HEIC["plain"])
    assert answer.status_code == 200, answer.text


def test_the_image_has_no_tensorflow() -> None:
    program = (
        "import importlib.util, serving.protos\n"
        "print(importlib.util.find_spec('tensorflow').origin)"  # A namespace has none.
    )
    assert run_in(built("serve"), "python", "-c", program).strip() == "None"
