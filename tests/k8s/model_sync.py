"""The containers that copy models from an object store, run as processes of this machine."""

import os
import subprocess
from pathlib import Path

import numpy as np

from serving.repository.checksums import write_checksums
from tests.k8s.manifests import Manifest, environment, find, tool

FILES = 6
"""Of each version, besides its checksums."""
FILE_BYTES = 100_000


class Sync:
    """The containers that copy, with the folders of this machine in place of their volumes."""

    def __init__(self, manifests: tuple[Manifest, ...], folder: Path) -> None:
        pod = find(manifests, "Deployment", "model-server")["spec"]["template"]["spec"]
        (init,) = pod["initContainers"]
        (sidecar,) = (each for each in pod["containers"] if each["name"] == "sync-models")
        self._commands = {"once": init, "forever": sidecar}
        self._mounts = {
            mount["mountPath"]: str(folder / mount["name"]) for mount in init["volumeMounts"]
        }
        for path in self._mounts.values():
            Path(path).mkdir()
        self._path = f"{Path(tool('rclone')).parent}:{os.environ['PATH']}"
        self.models = Path(self._mounts["/models"])
        self.bucket = folder / "bucket" / "photolabel" / "models"
        self.bucket.mkdir(parents=True)
        (volume,) = (each for each in pod["volumes"] if each["name"] == "sync-models")
        files = find(manifests, "ConfigMap", volume["configMap"]["name"])["data"]
        self._write_files(files, folder)

    def _write_files(self, files: dict[str, str], folder: Path) -> None:
        config = f"[bucket]\ntype = alias\nremote = {folder / 'bucket'}\n"
        (Path(self._mounts["/etc/rclone"]) / "rclone.conf").write_text(config)
        for name, text in files.items():
            (Path(self._mounts["/etc/sync-models"]) / name).write_text(text)

    def start(self, how: str, **variables: str) -> "subprocess.Popen[str]":
        """Start the init container's command (`once`) or the sidecar's (`forever`)."""
        container = self._commands[how]
        return subprocess.Popen(
            [self._here(word) for word in container["command"]],
            env={
                "PATH": self._path,
                **{name: self._here(value) for name, value in environment(container).items()},
                **variables,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def once(self) -> tuple[int, str]:
        """Run the init container; return its exit status and output."""
        process = self.start("once")
        output, _ = process.communicate(timeout=60)
        return process.returncode, output

    def upload(self, models: Path, manifests: tuple[Manifest, ...]) -> None:
        """Run the CronJob that copies what has been published to the bucket."""
        template = find(manifests, "CronJob", "upload-models")["spec"]["jobTemplate"]["spec"]
        (container,) = template["template"]["spec"]["containers"]
        command = [str(models) if word == "/models" else word for word in container["command"]]
        variables = {name: self._here(value) for name, value in environment(container).items()}
        environ = {"PATH": self._path, **variables}
        subprocess.run(command, env=environ, check=True, capture_output=True)

    def probe(self) -> list[bool]:
        """Return whether the sidecar's probes succeed."""
        probes = [self._commands["forever"][f"{kind}Probe"] for kind in ("readiness", "liveness")]
        commands = [[self._here(word) for word in each["exec"]["command"]] for each in probes]
        return [subprocess.run(each, check=False).returncode == 0 for each in commands]

    def _here(self, text: str) -> str:
        for there, here in self._mounts.items():
            text = text.replace(f"{there}/", f"{here}/") if text != there else here
        return text

    def publish(self, version: str) -> Path:
        """Put a version into the bucket."""
        rng = np.random.default_rng(len(version))
        folder = self.bucket / version
        (folder / "variables").mkdir(parents=True)
        for number in range(FILES):
            (folder / "variables" / str(number)).write_bytes(rng.bytes(FILE_BYTES))
        write_checksums(folder)
        return folder

    def versions(self) -> list[str]:
        """Return the versions that a model server sees."""
        found = self.models.glob("[!.]*/[0-9]*")
        return sorted(str(each.relative_to(self.models)) for each in found)
