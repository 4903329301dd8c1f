"""From photos a second to pods, GPUs, CPUs, memory and cost."""

import math
from dataclasses import dataclass

from serving.sizing.queueing import highest_load, mean_wait, waits_longer

# Of the manifests: workers of a gateway, requests that each handles at once, CPUs and memory.
WORKERS = 2
MAX_IN_FLIGHT = 8
MAX_WAIT = 1.0
GATEWAY_GIB = 0.5
MODEL_SERVER_GIB = {"cpu": 1.0, "gpu": 4.0}
GPU_CPUS = 2
LATE = 0.01
_LEAST_GATEWAYS = 2


@dataclass(frozen=True)
class Prices:
    """Prices of an hour of one CPU, of one GiB of memory and of one GPU; None: not given."""

    cpu: float | None = None
    gib: float | None = None
    gpu: float | None = None


@dataclass(frozen=True)
class Load:
    """What is planned for.

    Attributes:
        rate: photos a second, at the busiest time.
        gateway_ms, model_ms: processor time of a photo, in milliseconds.
        photo_bytes, pixel_bytes: of a photo as it is sent, and as the model gets it.
        model_cpus: CPUs of a model server without a GPU.
        busy: the most that a processor may be busy on average, as a fraction.
        wait: seconds that at most 1% of the photos may wait.
        spare: pods of each kind more than needed, as some are being replaced or are lost.
        gpu_rate: photos a second of one GPU; None: model servers have no GPU.
    """

    rate: float
    gateway_ms: float
    model_ms: float
    photo_bytes: float
    pixel_bytes: float
    model_cpus: int = 2
    busy: float = 0.6
    wait: float = 0.5
    spare: int = 1
    gpu_rate: float | None = None


@dataclass(frozen=True)
class Plan:
    """What a load needs.

    Attributes:
        gateways: pods, spare ones included.
        gateway_busy: how busy their processors are, as a fraction.
        in_flight: requests in a gateway on average, waiting ones included.
        refused: at most so many photos get 429 at a steady rate, as a fraction.
        model_servers: pods, spare ones included; each has one GPU if there are any.
        model_busy: how busy they are, as a fraction.
        calls: calls at once that a model server may get from all gateways.
        cpus, gpus, gib: CPUs, GPUs and memory that the pods request.
        photo_gbits, pixel_gbits: network traffic from the apps, and to the model servers.
    """

    gateways: int
    gateway_busy: float
    in_flight: float
    refused: float
    model_servers: int
    model_busy: float
    calls: int
    cpus: int
    gpus: int
    gib: float
    photo_gbits: float
    pixel_gbits: float

    def per_hour(self, prices: Prices) -> float | None:
        """Return the price of an hour; None if one that is needed is not given."""
        if prices.cpu is None or (self.gpus and prices.gpu is None):
            return None
        return self.cpus * prices.cpu + self.gpus * (prices.gpu or 0) + self.gib * (prices.gib or 0)


def plan(load: Load) -> Plan:
    """Return what a load needs.

    A worker of a gateway is a queue of its own with one processor, a model server one queue of all
    its processors, as TensorFlow Serving's threads share one.
    """
    service = load.gateway_ms / 1e3
    worker_rate = highest_load(1, service, load.busy, load.wait, LATE) / service
    gateways = max(_LEAST_GATEWAYS, math.ceil(load.rate / (worker_rate * WORKERS)) + load.spare)
    model_service = load.model_ms / 1e3
    if load.gpu_rate:
        server_rate, capacity = load.gpu_rate * load.busy, load.gpu_rate
    else:
        most = highest_load(load.model_cpus, model_service, load.busy, load.wait, LATE)
        server_rate, capacity = most / model_service, load.model_cpus / model_service
    servers = math.ceil(load.rate / server_rate) + load.spare
    busy = load.rate / gateways / WORKERS * service
    response = service + mean_wait(1, busy, service) + model_service
    kind = "gpu" if load.gpu_rate else "cpu"
    model_cpus = GPU_CPUS if load.gpu_rate else load.model_cpus
    return Plan(
        gateways=gateways,
        gateway_busy=busy,
        in_flight=load.rate / gateways * response,
        refused=waits_longer(1, busy, service, MAX_WAIT),
        model_servers=servers,
        model_busy=load.rate / servers / capacity,
        calls=math.ceil(gateways * WORKERS * MAX_IN_FLIGHT / servers),
        cpus=gateways * WORKERS + servers * model_cpus,
        gpus=servers if load.gpu_rate else 0,
        gib=gateways * GATEWAY_GIB + servers * MODEL_SERVER_GIB[kind],
        photo_gbits=load.rate * load.photo_bytes * 8 / 1e9,
        pixel_gbits=load.rate * load.pixel_bytes * 8 / 1e9,
    )
