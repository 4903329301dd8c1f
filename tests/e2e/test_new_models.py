"""New models are taken up, and broken ones named, while everything runs: no request fails."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from serving.repository.model_config import ModelSettings, write_config
from tests.drawing import encoded_photo
from tests.e2e.load import Load, steady_load
from tests.e2e.processes import STARTERS, Program, free_port, gateway, wait_until_ready
from tests.serving.numbers import read_numbers, values_of
from tests.serving.scripted import Script, serve
from tests.waiting import wait_until

THINK_SECONDS = 0.1


@dataclass(frozen=True)
class MakeServe:
    """What `make serve` runs, with the model clothing and one that is broken."""

    program: Program
    url: str
    models: Path

    def says(self, line: str) -> bool:
        return re.search(f"^ *{line}", self.program.output(), re.M) is not None


@pytest.fixture(scope="module")
def make_serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeServe]:
    folder, port = tmp_path_factory.mktemp("make-serve"), free_port()
    models = folder / "models"
    shutil.copytree(STARTERS / "clothing", models / "clothing")
    broken = models / "cats-dogs" / "1" / "saved_model.pb"
    broken.parent.mkdir(parents=True)
    broken.write_text("rubbish")
    arguments = ("--models", str(models), "--port", str(port))
    program = Program("serving.local", *arguments, log=folder / "log", PHOTOLABEL_WORKERS="1")
    try:
        program.wait_for(lambda: "Press Ctrl-C" in program.output(), "the stack runs")
        yield MakeServe(program, f"http://127.0.0.1:{port}", models)
        assert program.stop() == 0
        assert "Traceback" not in program.output()
    finally:
        program.stop()


def classify(url: str, model: str) -> int:
    return httpx.post(f"{url}/v1/models/{model}:classify", content=encoded_photo()).status_code


def check(load: Load) -> None:
    assert load.outcomes
    assert {outcome.status for outcome in load.outcomes} == {200}


def test_a_broken_model_is_named_and_the_good_one_is_served(make_serve: MakeServe) -> None:
    assert make_serve.says(r"Photolabel serves clothing\.$")
    reason = "No version of cats-dogs is available: version 1 could not be loaded: Cannot parse"
    assert make_serve.says(f"cats-dogs: not served: {reason}")
    assert classify(make_serve.url, "clothing") == 200
    ready = httpx.get(f"{make_serve.url}/readyz")
    assert ready.status_code == 503
    broken, good = ready.json()["models"]
    assert (good["name"], good["state"]) == ("clothing", "ready")
    assert (broken["name"], broken["state"]) == ("cats-dogs", "unavailable")
    assert reason in broken["detail"]


def test_make_serve_takes_up_a_new_model_and_drops_one_whose_folder_is_gone(
    make_serve: MakeServe,
) -> None:
    url, new = make_serve.url, make_serve.models / "flowers"
    target = f"{url}/v1/models/clothing:classify"
    with steady_load(target, encoded_photo(), 1, 1, THINK_SECONDS) as load:
        assert classify(url, "flowers") == 404
        shutil.copytree(STARTERS / "clothing", make_serve.models / ".flowers")
        (make_serve.models / ".flowers").rename(new)
        wait_until(lambda: classify(url, "flowers") == 200)
        wait_until(lambda: make_serve.says("flowers: version 1 serves"))
        shutil.rmtree(new)
        wait_until(lambda: classify(url, "flowers") == 404)
        wait_until(lambda: make_serve.says("flowers: no longer served, its folder is gone"))
    check(load)
    assert classify(url, "clothing") == 200


class ConfigMap:
    """A folder that changes as kubelet changes a mounted ConfigMap: by replacing one link."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._generation = 0
        self.file = folder / "models.config"

    def write(self, *names: str) -> None:
        self._generation += 1
        new = self._folder / f"..{self._generation}"
        new.mkdir(parents=True)
        models = [ModelSettings(name, Path("/models") / name) for name in names]
        write_config(new / "models.config", models)
        (self._folder / "..data_tmp").symlink_to(new.name)
        (self._folder / "..data_tmp").rename(self._folder / "..data")
        if not self.file.is_symlink():
            self.file.symlink_to("..data/models.config")


def test_a_gateway_follows_the_model_servers_configuration_file(tmp_path: Path) -> None:
    config, metrics = ConfigMap(tmp_path / "config"), f"127.0.0.1:{free_port()}"
    config.write("clothing", "cats-dogs")
    server, port = serve(Script())  # It has every model.
    settings = {"model_config_file": str(config.file), "metrics_bind": metrics}
    with gateway(f"127.0.0.1:{port}", tmp_path / "log", **settings) as (program, url):
        wait_until_ready(url)
        assert (classify(url, "cats-dogs"), classify(url, "flowers")) == (200, 404)
        target = f"{url}/v1/models/clothing:classify"
        with steady_load(target, encoded_photo(), 2, 2, THINK_SECONDS) as load:
            config.write("clothing", "flowers")
            wait_until(lambda: {classify(url, "flowers") for _ in range(8)} == {200})
            wait_until(lambda: {classify(url, "cats-dogs") for _ in range(8)} == {404})
        check(load)
        numbers = read_numbers(httpx.get(f"http://{metrics}/metrics").text)
        assert values_of(numbers, "model") == {"clothing", "flowers", "unknown", ""}
        config.file.resolve().write_text("model_config_list {")
        changed = f"cannot read the model config file {config.file}: 1:19"
        wait_until(lambda: changed in program.output())
        assert (classify(url, "flowers"), classify(url, "cats-dogs")) == (200, 404)
        assert "Traceback" not in program.output()
    server.stop(0).wait()
