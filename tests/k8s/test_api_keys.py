"""The gateway reads its API keys where the component mounts the Secret, and takes up changes."""

import os
from pathlib import Path, PurePosixPath

import pytest
import yaml

from serving.gateway.api.api_keys import ApiKeys, new_key, read_sums
from serving.http_errors import Unauthorized
from tests.k8s.manifests import K8S, build, environment, find

EXAMPLE = yaml.safe_load((K8S / "components/api-keys/example-secret.yaml").read_text())
(MEMBER, TEXT), *_ = EXAMPLE["stringData"].items()


def test_the_gateway_reads_the_secret() -> None:
    pod = find(build("cpu, API keys"), "Deployment", "gateway")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    file = PurePosixPath(environment(container)["PHOTOLABEL_API_KEYS_FILE"])
    (mount,) = (m for m in container["volumeMounts"] if m["mountPath"] == str(file.parent))
    assert "subPath" not in mount, "a single file would not follow changes of the Secret"
    (volume,) = (v for v in pod["volumes"] if v["name"] == mount["name"])
    assert volume["secret"] == {"secretName": EXAMPLE["metadata"]["name"]}
    assert file.name == MEMBER


def test_the_example_is_refused_until_it_has_a_key(tmp_path: Path) -> None:
    file = tmp_path / MEMBER
    file.write_text(TEXT)
    with pytest.raises(ValueError, match="line 1: not a SHA-256 sum"):
        read_sums(file)
    key, line = new_key()
    file.write_text(TEXT.replace("REPLACE-WITH-A-LINE-OF-new-key", line))
    ApiKeys(file).check(f"Bearer {key}")


def test_keys_rotate_without_a_restart(tmp_path: Path) -> None:
    """The kubelet replaces the link `..data` to the folder with all members of a Secret."""
    old, old_line = new_key()
    new, new_line = new_key()
    mount = kubelet_writes(tmp_path, f"{old_line}\n", 1)
    keys = ApiKeys(mount)
    keys.check(f"Bearer {old}")
    kubelet_writes(tmp_path, f"{old_line}\n{new_line}\n", 2)
    keys.check(f"Bearer {old}")
    keys.check(f"Bearer {new}")
    kubelet_writes(tmp_path, f"{new_line}\n", 3)
    keys.check(f"Bearer {new}")
    with pytest.raises(Unauthorized):
        keys.check(f"Bearer {old}")


def kubelet_writes(mount: Path, text: str, change: int) -> Path:
    """Change a mounted Secret; return the path of its member."""
    folder = mount / f"..{change}"
    folder.mkdir()
    (folder / MEMBER).write_text(text)
    (mount / "..new").symlink_to(folder.name)
    os.replace(mount / "..new", mount / "..data")
    member = mount / str(MEMBER)
    if not member.is_symlink():
        member.symlink_to(f"..data/{MEMBER}")
    return member
