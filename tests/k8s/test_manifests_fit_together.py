"""Names, labels, ports and volumes by which manifests refer to each other are right."""

import pytest

from tests.k8s.manifests import (
    BUILDS,
    DEPLOYMENTS,
    Manifest,
    build,
    containers,
    environment,
    find,
    matches,
    of_kind,
    pods,
    ports,
)


def _selected(name: str, selector: dict[str, str]) -> list[Manifest]:
    return [pod for _, pod in pods(build(name)) if matches(selector, pod)]


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_deployments_select_their_own_pods_only(name: str) -> None:
    for deployment in of_kind(build(name), "Deployment"):
        selector = deployment["spec"]["selector"]["matchLabels"]
        assert _selected(name, selector) == [deployment["spec"]["template"]]


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_services_route_to_ports_of_one_workload(name: str) -> None:
    for service in of_kind(build(name), "Service"):
        (pod,) = _selected(name, service["spec"]["selector"])
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in ports(pod)


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_budgets_and_spreads_select_pods(name: str) -> None:
    for budget in of_kind(build(name), "PodDisruptionBudget"):
        (pod,) = _selected(name, budget["spec"]["selector"]["matchLabels"])
        deployment = find(build(name), "Deployment", budget["metadata"]["name"])
        assert pod == deployment["spec"]["template"]
        # Otherwise pods that don't become ready would block every drain too.
        assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
        # A budget for a single replica would block every drain of its node.
        assert deployment["spec"]["replicas"] > budget["spec"]["maxUnavailable"]
    for _, pod in pods(build(name)):
        for spread in pod["spec"].get("topologySpreadConstraints", []):
            assert matches(spread["labelSelector"]["matchLabels"], pod)


@pytest.mark.parametrize("name", BUILDS)
def test_probes_use_named_ports(name: str) -> None:
    for _, pod in pods(build(name)):
        for container in pod["spec"]["containers"]:
            own = {port["name"] for port in container.get("ports", [])}
            probes = [container[key] for key in container if key.endswith("Probe")]
            probes = [probe for probe in probes if "exec" not in probe]
            assert bool(probes) == bool(own)
            for probe in probes:
                assert (probe.get("httpGet") or probe["tcpSocket"])["port"] in own


@pytest.mark.parametrize("name", BUILDS)
def test_every_mount_has_its_volume_and_every_volume_its_mount(name: str) -> None:
    for workload, pod in pods(build(name)):
        mounted = {m["name"] for c in containers(pod) for m in c.get("volumeMounts", [])}
        assert mounted == {volume["name"] for volume in pod["spec"]["volumes"]}, workload


@pytest.mark.parametrize("name", BUILDS)
def test_claims_config_maps_and_accounts_exist(name: str) -> None:
    # What an operator applies together with this build.
    base = () if name in DEPLOYMENTS else ("gpu", "data")
    applied = [manifest for each in (name, *base) for manifest in build(each)]
    names = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in applied}
    for _, pod in pods(build(name)):
        if account := pod["spec"].get("serviceAccountName"):
            assert ("ServiceAccount", account) in names
        for volume in pod["spec"]["volumes"]:
            if claim := volume.get("persistentVolumeClaim"):
                assert ("PersistentVolumeClaim", claim["claimName"]) in names
            if config := volume.get("configMap"):
                assert ("ConfigMap", config["name"]) in names


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_the_gateway_calls_the_service_of_the_model_server(name: str) -> None:
    (gateway,) = find(build(name), "Deployment", "gateway")["spec"]["template"]["spec"][
        "containers"
    ]
    scheme, _, address = environment(gateway)["PHOTOLABEL_MODEL_SERVER"].partition(":///")
    host, _, port = address.partition(":")
    service = find(build(name), "Service", host)
    # Only a headless Service gives gRPC every address to balance over.
    assert (scheme, service["spec"]["clusterIP"]) == ("dns", "None")
    (target,) = (p["targetPort"] for p in service["spec"]["ports"] if p["port"] == int(port))
    (pod,) = _selected(name, service["spec"]["selector"])
    assert target == "grpc"
    # The port of a headless Service is not translated: it has to be the container's own.
    assert ports(pod)["grpc"] == int(port)


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_only_the_gateway_reaches_the_model_server(name: str) -> None:
    server = find(build(name), "Deployment", "model-server")["spec"]["template"]
    gateway = find(build(name), "Deployment", "gateway")["spec"]["template"]
    policies = [p["spec"] for p in of_kind(build(name), "NetworkPolicy")]
    # Pods that no other policy selects, such as training's, accept no connections either.
    assert {"podSelector": {}, "policyTypes": ["Ingress"]} in policies
    (into,) = (p for p in policies if p["podSelector"] and _applies(p, server))
    (rule,) = into["ingress"]
    (peer,) = rule["from"]
    assert matches(peer["podSelector"]["matchLabels"], gateway)
    assert [port["port"] for port in rule["ports"]] == [ports(server)["grpc"]]
    assert "Egress" in into["policyTypes"]
    assert "egress" not in into


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_the_gateway_may_connect_to_the_model_server_and_dns_only(name: str) -> None:
    server = find(build(name), "Deployment", "model-server")["spec"]["template"]
    gateway = find(build(name), "Deployment", "gateway")["spec"]["template"]
    policies = [p["spec"] for p in of_kind(build(name), "NetworkPolicy")]
    (policy,) = (p for p in policies if p["podSelector"] and _applies(p, gateway))
    assert [rule["ports"][0]["port"] for rule in policy["ingress"]] == [ports(gateway)["http"]]
    to_server, to_dns = policy["egress"]
    assert matches(to_server["to"][0]["podSelector"]["matchLabels"], server)
    assert [port["port"] for port in to_server["ports"]] == [ports(server)["grpc"]]
    assert {port["port"] for port in to_dns["ports"]} == {53}


def _applies(policy: Manifest, pod: Manifest) -> bool:
    return matches(policy["podSelector"]["matchLabels"], pod)
