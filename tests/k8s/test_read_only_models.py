"""Several model servers read one volume, and nothing in their pods writes it."""

from tests.k8s.manifests import K8S, build, containers, find, kustomize_together, of_kind

BUILD = "cpu, many nodes, read-only models"


def test_the_model_servers_read_a_claim_of_their_own() -> None:
    pod = find(build(BUILD), "Deployment", "model-server")["spec"]["template"]
    claims = [
        each["persistentVolumeClaim"] for each in pod["spec"]["volumes"] if "Claim" in str(each)
    ]
    assert claims == [{"claimName": "models-read-only", "readOnly": True}]
    mounts = [
        each for c in containers(pod) for each in c["volumeMounts"] if each["name"] == "models"
    ]
    assert mounts == [{"name": "models", "mountPath": "/models", "readOnly": True}]


def test_the_claim_is_for_many_readers_of_a_volume_that_exists() -> None:
    spec = find(build(BUILD), "PersistentVolumeClaim", "models-read-only")["spec"]
    assert spec["accessModes"] == ["ReadOnlyMany"]
    # An empty class is not the default one: no new, empty volume is made.
    assert spec["storageClassName"] == ""
    assert spec["volumeName"]


def test_many_nodes_leaves_it_as_it_is_in_any_order() -> None:
    components = ["components/models-read-only", "components/many-nodes", "components/namespace"]
    manifests = kustomize_together(K8S, "overlays/cpu", components)
    claim = find(manifests, "PersistentVolumeClaim", "models-read-only")
    assert claim["spec"]["accessModes"] == ["ReadOnlyMany"]


def test_training_still_has_a_volume_to_write() -> None:
    claims = of_kind(build(BUILD), "PersistentVolumeClaim")
    modes = {each["metadata"]["name"]: each["spec"]["accessModes"] for each in claims}
    assert modes["models"] == ["ReadWriteMany"]
