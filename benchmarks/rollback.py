"""Roll a model back and forth under load: seconds until the other version answers, and failures.

Run: python -m benchmarks.rollback [--times 50] [--clients 8] [--think 0]

Clients classify photos without naming a version, while `python -m training rollback` is called
again and again: for a folder of models as `make serve` has it (pins), and for TensorFlow Serving's
configuration file with labels. Last, `promote` moves a canary that gets all requests back and forth
between two versions that are loaded. Time is measured from the start of the command to the first
answer of the other version. The exit status is 1 if a request fails or a bar is missed.
"""

import argparse
import contextlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track

from serving.local import run_stack
from serving.repository.versions import staged
from tests.drawing import encoded_photo
from tests.e2e.load import Load, Outcome, steady_load
from tests.e2e.processes import ROOT, STARTERS, Program, gateway, wait_until_ready

BAR_SECONDS = 5.0
MODEL = "clothing"
_GIVE_UP_SECONDS = 60.0
_CONFIG = """\
# Two versions are loaded; requests without a version get the one with the label.
model_config_list {{
  config {{
    name: "clothing"
    base_path: "{base}"
    model_platform: "tensorflow"
    model_version_policy {{ specific {{ versions: 2 }} }}
    version_labels {{ key: "stable" value: 2 }}
  }}
}}
"""


@dataclass(frozen=True)
class Chain:
    """Running programs, and the command that changes what serves, with its options."""

    url: str
    options: Sequence[str]
    command: str = "rollback"


@dataclass(frozen=True)
class Measurement:
    """Seconds of each rollback, those of the command alone, and the requests meanwhile."""

    effective: list[float]
    command: list[float]
    outcomes: list[Outcome]

    @property
    def failed(self) -> int:
        """How many requests did not end with 200."""
        return sum(outcome.status != 200 for outcome in self.outcomes)


def main() -> int:
    """Measure both, print a line for each, and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=50, help="back and forth (default: 50)")
    parser.add_argument("--clients", type=int, default=8, help="(default: 8)")
    parser.add_argument(
        "--think", type=float, default=0, help="seconds between a client's requests (default: 0)"
    )
    arguments = parser.parse_args()
    console, passed = Console(), True
    for name, chain in {**CHAINS, "canary in a folder": _canary}.items():
        with tempfile.TemporaryDirectory() as temporary, chain(Path(temporary)) as running:
            found = measure(running, arguments.times, arguments.clients, arguments.think)
        console.print(_line(name, found), highlight=False, soft_wrap=True)
        for each in [each for each in found.outcomes if each.status != 200][:3]:
            console.print(f"  {each.status}: {each.body[:200]}", markup=False)
        passed &= not found.failed and max(found.effective) <= BAR_SECONDS
    return 0 if passed else 1


def _line(name: str, found: Measurement) -> str:
    effective, command = (
        f"median {statistics.median(each):.2f}, max {max(each):.2f}"
        for each in (found.effective, found.command)
    )
    return (
        f"{name}: {len(found.effective)} changes, effective after {effective} s (the command alone:"
        f" {command}); {found.failed} of {len(found.outcomes):,} requests failed"
    )


def measure(chain: Chain, times: int, clients: int, think: float) -> Measurement:
    """Roll back and forth under load.

    Args:
        chain: the running programs.
        times: how often back and forth.
        clients: how many clients classify a photo meanwhile.
        think: seconds between a response and a client's next request.
    """
    url = f"{chain.url}/v1/models/{MODEL}:classify"
    effective, command = [], []
    with steady_load(url, encoded_photo(), clients=clients, think=think) as load:
        _wait_for(load, 2, 0.0)
        for number in track(range(2 * times), "rolling back and forth", transient=True):
            version, began = 1 + number % 2, time.monotonic()
            _run(chain.command, MODEL, str(version), *chain.options)
            command.append(time.monotonic() - began)
            effective.append(_wait_for(load, version, began) - began)
    return Measurement(effective, command, load.outcomes)


def _wait_for(load: Load, version: int, moment: float) -> float:
    """Return when a version first answered after a moment."""
    end = time.monotonic() + _GIVE_UP_SECONDS
    while time.monotonic() < end:
        for outcome in load.after(moment):
            if outcome.version == version:
                return outcome.moment
        time.sleep(0.01)
    raise SystemExit(f"version {version} did not answer within {_GIVE_UP_SECONDS:g} s")


def _run(*words: str) -> None:
    command = [sys.executable, "-m", "training", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stderr}")


@contextlib.contextmanager
def _folder(temporary: Path) -> Iterator[Chain]:
    models = _published_twice(temporary)
    with run_stack(models, settings={}) as stack:
        yield Chain(stack.url, ("--models", str(models)))


@contextlib.contextmanager
def _config_file(temporary: Path) -> Iterator[Chain]:
    base = _published_twice(temporary) / MODEL
    config = temporary / "models.config"
    config.write_text(_CONFIG.format(base=base))
    flags = ("--model_config_file", str(config), "--model_config_file_poll_wait_seconds", "1")
    log = temporary / "model-server.log"
    program = Program("serving.model_server", *flags, "--port", "0", log=log)
    try:
        pattern = re.compile(r"^model server listening on (\S+)$", re.M)
        program.wait_for(lambda: pattern.search(program.output()), "the model server listens")
        address = pattern.findall(program.output())[-1]
        with gateway(address, temporary / "gateway.log", models=MODEL) as (_, url):
            wait_until_ready(url)
            options = ("--model_config_file", str(config), "--model-server", address)
            yield Chain(url, options)
    finally:
        program.stop()


@contextlib.contextmanager
def _canary(temporary: Path) -> Iterator[Chain]:
    models = _published_twice(temporary)
    options = ("--models", str(models), "--label")
    _run("promote", MODEL, "1", *options, "stable")
    _run("promote", MODEL, "2", *options, "canary")
    with run_stack(models, settings={"PHOTOLABEL_CANARY_SHARE": "1"}) as stack:
        yield Chain(stack.url, (*options, "canary"), "promote")


def _published_twice(temporary: Path) -> Path:
    models = temporary / "models"
    for _ in range(2):
        with staged(models / MODEL) as staging:
            shutil.copytree(STARTERS / MODEL / "1", staging.folder, dirs_exist_ok=True)
            staging.publish()
    return models


CHAINS = {"folder": _folder, "configuration file": _config_file}
"""By what the model server reads: context managers that run gateway and model server."""

if __name__ == "__main__":
    sys.exit(main())
