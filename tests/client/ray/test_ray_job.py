"""A job on Ray's local cluster of three nodes: `make test-ray`."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

ray: Any = pytest.importorskip("ray", reason="Ray is installed by make test-ray only")

import pyarrow.parquet as pq  # noqa: E402 - of the extra as well
from ray.cluster_utils import Cluster  # noqa: E402

from client.__main__ import main  # noqa: E402
from client.bulk import Options  # noqa: E402
from client.bulk.ray_job import RayJob, RayJobError  # noqa: E402

# Ray leaves sockets and processes to its own shutdown.
pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("default")]

ROOT = Path(__file__).parents[3]
OBJECT_STORE = 200 * 2**20  # bytes, of each node
PAUSE_AFTER = 1500  # photos, of fake_gateway.py
NODE = {"num_cpus": 1, "object_store_memory": OBJECT_STORE}


@pytest.fixture(scope="module", autouse=True)
def environment() -> Iterator[None]:
    """Let the processes of all nodes import the tree; send no usage statistics."""
    changed = {"PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0"}
    former = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    yield
    for name, value in former.items():
        os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture(scope="module")
def cluster(environment: None) -> Iterator[Cluster]:
    head = {**NODE, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Run a gateway; yield its URL, and the file with the photos that it has classified."""
    log = tmp_path / "classified.txt"
    log.touch()
    gateway = [sys.executable, str(Path(__file__).with_name("fake_gateway.py")), str(log)]
    with subprocess.Popen(gateway, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{int(process.stdout.readline())}", log
        process.kill()


def write_photos(folder: Path, count: int) -> Path:
    for number in range(count):
        file = folder / f"{number // 1000}" / f"{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"bad" if number % 500 == 499 else b"photo %d" % number)
    return folder


def job(address: str, url: str, folder: Path, out: Path) -> RayJob:
    return RayJob(address, url, "clothing", str(folder), str(out), Options(top=1))


def photos_in(log: Path) -> list[bytes]:
    return log.read_bytes().splitlines()


def kill_busy_node(url: str, log: Path, cluster: Cluster, nodes: list[Any]) -> None:
    """Kill a node whose worker waits for the gateway, which holds requests until then."""
    port = int(url.rpartition(":")[2])
    while len(photos_in(log)) < PAUSE_AFTER:
        time.sleep(0.1)
    while not (busy := [node for node in nodes if calls(node, port)]):
        time.sleep(0.1)
    processes = children(busy[0])
    cluster.remove_node(busy[0], allow_graceful=False)
    for process in processes:  # They would notice a moment later, with their work done.
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, 10)
    log.with_name(f"{log.name}.go").touch()


def children(node: Any) -> list[psutil.Process]:
    (raylet,) = node.all_processes["raylet"]
    return psutil.Process(raylet.process.pid).children(recursive=True)


def calls(node: Any, port: int) -> bool:
    """Whether a process of the node is connected to the port."""
    for process in children(node):
        with contextlib.suppress(psutil.NoSuchProcess):
            found = process.net_connections("tcp")
            if any(each.raddr and each.raddr.port == port for each in found):
                return True
    return False


def test_a_lost_nodes_photos_are_done_by_others(
    cluster: Cluster, served: tuple[str, Path], tmp_path: Path
) -> None:
    url, log = served
    nodes = [cluster.add_node(**NODE) for _ in range(2)]
    cluster.wait_for_nodes()
    folder, out = write_photos(tmp_path / "photos", 5000), tmp_path / "results.parquet"
    killer = threading.Thread(target=kill_busy_node, args=(url, log, cluster, nodes))
    killer.start()

    counts = job(cluster.address, url, folder, out).run()

    killer.join(10)
    assert not killer.is_alive()
    assert len(photos_in(log)) > 4990, "photos that the lost node had in hand are sent again"
    assert counts == {"classified": 4990, "failed": 10}
    rows = pq.read_table(out).to_pylist()
    assert {row["image"] for row in rows} == {f"{n // 1000}/{n}.jpg" for n in range(5000)}
    assert len(rows) == 5000
    for row in rows:
        number = int(Path(row["image"]).stem)
        expected = (None, "Not an image") if number % 500 == 499 else (str(number % 10), None)
        assert (row["label"], row["error"]) == expected
    assert [each.name for each in tmp_path.iterdir() if "partial" in each.name] == []


def test_an_output_that_exists_is_kept(
    cluster: Cluster, served: tuple[str, Path], tmp_path: Path
) -> None:
    out = tmp_path / "results.parquet"
    out.mkdir()
    with pytest.raises(RayJobError, match="exists already"):
        job(cluster.address, served[0], write_photos(tmp_path / "photos", 1), out).run()


def test_a_photo_that_can_not_be_read_is_recorded(
    cluster: Cluster, served: tuple[str, Path], tmp_path: Path
) -> None:
    folder = write_photos(tmp_path / "photos", 3)
    (folder / "0" / "0.jpg").unlink()
    (folder / "0" / "0.jpg").symlink_to("nowhere.jpg")
    out = tmp_path / "results.parquet"
    counts = job(cluster.address, served[0], folder, out).run()
    assert counts == {"classified": 2, "failed": 1}
    errors = [row["error"] for row in pq.read_table(out).to_pylist() if row["error"]]
    assert errors[0].startswith("can't be read")


def test_the_command(
    cluster: Cluster,
    served: tuple[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, out = write_photos(tmp_path / "photos", 500), tmp_path / "results.parquet"
    command = ["bulk", "clothing", str(folder), "--url", served[0], "--ray", cluster.address]
    assert main([*command, "--out", str(out)]) == 3
    assert capsys.readouterr().out == f"500 photos in {out}; 1 bad\n"
    assert main([*command, "--out", str(out)]) == 2
    assert "exists already" in capsys.readouterr().err
    command[1] = "missing"
    assert main([*command, "--out", str(tmp_path / "other")]) == 1
    assert capsys.readouterr().err == "error: 404 Unknown model\n"
    assert {each.name for each in tmp_path.iterdir()} == {
        "photos",
        "classified.txt",
        "results.parquet",
    }


@pytest.mark.parametrize("folder", ["missing", "empty"])
def test_a_folder_without_photos(folder: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RayJobError, match=r"folder|no photo"):
        job("auto", "http://127.0.0.1:1", tmp_path / folder, tmp_path / "out").run()


def test_an_address_without_ray(served: tuple[str, Path], tmp_path: Path) -> None:
    ray.shutdown()
    folder = write_photos(tmp_path / "photos", 1)
    with pytest.raises(RayJobError, match=r"there is no Ray at 127\.0\.0\.1:1"):
        job("127.0.0.1:1", served[0], folder, tmp_path / "out").run()
