"""The model server's pods copy models from an object store, and never see half a version.

The commands of the manifests run here with a real rclone; a folder takes the place of the bucket.
"""

import contextlib
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.repository.checksums import check_files, write_checksums
from serving.repository.seed import main as seed
from tests.k8s.manifests import Manifest, build, environment, find, of_kind
from tests.k8s.model_sync import FILES, Sync

BUILD = "cpu, object store"


@pytest.fixture
def sync(tmp_path: Path) -> Sync:
    return Sync(build(BUILD), tmp_path)


def wait_for(sync: Sync, version: str) -> None:
    end = time.monotonic() + 30
    while version not in sync.versions():
        assert time.monotonic() < end, sync.versions()
        time.sleep(0.05)


def test_complete_versions_are_copied(sync: Sync) -> None:
    sync.publish("clothing/1")
    sync.publish("clothing/12")
    sync.publish("cats-dogs/3")
    sync.publish("clothing/latest")
    status, output = sync.once()
    assert status == 0, output
    assert sync.versions() == ["cats-dogs/3", "clothing/1", "clothing/12"]
    for version in sync.versions():
        assert check_files(sync.models / version)
    assert sync.once() == (0, "")


def test_half_uploads_wait_until_they_are_complete(sync: Sync) -> None:
    sync.publish("clothing/1")
    folder = sync.publish("clothing/2")
    missing = (folder / "variables" / "3").rename(sync.bucket.parent / "3")
    without_sums = sync.publish("clothing/3")
    (without_sums / "assets.extra" / "SHA256SUMS").unlink()
    status, output = sync.once()
    assert status == 0
    assert "clothing/2 is not complete in the bucket" in output
    assert "clothing/3 is not complete in the bucket" in output
    assert sync.versions() == ["clothing/1"]
    missing.rename(folder / "variables" / "3")
    write_checksums(without_sums)
    assert sync.once()[0] == 0
    assert sync.versions() == ["clothing/1", "clothing/2", "clothing/3"]


def test_a_new_pod_waits_for_a_version(sync: Sync) -> None:
    status, _ = sync.once()
    assert status != 0
    shutil.rmtree(sync.bucket)
    status, output = sync.once()
    assert status != 0
    assert "directory not found" in output


def test_removed_versions_go_but_never_all(sync: Sync) -> None:
    for version in ("clothing/1", "clothing/2"):
        sync.publish(version)
    sync.once()
    shutil.rmtree(sync.bucket / "clothing" / "1")
    assert "removed clothing/1" in sync.once()[1]
    assert sync.versions() == ["clothing/2"]
    shutil.rmtree(sync.bucket / "clothing" / "2")
    sync.once()
    assert sync.versions() == ["clothing/2"]


@pytest.fixture
def visible(sync: Sync) -> Iterator[list[str]]:
    """Check all the time that what a model server sees is complete; collect what is not."""
    faults: list[str] = []
    seen: list[str] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            for version in set(sync.versions()) - set(seen):
                files = sum(path.is_file() for path in (sync.models / version).rglob("*"))
                if files != FILES + 1 or not check_files(sync.models / version):
                    faults.append(f"{version}: {files} files")
                seen.append(version)
            stop.wait(0.001)

    thread = threading.Thread(target=watch)
    thread.start()
    yield faults
    stop.set()
    thread.join()
    assert seen


def copied_bytes(sync: Sync) -> int:
    total = 0
    for path in sync.models.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # Its folder has just been renamed.
            total += path.stat().st_size if path.is_file() else 0
    return total


def test_a_killed_copy_never_shows_half_a_version(sync: Sync, visible: list[str]) -> None:
    for version in ("clothing/1", "clothing/2", "cats-dogs/1"):
        sync.publish(version)
    for _ in range(4):
        before = copied_bytes(sync)
        process = sync.start("once", RCLONE_BWLIMIT="400k", RCLONE_TRANSFERS="2")
        while copied_bytes(sync) == before:
            assert process.poll() is None, "it ended before it was killed"
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert list((sync.models / ".incoming").rglob("variables")), "something was copied by half"
    assert len(sync.versions()) < 3
    assert sync.once()[0] == 0
    assert sync.versions() == ["cats-dogs/1", "clothing/1", "clothing/2"]
    assert not visible


def test_the_sidecar_copies_new_versions_and_ends_on_sigterm(
    sync: Sync, visible: list[str]
) -> None:
    sync.publish("clothing/1")
    assert sync.once()[0] == 0
    assert not any(sync.probe())
    process = sync.start("forever", SYNC_SECONDS="1")
    for version in ("clothing/2", "clothing/3"):
        sync.publish(version)
        wait_for(sync, version)
    assert all(sync.probe())
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 0
    assert not visible


@pytest.fixture
def pod() -> Manifest:
    return dict(find(build(BUILD), "Deployment", "model-server")["spec"]["template"]["spec"])


def test_what_training_publishes_reaches_the_model_servers(sync: Sync, tmp_path: Path) -> None:
    published = tmp_path / "published"
    assert seed([str(published)]) == 0
    (published / "clothing" / ".half").mkdir()
    (published / "clothing" / ".half" / "saved_model.pb").write_bytes(b"half")
    (published / "clothing" / ".serving.config").write_text("")
    for _ in range(2):
        sync.upload(published, build("upload models"))
    assert sorted(path.name for path in (sync.bucket / "clothing").iterdir()) == ["1"]
    assert sync.once()[0] == 0
    assert sync.versions() == ["cats-dogs/1", "clothing/1"]
    assert check_files(sync.models / "clothing/1")


def test_the_model_server_reads_what_is_copied(pod: Manifest) -> None:
    server, sidecar = pod["containers"]
    (init,) = pod["initContainers"]
    assert all(sidecar[key] == init[key] for key in init if key not in ("name", "command"))
    mounts = {each["name"]: each for each in server["volumeMounts"]}
    assert mounts["models"]["readOnly"]
    assert mounts["models"]["mountPath"] == environment(init)["MODELS_TARGET"]
    assert "models-bucket" not in mounts, "the credentials are not TensorFlow Serving's"
    assert not [volume for volume in pod["volumes"] if "persistentVolumeClaim" in volume]


def test_only_tls_and_dns_leave_the_pod() -> None:
    policies = [each["spec"] for each in of_kind(build(BUILD), "NetworkPolicy")]
    selector = {"matchLabels": {"app.kubernetes.io/name": "model-server"}}
    rules = [
        rule
        for each in policies
        if each["podSelector"] == selector
        for rule in each.get("egress", [])
    ]
    assert [port["port"] for rule in rules for port in rule["ports"]] == [443, 53, 53]
