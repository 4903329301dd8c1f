"""Build the images with Docker, Podman or Buildah: `python3 docker/build_images.py [IMAGE…]`.

It needs nothing but Python 3.11 and one of the three. Labels say what the images were built from;
times in the images are those of the commit, so that builds of one commit can be compared.
"""

import argparse
import datetime
import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENGINES = ("docker", "podman", "buildah")
DEFAULT_BASE = "docker.io/library/python:3.11-slim-bookworm"

IMAGES = {
    "serve": ("Dockerfile.serve", "photolabel-serve", "", ()),
    "train": ("Dockerfile.train", "photolabel-train", "", ("REQUIREMENTS=train-gpu",)),
    "train-cpu": ("Dockerfile.train", "photolabel-train", "-cpu", ("REQUIREMENTS=train",)),
}
"""For each image its Dockerfile, its name, the end of its tag, and its build arguments."""


class BuildError(Exception):
    """The images can't be built; says why and what to do."""


@dataclass(frozen=True)
class Source:
    """What the images are built from: version, commit (None outside git), and its time."""

    version: str
    revision: str | None
    epoch: int  # Seconds since 1970.

    @property
    def created(self) -> str:
        """Return the time as RFC 3339 has it."""
        time = datetime.datetime.fromtimestamp(self.epoch, datetime.UTC)
        return time.isoformat().replace("+00:00", "Z")


def main(argv: Sequence[str] | None = None) -> int:
    """Build, and return the exit status."""
    own, flags = _split(sys.argv[1:] if argv is None else list(argv))
    arguments = _parser().parse_args(own)
    try:
        for command in commands(arguments, source(), flags):
            print(shlex.join(command), flush=True)
            if not arguments.dry_run:
                subprocess.run(command, cwd=ROOT, check=True)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"error: {error.cmd[0]} ended with status {error.returncode}", file=sys.stderr)
        return 1
    return 0


def _split(argv: list[str]) -> tuple[list[str], list[str]]:
    """Return the arguments before and after the first `--`."""
    end = argv.index("--") if "--" in argv else len(argv)
    return argv[:end], argv[end + 1 :]


def source() -> Source:
    """Return the version of the tree and its commit, marked where files differ from it."""
    project = tomllib.loads((ROOT / "packaging/serving/pyproject.toml").read_text("utf-8"))
    revision, epoch = _git("rev-parse", "HEAD"), _git("log", "-1", "--format=%ct")
    if revision and _git("status", "--porcelain"):
        revision += "-modified"
    seconds = os.environ.get("SOURCE_DATE_EPOCH") or epoch or "0"
    if not seconds.isdecimal():
        raise BuildError(f"SOURCE_DATE_EPOCH={seconds!r} is not a number of seconds since 1970")
    return Source(project["project"]["version"], revision, int(seconds))


def _git(*arguments: str) -> str | None:
    if not shutil.which("git"):
        return None
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None


def find_engine(wanted: str | None) -> str:
    """Return the wanted engine, or the first one that is installed and works.

    Raises:
        BuildError: no engine is installed and works.
    """
    if wanted:
        if shutil.which(wanted):
            return wanted
        raise BuildError(f"{wanted} is not installed")
    for engine in filter(shutil.which, ENGINES):
        # Docker's client may be installed where its service is not.
        check = [engine, "version"]
        if subprocess.run(check, capture_output=True, check=False).returncode == 0:
            return engine
    raise BuildError(f"none of {', '.join(ENGINES)} works here: install one of them")


def commands(
    arguments: argparse.Namespace, built_from: Source, flags: Sequence[str]
) -> Iterator[list[str]]:
    """Yield the commands that build each image, with these flags, and push it if asked.

    Raises:
        BuildError: no engine works, or it can't do what is asked for.
    """
    engine = find_engine(arguments.engine)
    several = "," in (arguments.platform or "")
    if engine == "docker" and several and not arguments.push:
        raise BuildError("Docker keeps one platform only: add PUSH=1, or name one platform")
    images = arguments.images or ["serve", "train"]
    for image in images:
        if image not in IMAGES:
            raise BuildError(f"there is no image {image!r}; there are {', '.join(IMAGES)}")
    for image in images:
        dockerfile, name, ending, build_arguments = IMAGES[image]
        tag = f"{arguments.registry}{name}:{arguments.tag or built_from.version}{ending}"
        build = [engine, *(["buildx"] if several and engine == "docker" else []), "build"]
        build += ["--file", dockerfile]
        for value in (f"BASE={arguments.base}", *build_arguments):
            build += ["--build-arg", value]
        for label, value in labels(built_from, arguments.base, arguments.source_url):
            build += ["--label", f"org.opencontainers.image.{label}={value}"]
        build += _times(engine, built_from.epoch)
        if arguments.platform:
            build += ["--platform", arguments.platform]
        build += ["--manifest" if several and engine != "docker" else "--tag", tag]
        if several and engine == "docker":
            build.append("--push")
        yield [*build, *flags, "."]
        if arguments.push and several and engine != "docker":
            yield [engine, "manifest", "push", "--all", tag, f"docker://{tag}"]
        elif arguments.push and not several:
            yield [engine, "push", tag]


def _times(engine: str, epoch: int) -> list[str]:
    # BuildKit takes the times of image and history from it, the others those of all files too.
    if engine == "docker":
        return ["--build-arg", f"SOURCE_DATE_EPOCH={epoch}"]
    return ["--timestamp", str(epoch)]


def labels(built_from: Source, base: str, source_url: str | None) -> Iterator[tuple[str, str]]:
    """Yield the labels (OCI image specification, annotations) that the Dockerfiles can't know."""
    yield "version", built_from.version
    yield "created", built_from.created
    yield "base.name", base
    if built_from.revision:
        yield "revision", built_from.revision
    if source_url:
        yield "source", source_url


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="docker/build_images.py",
        description="Build the images with Docker, Podman or Buildah.",
        epilog="arguments after -- are passed to the engine's build, such as -- --build-arg HEIC=1",
    )
    parser.add_argument(
        "images", nargs="*", metavar="IMAGE", help=f"{', '.join(IMAGES)} (default: serve train)"
    )
    parser.add_argument("--engine", choices=ENGINES, help="default: the first that works")
    parser.add_argument("--base", default=DEFAULT_BASE, help="base image (default: %(default)s)")
    parser.add_argument("--platform", help="such as linux/arm64, or linux/amd64,linux/arm64")
    parser.add_argument("--tag", help="default: the version of the tree")
    parser.add_argument("--registry", default="", help="prefix of the names: registry.example.com/")
    parser.add_argument("--source-url", help="where the source code is published, for a label")
    parser.add_argument("--push", action="store_true", help="push what was built")
    parser.add_argument("--dry-run", action="store_true", help="only print the commands")
    return parser


if __name__ == "__main__":
    sys.exit(main())
