"""Three gateways are replaced behind a real nginx with the settings of the component ingress.

As Kubernetes does it with `maxSurge: 1` and `maxUnavailable: 0`: the new gateway first, and once it
is ready SIGTERM to an old one, which proxies hear of some seconds later.
"""

import contextlib
import json
import signal
import ssl
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import httpx
import pytest

from tests.drawing import encode, photo
from tests.e2e.load import Load, Outcome, steady_load
from tests.e2e.processes import STARTERS, Program, free_port, model_server, wait_until_ready
from tests.k8s.ingress_nginx import ONLY_IN_TEST_K8S, Proxy
from tests.k8s.manifests import Manifest, build, environment, find, tool
from tests.serving.certificates import Certificates

pytestmark = ONLY_IN_TEST_K8S

BUILD = "cpu, ingress"
GATEWAYS = 3
# Until every proxy knows of a change of the endpoints: much longer than it usually takes.
ENDPOINT_SECONDS = 3.0
THINK_SECONDS = 0.15
PHOTOS = {
    "clothing": encode(photo((300, 400)), "JPEG"),
    "cats-dogs": encode(photo((640, 480)).rotate(90), "JPEG"),
}


@pytest.fixture
def pod() -> Manifest:
    tool("nginx")
    return dict(find(build(BUILD), "Deployment", "gateway")["spec"]["template"]["spec"])


class Pods:
    """All gateways that have been started."""

    def __init__(self, pod: Manifest, model_server: str, folder: Path) -> None:
        self._arguments = pod, model_server, folder
        self._started: list[Pod] = []

    def start(self) -> "Pod":
        """Start a gateway; return it when it is ready."""
        pod = Pod(*self._arguments, len(self._started))
        self._started.append(pod)
        pod.wait_until_ready()
        return pod

    def kill(self) -> None:
        for pod in self._started:
            pod.program.kill()


class Pod:
    """A gateway with the environment of its manifest, at addresses of this machine."""

    def __init__(self, pod: Manifest, model_server: str, folder: Path, number: int) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self._grace = pod["terminationGracePeriodSeconds"]
        settings = {
            **environment(pod["containers"][0]),
            **_files(pod, folder),
            "PHOTOLABEL_BIND": self.address,
            "PHOTOLABEL_METRICS_BIND": f"127.0.0.1:{free_port()}",
            "PHOTOLABEL_MODEL_SERVER": model_server,
        }
        self.program = Program("serving", log=folder / f"gateway-{number}.log", **settings)
        self.status: int | None = None

    def wait_until_ready(self) -> None:
        self.program.wait_for(self._answers, "it answers")
        wait_until_ready(f"http://{self.address}")

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"http://{self.address}/livez", timeout=5).is_success
        return False

    def terminate(self) -> None:
        """Stop it as the kubelet does: SIGTERM, and SIGKILL after the grace period."""
        self.program.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.status = self.program.process.wait(self._grace)


def _files(pod: Manifest, folder: Path) -> dict[str, str]:
    """Write the files of ConfigMaps that variables name; return the variables with their paths."""
    container, changed = pod["containers"][0], {}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"]}
    for name, value in environment(container).items():
        path = PurePosixPath(value)
        if volume := mounts.get(str(path.parent)):
            data = find(build(BUILD), "ConfigMap", volume["configMap"]["name"])["data"]
            (folder / path.name).write_text(data[path.name])
            changed[name] = str(folder / path.name)
    return changed


def test_no_request_fails(pod: Manifest, tmp_path: Path) -> None:
    certificates = Certificates(tmp_path / "certificates")
    proxy = Proxy(tmp_path / "nginx", find(build(BUILD), "Ingress", "gateway"), certificates.server)
    trust = ssl.create_default_context(cafile=str(certificates.ca))
    with contextlib.ExitStack() as stack:
        log = tmp_path / "model-server.log"
        _, address = stack.enter_context(model_server(STARTERS, log))
        pods = Pods(pod, address, tmp_path)
        stack.callback(pods.kill)
        old = [pods.start() for _ in range(GATEWAYS)]
        expected = {model: answer(old[0].address, model) for model in PHOTOS}
        stack.enter_context(proxy.run([each.address for each in old]))
        loads: dict[str, Load] = {}
        # Half of the clients keep their connections, the others open one for each request.
        for model, clients in (("clothing", (4, 0)), ("cats-dogs", (0, 4))):
            url = f"{proxy.url}{classify(model)}"
            posting = steady_load(url, PHOTOS[model], *clients, THINK_SECONDS, verify=trust)
            loads[model] = stack.enter_context(posting)
        roll_out(old, pods, proxy)
        time.sleep(1)
        for load in loads.values():
            assert load.after(time.monotonic() - 1), "the new gateways answer"
    for model, load in loads.items():
        print(f"{model}: {len(load.outcomes)} requests, {count_statuses(load)}")
    assert [each.status for each in old] == [0] * GATEWAYS, "they end within their grace period"
    # Where a proxy does not try the next gateway, each of those would be a failed request.
    assert "Connection refused" not in proxy.errors(), "no gateway stops before proxies know"
    for model, load in loads.items():
        wrong = [each for each in load.outcomes if not same(each, expected[model])]
        assert not wrong, f"{len(wrong)} of {len(load.outcomes)}: {wrong[0]}\n{proxy.errors()}"


def roll_out(old: Sequence["Pod"], pods: "Pods", proxy: Proxy) -> None:
    """Replace each gateway by a new one."""
    endpoints = [each.address for each in old]
    stopping = []
    for each in old:
        endpoints.append(pods.start().address)
        endpoints.remove(each.address)
        stopping.append(threading.Thread(target=each.terminate))
        stopping[-1].start()
        time.sleep(ENDPOINT_SECONDS)
        proxy.route_to(endpoints)
    for thread in stopping:
        thread.join()


def classify(model: str) -> str:
    return f"/v1/models/{model}:classify"


def answer(address: str, model: str) -> Any:
    """Return the predictions of a gateway, asked directly."""
    response = httpx.post(f"http://{address}{classify(model)}", content=PHOTOS[model], timeout=30)
    return response.json()["predictions"]


def same(outcome: Outcome, expected: Any) -> bool:
    """Return whether a client got the expected label, with the same probability."""
    if outcome.status != 200:
        return False
    ((got,), (wanted,)) = json.loads(outcome.body)["predictions"], expected
    probability = pytest.approx(wanted["probability"], abs=1e-3)
    return bool(got["label"] == wanted["label"] and got["probability"] == probability)


def count_statuses(load: Load) -> dict[int, int]:
    return dict(Counter(outcome.status for outcome in load.outcomes))
