"""The calculator, through its command."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from serving.sizing import plan
from serving.sizing.__main__ import main
from serving.sizing.queueing import erlang_c, waits_longer

ROOT = Path(__file__).parents[3]


def size(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, list[float]]:
    """Run the command for what is given; return the numbers of each row of its table."""
    assert main(arguments) == 0
    return table(capsys.readouterr().out)


def table(output: str) -> dict[str, list[float]]:
    rows: dict[str, list[float]] = {}
    group = ""
    for line in output.split("\n\n")[1].splitlines():
        name, *values = re.split(r" {2,}", line.strip())
        group = group if line.startswith(" ") else name
        key = f"{group}: {name}" if line.startswith(" ") else name
        rows[key] = [float(re.sub("[,%<]|none", "", value) or 0) for value in values]
    return rows


def test_processors_are_as_busy_as_they_may_be(capsys: pytest.CaptureFixture[str]) -> None:
    found = size(capsys, "--rate", "1000", "--gateway-ms", "3", "--model-ms", "1.2")
    # 1000 × 3 ms are 3 processors; at 60% 5, in pods of two; and one pod to spare.
    assert found["gateways"] == [4]
    assert found["gateways: busy"] == [38]
    assert found["model servers"] == [2]
    assert found["CPUs"] == [12]
    spare = size(capsys, "--rate", "1000", "--gateway-ms", "3", "--spare", "0")
    assert spare["gateways"] == [3]
    busier = size(capsys, "--rate", "1000", "--gateway-ms", "3", "--spare", "0", "--busy", "80")
    assert busier["gateways"] == [2]


def test_more_photos_need_more_of_everything(capsys: pytest.CaptureFixture[str]) -> None:
    found = size(capsys, "--photo", "camera", "--cpu-hour", "0.1")
    assert found["photos a second"] == [10, 1000, 100_000]
    for name in ("gateways", "model servers", "CPUs", "from apps, Gbit/s", "price of an hour"):
        small, medium, large = found[name]
        assert small < medium < large, name
    # The larger, the less of it is spare.
    assert (
        sorted(found["price of an hour: of a million photos"], reverse=True)
        == (found["price of an hour: of a million photos"])
    )


def test_costly_photos_are_given_idle_processors_so_that_few_wait(
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ("--rate", "100", "--gateway-ms", "200", "--spare", "0")
    patient = size(capsys, *options, "--wait", "10")
    assert patient["gateways"] == [17], "100 × 0.2 s at 60%, in pods of two"
    (pods,) = size(capsys, *options, "--wait", "0.5")["gateways"]
    assert pods > 17
    busy = 100 * 0.2 / 2 / pods
    assert waits_longer(1, busy, 0.2, 0.5) <= 0.01
    assert waits_longer(1, 100 * 0.2 / 2 / (pods - 1), 0.2, 0.5) > 0.01


def test_gpus_replace_the_processors_of_model_servers(capsys: pytest.CaptureFixture[str]) -> None:
    found = size(capsys, "--rate", "1000", "100000", "--gpu-rate", "5000")
    assert found["GPUs"] == found["model servers"] == [2, 35]
    cost = size(
        capsys, "--rate", "1000", "--gpu-rate", "5000", "--cpu-hour", "0.5", "--gpu-hour", "3"
    )
    assert cost["price of an hour"] == [cost["CPUs"][0] * 0.5 + 2 * 3]
    assert cost["price of an hour: of a month"] == [cost["price of an hour"][0] * 730]


def test_no_price_is_invented(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--rate", "1000"])
    assert "price" not in capsys.readouterr().out
    main(["--rate", "1000", "--gpu-rate", "5000", "--cpu-hour", "0.5"])
    output = capsys.readouterr().out
    assert "price of" not in output
    assert "--gpu-hour" in output


def test_too_many_calls_for_a_model_server_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--rate", "100000", "--gpu-rate", "20000"])
    assert "--grpc_max_threads" in capsys.readouterr().out
    main(["--rate", "10"])
    assert "--grpc_max_threads" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rate", "-1"], "from 0.001 to 1,000,000,000, not '-1'"),
        (["--rate", "nan"], "not 'nan'"),
        (["--rate", "many"], "not 'many'"),
        (["--busy", "100"], "from 1 to 95, not '100'"),
        (["--spare", "1.5"], "a whole number from 0 to 1000, not '1.5'"),
        (["--model", "dogs"], "'dogs'"),
        (["--gpu-rate", "0"], "not '0'"),
    ],
)
def test_bad_input_is_named(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert said in capsys.readouterr().err


def test_the_documented_table_is_what_it_prints(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "docs" / "sizing.md").read_text("utf-8")
    found = re.search(r"-m serving\.sizing (.*)\n```\n\n```text\n((?s:.*?))```", text)
    assert found
    assert main(found[1].split()) == 0
    assert capsys.readouterr().out == found[2]


@pytest.mark.integration
def test_it_needs_nothing_but_python() -> None:
    command = [sys.executable, "-S", "-m", "serving.sizing", "--rate", "1,000"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert table(done.stdout)["photos a second"] == [1000]


def test_erlangs_formula() -> None:
    # For one server the share that waits is the load; 10 servers: published tables.
    assert erlang_c(1, 0.6) == pytest.approx(0.6)
    assert erlang_c(2, 1) == pytest.approx(1 / 3)
    assert erlang_c(10, 8) == pytest.approx(0.4092, abs=1e-4)
    assert erlang_c(3, 3) == 1


def test_the_constants_are_those_of_the_manifests() -> None:
    def container(file: str) -> dict[str, object]:
        objects = yaml.safe_load_all((ROOT / "k8s" / file).read_text("utf-8"))
        (deployment,) = (each for each in objects if each["kind"] == "Deployment")
        (found,) = deployment["spec"]["template"]["spec"]["containers"]
        return dict(found)

    gateway = container("base/gateway.yaml")
    assert isinstance(gateway["env"], list)
    given = {each["name"]: each["value"] for each in gateway["env"]}
    assert given["PHOTOLABEL_WORKERS"] == str(plan.WORKERS)
    assert given["PHOTOLABEL_MAX_IN_FLIGHT"] == str(plan.MAX_IN_FLIGHT)
    memory = {
        "base/gateway.yaml": plan.GATEWAY_GIB,
        "base/model-server.yaml": plan.MODEL_SERVER_GIB["cpu"],
        "overlays/gpu/model-server.yaml": plan.MODEL_SERVER_GIB["gpu"],
    }
    for file, gib in memory.items():
        requested = container(file)["resources"]["requests"]["memory"]  # type: ignore[index]
        assert requested in (f"{gib * 1024:.0f}Mi", f"{gib:.0f}Gi"), file
