"""What the built images contain beside their base: packages and the project, nothing else."""

import json
import re

import pytest

from tests.images.engine import ROOT, TAGS, built, files, inspect, run_in

IMAGES = ["serve", "train-cpu"]
MODULES = {"serve": "serving", "train-cpu": "training"}
MAX_PACKAGE_BYTES = 150e6

LABELS = ("title", "description", "licenses", "version", "revision", "created", "base.name")
COMPILERS = re.compile(r".*/bin/(?:[\w.-]*-)?(?:gcc|g\+\+|cc|c\+\+|clang|cpp|ld|as|make|go)")
CACHES = re.compile(
    r".*/(?:\.cache|\.npm|pip-cache)(?:/.*)?|/(?:app|opt|build)/.*\.(?:whl|tar\.gz)"
)
SECRETS = re.compile(
    r".*/(?:id_(?:rsa|ed25519|ecdsa)|\.netrc|\.git|\.env|\.aws|\.ssh|\.docker|\.pypirc|pip\.conf)"
    r"|/(?:app|opt)/.*\.(?:pem|key|p12|pfx)"
)
SECRET_NAMES = re.compile(r"(?i)token|password|passwd|secret|api_?key|credential")
# A certificate authority's public certificates, and files of the base image.
NOT_SECRET = re.compile(r".*/(?:certifi/cacert|grpc/_cython/_credentials/roots)\.pem")


def own_files(image: str) -> dict[str, list[object]]:
    """Return the files that the Dockerfile has added to the base."""
    return {
        path: facts
        for path, facts in files(built(image)).items()
        if path.startswith(("/app/", "/opt/venv/"))
    }


@pytest.mark.parametrize("image", IMAGES)
def test_two_builds_have_the_same_files(image: str) -> None:
    first, second = (files(built(image, tag)) for tag in TAGS)
    assert len(first) > 1000
    different = [path for path in first | second if first.get(path) != second.get(path)]
    assert not different


def test_the_gateway_has_at_most_150_mb_of_packages() -> None:
    sizes = [facts[2] for path, facts in own_files("serve").items() if path.startswith("/opt/")]
    size = sum(each for each in sizes if isinstance(each, int))
    print(f"packages: {size / 1e6:.0f} MB")
    assert size <= MAX_PACKAGE_BYTES


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("unwanted", [COMPILERS, CACHES, SECRETS], ids=lambda it: it.pattern[:20])
def test_no_compilers_caches_or_secrets(image: str, unwanted: re.Pattern[str]) -> None:
    found = [path for path in files(built(image)) if unwanted.fullmatch(path)]
    assert not [path for path in found if not NOT_SECRET.fullmatch(path)]


@pytest.mark.parametrize("image", IMAGES)
def test_no_secrets_in_environment_and_history(image: str) -> None:
    described = inspect(built(image))
    assert not [each for each in described["Config"]["Env"] if SECRET_NAMES.search(each)]
    history = [str(each.get("created_by", "")) for each in described.get("History") or []]
    assert not [each for each in history if SECRET_NAMES.search(each)]


@pytest.mark.parametrize("image", IMAGES)
def test_every_requirement_is_installed_in_a_version_that_fits(image: str) -> None:
    # The base's pip, because the environment has none.
    checked = run_in(built(image), "pip", "--python", "/opt/venv/bin/python", "check")
    assert "No broken requirements found" in checked


@pytest.mark.parametrize("image", IMAGES)
def test_only_locked_packages_are_installed(image: str) -> None:
    lock = "serve" if image == "serve" else "train"
    text = (ROOT / f"requirements/{lock}.txt").read_text()
    locked = {
        f"{name}=={version}" for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.M)
    }
    program = (
        "import json, importlib.metadata as m\n"
        "print(json.dumps([f\"{d.metadata['Name']}=={d.version}\" for d in m.distributions()]))"
    )
    installed = json.loads(run_in(built(image), "/opt/venv/bin/python", "-c", program))
    names = {re.sub(r"[-_.]+", "-", each.partition("==")[0]).lower() for each in installed}
    assert len(names) == len(installed) > 20
    normal = {re.sub(r"[-_.]+(?=.*==)", "-", each).lower() for each in installed}
    assert not normal - locked


@pytest.mark.parametrize("image", IMAGES)
def test_image_says_what_it_is_and_where_it_comes_from(image: str) -> None:
    config = inspect(built(image))["Config"]
    labels = {name: config["Labels"].get(f"org.opencontainers.image.{name}") for name in LABELS}
    assert all(labels.values()), labels
    assert labels["licenses"] == "MIT"
    assert re.fullmatch(r"[0-9a-f]{40}(-modified)?", labels["revision"] or "")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", labels["created"] or "")


@pytest.mark.parametrize("image", IMAGES)
def test_image_starts_the_program_as_a_user_with_a_number(image: str) -> None:
    config = inspect(built(image))["Config"]
    assert config["User"] == "10001:10001"
    assert config["Entrypoint"] == ["python", "-m", MODULES[image]]
    assert config["WorkingDir"] == "/app"
    assert set(config.get("ExposedPorts") or {}) == ({"8080/tcp"} if image == "serve" else set())


@pytest.mark.parametrize("image", IMAGES)
def test_the_user_may_write_nothing(image: str) -> None:
    # Without the read-only root, permissions alone must do.
    writable = [
        path
        for path, (mode, owner, *_) in own_files(image).items()
        if not str(mode).startswith("l")
        and (str(mode)[8] == "w" or str(mode)[5] == "w" or owner != "0:0")
    ]
    assert not writable


@pytest.mark.parametrize("image", IMAGES)
def test_modules_are_compiled_without_times(image: str) -> None:
    program = (
        "import pathlib\n"
        "for top in ('/app', '/opt/venv/lib'):\n"
        "    for file in pathlib.Path(top).rglob('*.pyc'):\n"
        "        print(int.from_bytes(file.open('rb').read(8)[4:], 'little'))"
    )
    flags = run_in(built(image), "python", "-c", program).split()
    assert len(flags) > 500
    # PEP 552: 1 is a hash of the source that is not checked, 0 a time.
    assert set(flags) == {"1"}
    own = own_files(image)
    sources = {path for path in own if path.startswith("/app/") and path.endswith(".py")}
    compiled = {path for path in own if path.startswith("/app/") and path.endswith(".pyc")}
    assert len(sources) == len(compiled) > 50
