"""Several model servers read one volume, and nothing in their pods writes it."""

from tests.k8s.manifests import build, containers, find, of_kind

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


def test_training_still_has_a_volume_to_write() -> None:
    claims = of_kind(build(BUILD), "PersistentVolumeClaim")
    modes = {each["metadata"]["name"]: each["spec"]["accessModes"] for each in claims}
    assert modes["models"] == ["ReadWriteMany"]
