"""TensorFlow Serving gets models, files and flags that it understands."""

from typing import Any

import pytest
from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelServerConfig

from serving.gateway.settings import Settings
from tests.k8s.manifests import (
    DEPLOYMENTS,
    Manifest,
    build,
    config_files,
    containers,
    environment,
    find,
    flags,
    probe_seconds,
)
from tests.k8s.serving_messages import batching_parameters, monitoring_config
from training.recipes import DEFAULTS

# TensorFlow Serving only prints the names of unknown flags and starts anyway.
# Source: tensorflow_serving/model_servers/main.cc.
KNOWN_FLAGS = {
    "allow_version_labels_for_unavailable_models",
    "batching_parameters_file",
    "enable_batching",
    "enable_profiler",
    "file_system_poll_wait_seconds",
    "grpc_channel_arguments",
    "grpc_max_threads",
    "load_retry_interval_micros",
    "max_num_load_retries",
    "model_config_file",
    "model_config_file_poll_wait_seconds",
    "monitoring_config_file",
    "per_process_gpu_memory_fraction",
    "port",
    "rest_api_port",
    "ssl_config_file",
    "tensorflow_inter_op_parallelism",
    "tensorflow_intra_op_parallelism",
}

pytestmark = pytest.mark.parametrize("name", DEPLOYMENTS)


def _deployment(name: str, workload: str) -> Manifest:
    return find(build(name), "Deployment", workload)


def _server(name: str) -> Manifest:
    (container,) = _deployment(name, "model-server")["spec"]["template"]["spec"]["containers"]
    return dict(container)


def _file(name: str, flag: str) -> str:
    """Return the text of the file that a flag names, through its mount and its ConfigMap."""
    pod = _deployment(name, "model-server")["spec"]["template"]
    return config_files(build(name), pod)[flags(_server(name))[flag]]


def _models(name: str) -> Any:
    return text_format.Parse(_file(name, "model_config_file"), ModelServerConfig())


def test_flags_are_known(name: str) -> None:
    assert flags(_server(name)).keys() <= KNOWN_FLAGS


def test_ports_match_the_flags(name: str) -> None:
    own = {port["name"]: str(port["containerPort"]) for port in _server(name)["ports"]}
    given = flags(_server(name))
    assert own == {"grpc": given["port"], "rest": given["rest_api_port"]}


def test_models_match_those_of_the_gateway(name: str) -> None:
    gateway = _deployment(name, "gateway")["spec"]["template"]
    path = environment(gateway["spec"]["containers"][0])["PHOTOLABEL_MODEL_CONFIG_FILE"]
    assert config_files(build(name), gateway)[path] == _file(name, "model_config_file")
    assert [model.name for model in _models(name).model_config_list.config] == list(DEFAULTS)


def test_models_are_on_the_volume_that_the_init_container_seeds(name: str) -> None:
    pod = _deployment(name, "model-server")["spec"]["template"]["spec"]
    (volume,) = (v["name"] for v in pod["volumes"] if "claimName" in str(v) and "models" in str(v))
    seed, *_ = pod["initContainers"]
    (seeded,) = (m["mountPath"] for m in seed["volumeMounts"] if m["name"] == volume)
    (read,) = (m for m in _server(name)["volumeMounts"] if m["name"] == volume)
    assert seed["command"] == ["python", "-m", "serving.repository.seed", seeded]
    assert read["readOnly"] is True
    for model in _models(name).model_config_list.config:
        assert model.base_path == f"{read['mountPath']}/{model.name}"
        assert model.model_platform == "tensorflow"


def test_the_model_config_is_reloaded_and_other_changes_restart_the_pods(name: str) -> None:
    names = {m["metadata"]["name"] for m in build(name) if m["kind"] == "ConfigMap"}
    assert names >= {"models", "canary"}
    (hashed,) = names - {"models", "canary"}
    assert hashed.startswith("model-server-")
    assert int(flags(_server(name))["model_config_file_poll_wait_seconds"]) > 0
    # A file mounted with subPath would never change.
    assert not any("subPath" in mount for mount in _server(name)["volumeMounts"])


