"""The Ingress lets through what the gateway accepts, for as long as the gateway may take."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from serving.gateway.api.api_keys import new_key
from serving.gateway.server.gunicorn_app import Gateway
from serving.gateway.settings import Settings
from tests.e2e.processes import free_port, gateway
from tests.k8s.ingress_nginx import (
    DIRECTIVES,
    ONLY_IN_TEST_K8S,
    REDIRECT,
    UPSTREAM_KEEPALIVE_SECONDS,
    Proxy,
    annotations,
)
from tests.k8s.manifests import Manifest, build, environment, find, ports, tool
from tests.serving.certificates import Certificates

BUILDS = ["cpu, ingress", "production example"]
MIB = 1024 * 1024


@pytest.fixture(params=BUILDS)
def manifests(request: pytest.FixtureRequest) -> tuple[Manifest, ...]:
    return build(request.param)


@pytest.fixture
def ingress(manifests: tuple[Manifest, ...]) -> Manifest:
    return find(manifests, "Ingress", "gateway")


@pytest.fixture
def settings(manifests: tuple[Manifest, ...], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the gateway's settings that limit requests, from its manifest."""
    template = find(manifests, "Deployment", "gateway")["spec"]["template"]
    given = environment(template["spec"]["containers"][0])
    limits = ("time_budget", "upload_seconds", "max_body_bytes", "drain_delay", "drain_seconds")
    for variable in (f"PHOTOLABEL_{name.upper()}" for name in limits):
        if variable in given:
            monkeypatch.setenv(variable, given[variable])
    return Settings()


def test_its_annotations_are_known(ingress: Manifest) -> None:
    assert annotations(ingress).keys() == {*DIRECTIVES, REDIRECT}


def test_challenges_for_its_certificate_come_from_where_requests_come_from(
    manifests: tuple[Manifest, ...],
) -> None:
    policy = find(manifests, "NetworkPolicy", "acme-challenges")["spec"]
    # What cert-manager labels its pods with, and their port.
    assert policy["podSelector"]["matchLabels"] == {"acme.cert-manager.io/http01-solver": "true"}
    ((rule,), (gateway, *_)) = (
        policy["ingress"],
        find(manifests, "NetworkPolicy", "gateway")["spec"]["ingress"],
    )
    assert rule == {"from": gateway["from"], "ports": [{"protocol": "TCP", "port": 8089}]}


def test_the_gateway_itself_refuses_bodies_that_are_too_large(
    ingress: Manifest, settings: Settings
) -> None:
    limit = annotations(ingress)["proxy-body-size"]
    assert limit.endswith("m")
    assert settings.max_body_bytes < int(limit[:-1]) * MIB < 1.1 * settings.max_body_bytes


def test_its_times_are_longer_than_those_of_the_gateway(
    ingress: Manifest, settings: Settings
) -> None:
    given = annotations(ingress)
    for name in ("proxy-read-timeout", "proxy-send-timeout"):
        assert int(given[name]) > settings.upload_seconds + settings.time_budget
    # Two lost gateways are tried before the third.
    tries = int(given["proxy-next-upstream-tries"])
    assert tries == 3
    seconds = int(given["proxy-next-upstream-timeout"])
    assert seconds > (tries - 1) * int(given["proxy-connect-timeout"])


def test_a_request_is_sent_twice_only_if_no_gateway_has_got_it(ingress: Manifest) -> None:
    assert annotations(ingress)["proxy-next-upstream"].split() == ["error", "timeout"]


def test_the_gateway_closes_idle_connections_later_than_the_proxy() -> None:
    """Otherwise a request may arrive on a connection that the gateway is closing."""
    assert Gateway(Settings()).cfg.keepalive > UPSTREAM_KEEPALIVE_SECONDS


def test_the_host_of_its_certificate_is_that_of_its_rule(ingress: Manifest) -> None:
    (rule,), (tls,) = ingress["spec"]["rules"], ingress["spec"]["tls"]
    assert tls == {"hosts": [rule["host"]], "secretName": "photolabel-tls"}
    (path,) = rule["http"]["paths"]
    assert (path["path"], path["pathType"]) == ("/", "Prefix")


def test_it_leads_to_the_service_of_the_gateway(
    ingress: Manifest, manifests: tuple[Manifest, ...]
) -> None:
    backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    service = find(manifests, "Service", backend["name"])
    assert backend["port"]["name"] in {port["name"] for port in service["spec"]["ports"]}


def test_only_the_ingress_controller_may_connect(manifests: tuple[Manifest, ...]) -> None:
    (rule,) = find(manifests, "NetworkPolicy", "gateway")["spec"]["ingress"]
    (peer,) = rule["from"]
    namespace = peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    assert namespace == "ingress-nginx"
    pod = find(manifests, "Deployment", "gateway")["spec"]["template"]
    assert [port["port"] for port in rule["ports"]] == [ports(pod)["http"]]


@dataclass(frozen=True)
class Site:
    """A gateway behind nginx, with a key; its model server is away."""

    proxy: Proxy
    client: httpx.Client
    context: ssl.SSLContext


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    tool("nginx")
    folder = tmp_path_factory.mktemp("site")
    key, line = new_key()
    (folder / "keys").write_text(line)
    certificates = Certificates(folder / "certificates")
    ingress = find(build("cpu, ingress"), "Ingress", "gateway")
    proxy = Proxy(folder / "nginx", ingress, certificates.server)
    context = ssl.create_default_context(cafile=str(certificates.ca))
    nowhere, options = f"127.0.0.1:{free_port()}", {"api_keys_file": str(folder / "keys")}
    with (
        gateway(nowhere, folder / "gateway.log", **options) as (_, url),
        proxy.run([url.removeprefix("http://")]),
        httpx.Client(
            base_url=proxy.url,
            verify=context,
            headers={"Authorization": f"Bearer {key}"},
            timeout=30,
        ) as client,
    ):
        yield Site(proxy, client, context)


@ONLY_IN_TEST_K8S
@pytest.mark.parametrize(("size", "status"), [(19_900_000, 503), (20_400_000, 413)])
def test_bodies_reach_the_gateway_whole(site: Site, size: int, status: int) -> None:
    response = site.client.post("/v1/models/clothing:classify", content=bytes(size))
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"


@ONLY_IN_TEST_K8S
def test_plain_http_is_sent_to_https(site: Site) -> None:
    response = httpx.post(f"{site.proxy.http_url}/v1/models/clothing:classify", content=b"photo")
    assert response.status_code == 308
    assert response.headers["Location"] == f"{site.proxy.url}/v1/models/clothing:classify"


@ONLY_IN_TEST_K8S
def test_a_request_without_a_key_is_refused_before_its_body(site: Site) -> None:
    port = httpx.URL(site.proxy.url).port
    head = (
        "POST /v1/models/clothing:classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000"
    )
    with (
        socket.create_connection(("localhost", port or 443), timeout=10) as plain,
        site.context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(f"{head}\r\n\r\n".encode() + bytes(1000))
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")
