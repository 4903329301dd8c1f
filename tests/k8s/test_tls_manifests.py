"""Gateway and model server find their certificates where the component puts them."""

from pathlib import PurePosixPath

import pytest

from serving.tls.ssl_config import main
from tests.k8s.manifests import BUILDS, Manifest, build, environment, find, flags

pytestmark = pytest.mark.parametrize("name", [name for name in BUILDS if "TLS" in name])


def pod(name: str, deployment: str) -> Manifest:
    return dict(find(build(name), "Deployment", deployment)["spec"]["template"]["spec"])


def mounted(pod: Manifest, container: Manifest, file: str) -> Manifest:
    """Return the volume whose file a container sees at a path."""
    folder = str(PurePosixPath(file).parent)
    (mount,) = (each for each in container["volumeMounts"] if each["mountPath"] == folder)
    (volume,) = (each for each in pod["volumes"] if each["name"] == mount["name"])
    return dict(volume)


def test_the_gateway_reads_its_secret(name: str) -> None:
    gateway = pod(name, "gateway")
    (container,) = gateway["containers"]
    variables = environment(container)
    files = [variables[f"PHOTOLABEL_MODEL_SERVER_{kind}_FILE"] for kind in ("CA", "CERT", "KEY")]
    assert [PurePosixPath(file).name for file in files] == ["ca.crt", "tls.crt", "tls.key"]
    for file in files:
        assert mounted(gateway, container, file)["secret"] == {"secretName": "gateway-tls"}


def test_the_model_server_reads_what_its_init_container_writes(name: str) -> None:
    server = pod(name, "model-server")
    container, *_ = server["containers"]
    (init,) = (each for each in server["initContainers"] if each["name"] == "ssl-config")
    module, folder, file = init["command"][2:]
    assert module == main.__module__
    secret = mounted(server, init, f"{folder}/tls.key")
    assert secret["secret"] == {"secretName": "model-server-tls"}
    assert flags(container)["ssl_config_file"] == file
    written = mounted(server, init, file)
    assert written == mounted(server, container, file)
    assert written["emptyDir"]["medium"] == "Memory", "a key is never written to a disk"


def test_the_gateway_calls_the_name_in_the_certificate(name: str) -> None:
    (container,) = pod(name, "gateway")["containers"]
    assert environment(container)["PHOTOLABEL_MODEL_SERVER"] == "dns:///model-server:8500"
    assert "PHOTOLABEL_MODEL_SERVER_NAME" not in environment(container)