def test_batches_hold_every_request_of_the_gateway(name: str) -> None:
    assert flags(_server(name))["enable_batching"] == "true"
    parameters = batching_parameters(_file(name, "batching_parameters_file"))
    sizes = list(parameters.allowed_batch_sizes)
    # A request larger than a batch is refused, and TensorFlow Serving exits on unsorted sizes.
    assert parameters.max_batch_size.value >= Settings.model_fields["max_photos"].default
    assert sizes == sorted(set(sizes))
    assert not sizes or sizes[-1] == parameters.max_batch_size.value


def test_there_is_a_thread_for_every_call_of_all_gateways(name: str) -> None:
    gateway = _deployment(name, "gateway")["spec"]
    (container,) = gateway["template"]["spec"]["containers"]
    given = environment(container)
    calls = int(given["PHOTOLABEL_WORKERS"]) * int(given["PHOTOLABEL_MAX_IN_FLIGHT"])
    surge = gateway["strategy"]["rollingUpdate"]["maxSurge"]
    threads = int(flags(_server(name))["grpc_max_threads"])
    assert threads >= 2 * calls * (gateway["replicas"] + surge)


def test_the_readiness_probe_uses_the_path_of_the_metrics(name: str) -> None:
    monitoring = monitoring_config(_file(name, "monitoring_config_file"))
    assert monitoring.prometheus_config.enable
    assert _server(name)["readinessProbe"]["httpGet"] == {
        "path": monitoring.prometheus_config.path,
        "port": "rest",
    }


def test_the_first_start_has_enough_time(name: str) -> None:
    minutes = 30 if name.startswith("gpu") else 4
    seconds = probe_seconds(_server(name)["startupProbe"])
    assert seconds > 60 * minutes
    assert _deployment(name, "model-server")["spec"].get("progressDeadlineSeconds", 600) > seconds


def test_a_gpu_is_requested_where_the_image_uses_one(name: str) -> None:
    server = _server(name)
    gpus = server["resources"]["limits"].get("nvidia.com/gpu")
    assert gpus == ("1" if server["image"].endswith("-gpu") else None)
    assert server["image"].endswith("-gpu") == name.startswith("gpu")
    if gpus:
        cache = environment(server)["CUDA_CACHE_PATH"]
        (mount,) = (m for m in server["volumeMounts"] if m["mountPath"] == cache)
        volumes = _deployment(name, "model-server")["spec"]["template"]["spec"]["volumes"]
        (volume,) = (v for v in volumes if v["name"] == mount["name"])
        # The cache has to outlive the pod.
        assert find(
            build(name), "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]
        )


def test_replacing_the_server_fits_its_volumes(name: str) -> None:
    spec = _deployment(name, "model-server")["spec"]
    modes = {
        claim["spec"]["accessModes"][0]
        for claim in build(name)
        if claim["kind"] == "PersistentVolumeClaim"
    }
    if "many nodes" in name:
        assert modes == {"ReadWriteMany"}
        assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
        assert spec["replicas"] > 1
        age = flags(_server(name))["grpc_channel_arguments"]
        seconds = int(age.removeprefix("grpc.max_connection_age_ms=")) / 1000
        # gRPC varies the age by 10%.
        assert spec["template"]["spec"]["terminationGracePeriodSeconds"] > 1.1 * seconds
    else:
        assert modes == {"ReadWriteOnce"}
        assert (spec["strategy"]["type"], spec["replicas"]) == ("Recreate", 1)


def test_other_containers_need_no_gpu(name: str) -> None:
    pod = _deployment(name, "model-server")["spec"]["template"]
    for container in containers(pod):
        if container["name"] != "model-server":
            assert "nvidia.com/gpu" not in container["resources"]["limits"]
