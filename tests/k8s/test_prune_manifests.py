"""The CronJob that removes old versions."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from serving.protos import GetModelStatusRequest, GetModelStatusResponse, ModelVersionStatus
from tests.k8s.jobs import only_container
from tests.k8s.manifests import Manifest, build, find, matches, pods
from training.__main__ import main

State = ModelVersionStatus.State
BUILDS_WITH_IT = ["prune", "prune, certificates"]


@contextmanager
def model_server(name: str, states: dict[int, int]) -> Iterator[str]:
    """Run a model server that only reports the versions of one model; yield its address."""

    def status(request: Any, context: grpc.ServicerContext) -> Any:
        if request.model_spec.name != name:
            context.abort(grpc.StatusCode.NOT_FOUND, "")
        response = GetModelStatusResponse()
        for version, state in states.items():
            response.model_version_status.add(version=version, state=state)
        return response

    # Without tensorflow_serving's own servicer, whose import takes seconds.
    method = grpc.unary_unary_rpc_method_handler(
        status, GetModelStatusRequest.FromString, GetModelStatusResponse.SerializeToString
    )
    service = "tensorflow.serving.ModelService"
    handler = grpc.method_handlers_generic_handler(service, {"GetModelStatus": method})
    server = grpc.server(ThreadPoolExecutor(1), [handler])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


@pytest.fixture
def job() -> Manifest:
    return dict(find(build("prune"), "CronJob", "prune")["spec"]["jobTemplate"])


def test_it_keeps_what_is_in_use(
    job: Manifest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its arguments, with folders in place of the volumes, and a model server in place of it."""
    (tmp_path / "config").mkdir()
    (text,) = find(build("cpu"), "ConfigMap", "models")["data"].values()
    (tmp_path / "config" / "models.config").write_text(text)
    for name in ("clothing", "cats-dogs", "not-served"):
        for number in range(1, 9):
            (tmp_path / "models" / name / str(number)).mkdir(parents=True)

    with model_server("clothing", {1: State.AVAILABLE, 2: State.END}) as address:
        here = {
            "--models": str(tmp_path / "models"),
            "--model_config_file": str(tmp_path / "config" / "models.config"),
            "--model-server": address,
        }
        command = []
        for argument in only_container(job)["args"]:
            option, _, value = argument.partition("=")
            command.append(f"{option}={here.get(option, value)}" if value else option)
        assert main(command) == 0

    assert capsys.readouterr().out == "clothing: removed 2, 3\ncats-dogs: removed 1, 2, 3\n"
    assert len(list((tmp_path / "models" / "not-served").iterdir())) == 8


@pytest.mark.parametrize("name", BUILDS_WITH_IT)
def test_its_arguments_are_understood(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    ((_, pod),) = pods(build(name))
    assert main([*pod["spec"]["containers"][0]["args"], "clothing"]) == 2
    # Arguments are parsed before this.
    assert "name the models to prune, or all of them" in capsys.readouterr().err


def test_it_reaches_the_model_server_and_nothing_else() -> None:
    ((_, pod),) = pods(build("prune"))
    ((_, gateway), (_, server)) = pods(build("cpu"))
    own = find(build("prune"), "NetworkPolicy", "prune")["spec"]
    assert matches(own["podSelector"]["matchLabels"], pod)
    assert own["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in own
    to_server, to_dns = own["egress"]
    ((peer,), (port,)) = (to_server["to"], to_server["ports"])
    assert matches(peer["podSelector"]["matchLabels"], server)
    assert f"--model-server=model-server:{port['port']}" in pod["spec"]["containers"][0]["args"]
    assert {each["port"] for each in to_dns["ports"]} == {53}

    its = find(build("prune"), "NetworkPolicy", "model-server-prune")["spec"]
    assert matches(its["podSelector"]["matchLabels"], server)
    assert its["policyTypes"] == ["Ingress"], "its egress is decided by its own policy"
    ((rule,),) = (its["ingress"],)
    ((peer,), (allowed,)) = (rule["from"], rule["ports"])
    assert matches(peer["podSelector"]["matchLabels"], pod)
    assert not matches(peer["podSelector"]["matchLabels"], gateway)
    assert allowed == port


def test_it_runs_where_the_volume_is(job: Manifest) -> None:
    pod = job["spec"]["template"]
    (term,) = pod["spec"]["affinity"]["podAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]
    server = find(build("gpu"), "Deployment", "model-server")["spec"]["template"]
    assert term["topologyKey"] == "kubernetes.io/hostname"
    assert matches(term["labelSelector"]["matchLabels"], server)
    # On all nodes where the model server may be.
    assert pod["spec"]["tolerations"] == server["spec"]["tolerations"]
    assert pod["spec"]["nodeSelector"] == server["spec"]["nodeSelector"]


def test_two_never_prune_at_once() -> None:
    assert find(build("prune"), "CronJob", "prune")["spec"]["concurrencyPolicy"] == "Forbid"


def test_with_tls_it_has_the_certificates_of_the_gateway() -> None:
    ((_, pod),) = pods(build("prune, certificates"))
    (container,) = pod["spec"]["containers"]
    gateway = find(build("cpu, TLS"), "Deployment", "gateway")["spec"]["template"]["spec"]
    (mount,) = (each for each in container["volumeMounts"] if each["name"] == "tls")
    (volume,) = (each for each in pod["spec"]["volumes"] if each["name"] == "tls")
    assert volume in gateway["volumes"]
    files = {
        argument.partition("=")[2]
        for argument in container["args"]
        if argument.startswith(("--model-server-c", "--model-server-k"))
    }
    assert files == {f"{mount['mountPath']}/{name}" for name in ("ca.crt", "tls.crt", "tls.key")}
