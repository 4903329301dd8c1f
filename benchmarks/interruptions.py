"""Kill runs with `kill -9` at random moments, let them finish, and check that nothing was lost.

Run: python -m benchmarks.interruptions --help

Every run must reach the accuracy of an uninterrupted run within 0.3 points, and with
`--deterministic` the same weights. If a run finishes before it is killed, the next one starts from
scratch in its own folder, until the requested number of kills is reached. After each kill and at
the end of each run, every visible version must be complete.
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

_TOLERANCE = 0.003
_FILES = {"saved_model.pb", "variables.index", "model_card.json", "tf_serving_warmup_requests"}


def main() -> int:
    """Run the benchmark and return the exit status: 1 if anything was lost."""
    arguments = _parser().parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        began = time.monotonic()
        _run(arguments, folder / "uninterrupted").wait()
        seconds = time.monotonic() - began
        print(
            f"uninterrupted: {_accuracy_text(folder / 'uninterrupted')}, {seconds:.0f} s",
            flush=True,
        )
        runs = _kill_often(arguments, folder, seconds)
        for killed in runs:
            equal = _weights(killed) == _weights(folder / "uninterrupted")
            weights = "equal" if equal else "DIFFERENT"
            versions = _versions(killed)
            print(
                f"{killed.name}: {_accuracy_text(killed)}, weights {weights}, versions {versions}"
            )
            far = abs(_accuracy(killed) - _accuracy(folder / "uninterrupted")) > _TOLERANCE
            if versions != [1] or far or (arguments.deterministic and not equal):
                return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Kill runs at random moments and let them finish.")
    parser.add_argument("--recipe", default="clothing-dense128-adam")
    parser.add_argument("--data", help="folder of the data sets")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1, help="seed of the random moments")
    parser.add_argument("--checkpoint-minutes", default="0.05")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--deterministic", action=argparse.BooleanOptionalAction, default=True)
    return parser


def _run(arguments: argparse.Namespace, folder: Path) -> "subprocess.Popen[bytes]":
    """Start a run whose folders are in `folder`."""
    paths = ["--runs", str(folder / "runs"), "--models", str(folder / "models")]
    options = ["--publish", "--force", "--checkpoint-minutes", arguments.checkpoint_minutes]
    options += ["--data", arguments.data] if arguments.data else []
    options += ["--deterministic"] if arguments.deterministic else []
    options += [word for number in arguments.set for word in ("--set", number)]
    command = [sys.executable, "-m", "training", "run", arguments.recipe, *paths, *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def _kill_often(arguments: argparse.Namespace, folder: Path, seconds: float) -> list[Path]:
    """Kill runs as often as requested, let the last one finish, and return all folders."""
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
        return "the trained network is saved"
    return f"{checkpoints[-1].name} is saved" if checkpoints else "nothing is saved yet"


def _versions(folder: Path) -> list[int]:
    """Return the visible versions.

    Raises:
        SystemExit: one of them is incomplete.
    """
    found = []
    for base in folder.glob("models/*"):
        for version in published_versions(base):
            missing = _FILES - {path.name for path in (base / str(version)).rglob("*")}
            if missing:
                raise SystemExit(
                    f"{base.name}/{version} is incomplete: {', '.join(missing)} missing"
                )
            found.append(version)
    return found


def _accuracy_text(folder: Path) -> str:
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
