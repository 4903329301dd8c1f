"""Kills runs with `kill -9` at random moments, lets them finish, and looks what was lost.

`python -m benchmarks.interruptions --help`. Every run has to end as accurate as one that nobody
killed, within 0.3 points, and with `--deterministic` with its weights. A run that ends before it is
killed does not count as a kill: the next one begins anew, in a folder of its own, until there were
as many kills as asked for. After each kill, and at the end of each run, every version that can be
seen has to be whole.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from serving.repository.versions import published_versions

_FAR = 0.003
_WHOLE = {"saved_model.pb", "variables.index", "model_card.json", "tf_serving_warmup_requests"}


def main() -> int:
    """Measure and return the exit status: 1 if anything was lost."""
    arguments = _parser().parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        began = time.monotonic()
        _run(arguments, folder / "whole").wait()
        seconds = time.monotonic() - began
        print(f"not killed: {_told(folder / 'whole')}, {seconds:.0f} s", flush=True)
        runs = _kill_often(arguments, folder, seconds)
        for killed in runs:
            equal = _weights(killed) == _weights(folder / "whole")
            weights = "equal" if equal else "DIFFERENT"
            versions = _versions(killed)
            print(f"{killed.name}: {_told(killed)}, weights {weights}, versions {versions}")
            far = abs(_accuracy(killed) - _accuracy(folder / "whole")) > _FAR
            if versions != [1] or far or (arguments.deterministic and not equal):
                return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Kill a run at random moments and let it finish.")
    parser.add_argument("--recipe", default="clothing-dense128-adam")
    parser.add_argument("--data", help="folder of the data sets")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    parser.add_argument("--checkpoint-minutes", default="0.05")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--deterministic", action=argparse.BooleanOptionalAction, default=True)
    return parser


def _run(arguments: argparse.Namespace, folder: Path) -> "subprocess.Popen[bytes]":
    """Start the run whose folders are in a folder."""
    places = ["--runs", str(folder / "runs"), "--models", str(folder / "models"), "--force"]
    options = ["--checkpoint-minutes", arguments.checkpoint_minutes]
    options += ["--data", arguments.data] if arguments.data else []
    options += ["--deterministic"] if arguments.deterministic else []
    options += [word for number in arguments.set for word in ("--set", number)]
    command = [sys.executable, "-m", "training", "run", arguments.recipe, *places, *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def _kill_often(arguments: argparse.Namespace, folder: Path, seconds: float) -> list[Path]:
    """Kill runs so often, let the last one finish, and return the folders of all."""
    moments = random.Random(arguments.seed)
    runs, kills = [folder / "run 1"], 0
    while kills < arguments.kills:
        run = _run(arguments, runs[-1])
        wait = moments.uniform(0, seconds)
        try:
            run.wait(wait)
            runs.append(folder / f"run {len(runs) + 1}")
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait()
            kills += 1
            position = _position(runs[-1])
            print(f"kill {kills}, {runs[-1].name}, after {wait:.1f} s: {position}", flush=True)
        _versions(runs[-1])
    _run(arguments, runs[-1]).wait()
    return runs


def _position(folder: Path) -> str:
    checkpoints = sorted(folder.glob("runs/*/*/checkpoints/[0-9]*.npz"))
    if any(folder.glob("runs/*/*/trained.keras")):
        return "the trained network is kept"
    return f"{checkpoints[-1].name} is kept" if checkpoints else "nothing is kept yet"


def _versions(folder: Path) -> list[int]:
    """Return the versions that can be seen.

    Raises:
        SystemExit: one of them is not whole.
    """
    found = []
    for base in folder.glob("models/*"):
        for version in published_versions(base):
            missing = _WHOLE - {path.name for path in (base / str(version)).rglob("*")}
            if missing:
                raise SystemExit(f"{base.name}/{version} is not whole: no {', '.join(missing)}")
            found.append(version)
    return found


def _told(folder: Path) -> str:
    return f"test accuracy {_accuracy(folder):.2%}"


def _accuracy(folder: Path) -> float:
    (card,) = folder.glob("runs/*/*/model_card.json")
    return float(json.loads(card.read_text())["metrics"]["test"]["accuracy"])


def _weights(folder: Path) -> list[bytes]:
    import keras

    (trained,) = folder.glob("runs/*/*/trained.keras")
    network = keras.models.load_model(trained, compile=False)
    return [weight.tobytes() for weight in network.get_weights()]


if __name__ == "__main__":
    sys.exit(main())
