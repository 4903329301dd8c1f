"""Bulk work on a Ray cluster: Ray Data hands out the photos, Parquet files hold the results.

Only paths travel through Ray's object stores. Each worker reads its photos where Ray would, from a
folder that all nodes see or from S3, and sends them to the gateway. Ray repeats what a lost worker
has not finished; the files that its tasks write have fixed names, so that a repeated task replaces
its file. The results are written beside their place, checked, and moved there when all are there.
"""

import logging
import os
import re
import socket
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import ray
from pyarrow import fs
from ray.data import ActorPoolStrategy, DataContext

from .errors import BulkError
from .files import EXTENSIONS, photos
from .ray_worker import Worker, WorkerFailed
from .run import Options

# What is lost with a worker, and done again by another one.
_TASK_PHOTOS = 256
_TASK_BYTES = 64 * 2**20
_CONNECT_SECONDS = 10.0
_BLOCK_BYTES = 4 * 2**20
_ROWS_PER_FILE = 100_000
# A worker waits for the gateway most of the time; the other half of each CPU writes the results.
_WORKER_CPUS = 0.5


class RayJobError(BulkError):
    """The job can't start; says why in one line."""


class RayJobFailed(RayJobError):
    """The job has ended without results."""


@dataclass(frozen=True)
class RayJob:
    """Classify all photos below a folder on a Ray cluster.

    Args:
        address: Ray's, such as "auto", "10.0.0.1:6379" or "ray://10.0.0.1:10001"; "local" starts
            Ray on this machine.
        url: the gateway's address, as the nodes reach it.
        model: the model's name.
        folder: the folder of the photos, a path or a URI such as "s3://bucket/photos".
        out: the folder of the Parquet files, a path or a URI, which must not exist.
        options: those of one machine; `where` and `sort_into` are not used.
        workers: at most this many; by default, one for each CPU of the cluster.
    """

    address: str
    url: str
    model: str
    folder: str
    out: str
    options: Options
    workers: int | None = None

    def run(self) -> dict[str, int]:
        """Do all of it, and return the numbers of photos that are "classified" and "failed".

        Raises:
            RayJobError: there is no photo, the output is there already, or Ray can't be reached.
            RayJobFailed: the gateway refused all requests, or was away for too long; the results
                are not complete.
        """
        place, out = _file_system(self.out)
        if place.get_file_info(out).type != fs.FileType.NotFound:
            raise RayJobError(f"{self.out} exists already: name another output, or remove it")
        tasks = list(_tasks(_photos(self.folder)))
        if not tasks:
            raise RayJobError(f"there is no photo in {self.folder}")
        _connect(self.address)
        partial = f"{out.rstrip('/')}.partial-{uuid.uuid4().hex[:8]}"
        try:
            self._classify(tasks, place, partial)
            counts = _checked(place, partial, sum(map(len, tasks)))
            _move(place, partial, out)
        except ray.exceptions.RayError as error:
            raise RayJobFailed(_reason(error)) from error
        finally:
            if place.get_file_info(partial).type != fs.FileType.NotFound:
                place.delete_dir(partial)
        return counts

    def _classify(self, tasks: Sequence[pa.Table], place: fs.FileSystem, partial: str) -> None:
        workers = self.workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        ray.data.from_arrow(tasks).map_batches(
            Worker,
            fn_constructor_args=[self.url, self.model, _located(self.folder), self.options],
            batch_size=None,
            batch_format="pyarrow",
            compute=ActorPoolStrategy(size=min(workers, len(tasks))),
            num_cpus=_WORKER_CPUS,
        ).write_parquet(partial, filesystem=place, min_rows_per_file=_ROWS_PER_FILE)


def _connect(address: str) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if not ray.is_initialized():
        local: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
        _reach(address)
        try:
            ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False, **local)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise RayJobError(f"there is no Ray at {address}: {_last_line(error)}") from error
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    context = DataContext.get_current()
    context.enable_progress_bars = os.isatty(2)
    # Ray reserves memory for blocks of the size allowed. These hold paths and results only.
    context.target_max_block_size = _BLOCK_BYTES


def _reach(address: str) -> None:
    """Fail at once where nothing listens; Ray would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdigit()):
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise RayJobError(f"there is no Ray at {address}: {error}") from error


def _located(path: str) -> str:
    """Return a path that means the same everywhere."""
    return path if "://" in path else os.path.abspath(path)


def _file_system(path: str) -> tuple[fs.FileSystem, str]:
    """Return the file system of a path or URI, and the path on it."""
    try:
        found: tuple[fs.FileSystem, str] = fs.FileSystem.from_uri(_located(path))
    except (OSError, ValueError) as error:
        raise RayJobError(f"{path}: {_last_line(error)}") from error
    return found


def _photos(folder: str) -> Iterator[tuple[str, int]]:
    """Yield the path below the folder, and the size, of each photo.

    On this machine's disks as without Ray; elsewhere there are neither links nor devices.
    """
    place, base = _file_system(folder)
    if place.get_file_info(base).type != fs.FileType.Directory:
        raise RayJobError(f"{folder} is not a folder")
    if isinstance(place, fs.LocalFileSystem):
        yield from photos(Path(base))
        return
    for info in place.get_file_info(fs.FileSelector(base, recursive=True)):
        path = PurePosixPath(info.path).relative_to(PurePosixPath(base))
        hidden = any(part.startswith(".") for part in path.parts)
        if info.is_file and path.suffix.lower() in EXTENSIONS and not hidden:
            yield str(path), info.size


def _tasks(found: Iterable[tuple[str, int]]) -> Iterator[pa.Table]:
    """Yield the paths in tables of about the same number of photos and bytes."""
    paths: list[str] = []
    sizes: list[int] = []
    for path, more in found:
        if paths and (len(paths) >= _TASK_PHOTOS or sum(sizes) + more > _TASK_BYTES):
            yield pa.table({"image": paths, "size": sizes})
            paths, sizes = [], []
        paths.append(path)
        sizes.append(more)
    if paths:
        yield pa.table({"image": paths, "size": sizes})


def _checked(place: fs.FileSystem, folder: str, expected: int) -> dict[str, int]:
    """Return the counts of the results, if each photo is there exactly once."""
    results = pq.read_table(folder, filesystem=place, columns=["image", "error"])
    distinct = pc.count_distinct(results["image"]).as_py()
    if not len(results) == distinct == expected:
        numbers = f"{len(results)} results of {distinct} photos, not of {expected}"
        raise RayJobFailed(f"the results are not complete: {numbers}; run it again")
    failed = expected - results["error"].null_count
    return {"classified": expected - failed, "failed": failed}


def _move(place: fs.FileSystem, source: str, target: str) -> None:
    """Rename the folder; on object stores, which can't, copy it."""
    if isinstance(place, fs.LocalFileSystem):
        place.move(source, target)
    else:
        fs.copy_files(source, target, source_filesystem=place, destination_filesystem=place)


def _reason(error: BaseException) -> str:
    """Return what a worker said, which stands in the middle of the text of Ray's error."""
    said = re.search(rf"{WorkerFailed.__name__}: (.+)", str(error))
    return said[1].strip() if said else _last_line(error)


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
