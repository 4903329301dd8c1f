"""The story of docs/rollout.md: publish, canary with a share, watch, promote, roll back."""

import http.client
import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from PIL import Image

from serving.repository.served_versions import read_served
from tests.drawing import encode
from tests.e2e.load import THINK_SECONDS
from tests.e2e.processes import gateway, model_server, wait_until_ready
from tests.e2e.published import publish
from tests.serving.numbers import read_numbers, total
from training.__main__ import main

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("embedded_only")]

MODEL = "light"
CLIENTS = 4
REQUESTS = 2000
SHARE = 0.3
SECONDS = 60

# Bright and dark ones, not all of them clearly.
PHOTOS = [
    encode(Image.fromarray(np.full((28, 28), value, np.uint8)))
    for value in (5, 20, 60, 100, 150, 180, 230, 250)
]


@dataclass(frozen=True)
class Running:
    """A folder of models, the gateway that serves them, and its file of shares."""

    base: Path
    url: str
    shares: Path

    def promote(self, version: int, *options: str) -> int:
        return main(["promote", MODEL, str(version), "--models", str(self.base.parent), *options])

    def counted(self, name: str, **labels: str) -> float:
        text = httpx.get(f"{self.url}/metrics").text
        return total(read_numbers(text), name, model=MODEL, **labels)

    def wait_until_answering(self, version: int) -> None:
        end = time.monotonic() + SECONDS
        while self.answering() != version:
            assert time.monotonic() < end
            time.sleep(0.02)

    def answering(self) -> int:
        response = httpx.post(f"{self.url}/v1/models/{MODEL}:classify", content=PHOTOS[0])
        return int(response.json()["version"])

    def labels(self) -> dict[str, int]:
        return dict(read_served(self.base).labels)

    def post(self, numbers: Iterator[int], count: int | None = None) -> list[int]:
        """Classify photos for different users over one connection; return the statuses."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=SECONDS)
        found = []
        for number in numbers if count is None else itertools.islice(numbers, count):
            body, headers = PHOTOS[number % len(PHOTOS)], {"X-Client-ID": f"user {number}"}
            connection.request("POST", f"/v1/models/{MODEL}:classify", body, headers)
            with connection.getresponse() as response:
                response.read()
                found.append(response.status)
        connection.close()
        return found

    @contextmanager
    def load(self) -> Iterator[list[int]]:
        """Go on classifying photos; yield the statuses so far."""
        stop, statuses, numbers = threading.Event(), list[int](), itertools.count()

        def run() -> None:
            while not stop.is_set():
                statuses.extend(self.post(numbers, 10))
                stop.wait(THINK_SECONDS)

        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            yield statuses
        finally:
            stop.set()
            for thread in threads:
                thread.join()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Serve version 1, which has the label `stable`."""
    folder = tmp_path_factory.mktemp("rollout")
    base, shares = folder / "models" / MODEL, folder / "shares"
    publish(base, steepness=6)
    shares.write_text(f"{MODEL} 0\n")
    with (
        model_server(base.parent, folder / "model-server.log") as (_, address),
        gateway(
            address,
            folder / "gateway.log",
            models=MODEL,
            canary_shares_file=str(shares),
            log_level="WARNING",
        ) as (
            program,
            url,
        ),
    ):
        wait_until_ready(url)
        running = Running(base, url, shares)
        assert running.promote(1, "--label", "stable") == 0
        yield running
        assert "Traceback" not in program.output()


def test_a_version_is_rolled_out_in_five_steps(running: Running) -> None:
    # 1: publish
    new = publish(running.base, steepness=5)
    assert running.answering() == 1, "nobody gets it yet"
    # 2: canary
    place = ["--share", str(SHARE), "--shares-file", str(running.shares)]
    assert running.promote(new, "--label", "canary", *place) == 0
    end = time.monotonic() + SECONDS
    while len(running_labels(running)) < 2:
        assert time.monotonic() < end
        time.sleep(0.1)
    time.sleep(1)  # After that time, all workers show the canary and send its share there.
    assert running_labels(running) == [("stable", 1, 1 - SHARE), ("canary", new, SHARE)]
    # 3: watch
    name, before = "photolabel_requests_total", {}
    for version in (1, new):
        before[version] = running.counted(name, version=str(version), status="200")
    with ThreadPoolExecutor(CLIENTS) as pool:
        ranges = [iter(range(each, REQUESTS, CLIENTS)) for each in range(CLIENTS)]
        statuses = list(itertools.chain.from_iterable(pool.map(running.post, ranges)))
    assert statuses == [200] * REQUESTS
    canary, stable = (
        running.counted(name, version=str(version), status="200") - before[version]
        for version in (new, 1)
    )
    assert canary + stable == REQUESTS
    assert abs(canary / REQUESTS - SHARE) <= 0.03
    timed = running.counted("photolabel_request_seconds_count", version=str(new))
    assert timed >= canary
    assert running.counted("photolabel_confidence_count", version=str(new)) >= canary
    # 4: promote
    assert running.promote(new, "--label", "stable") == 0
    running.wait_until_answering(new)
    assert running.labels() == {"stable": new, "canary": new}
    # 5: roll back
    assert running.promote(1, "--label", "stable") == 0
    assert running.promote(1, "--label", "canary") == 0
    running.wait_until_answering(1)
    assert running.labels() == {"stable": 1, "canary": 1}


def running_labels(running: Running) -> list[tuple[str, int, float]]:
    """Return labels, versions and shares as the gateway shows them."""
    found = httpx.get(f"{running.url}/v1/models/{MODEL}").json()["version_labels"]
    return [(each["label"], each["version"], each["share"]) for each in found]


def test_metrics_decide(running: Running, capsys: pytest.CaptureFixture[str]) -> None:
    auto = ["--auto", "--metrics", f"{running.url}/metrics", "--requests", "100", "--every", "0.3"]
    place = ["--share", "0.5", "--shares-file", str(running.shares), "--minutes", "2"]
    stable = running.labels()["stable"]
    unsure, good = publish(running.base, steepness=1), publish(running.base, steepness=7)
    with running.load() as statuses:
        capsys.readouterr()
        assert running.promote(unsure, *auto, *place) == 3
        found = capsys.readouterr()
        assert f"version {unsure} was rolled back: confidence: photos with a" in found.err
        assert f"comparing version {unsure}, the canary, with version {stable}" in found.out
        assert running.labels() == {"stable": stable, "canary": stable}

        assert running.promote(good, *auto, *place) == 0
        assert f"version {good} is promoted: " in capsys.readouterr().out
        assert running.labels() == {"stable": good, "canary": good}
    running.wait_until_answering(good)
    assert set(statuses) == {200}
