"""The message classes come without the runtime, in either order of imports."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.integration

WHOLE = "assert tf.constant(3).numpy() == 3 and tf.io.TFRecordWriter and tf.saved_model.load"
ROUND_TRIP = """
request = protos.PredictRequest(model_spec=protos.ModelSpec(name="m"))
request.inputs["image"].dtype = protos.DT_UINT8
assert protos.PredictRequest.FromString(request.SerializeToString()) == request
"""
RUNTIME = "[m for m in sys.modules if m.startswith('tensorflow.python')]"


def run(program: str) -> None:
    """Run a program in a new interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{program}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_runtime_is_not_imported() -> None:
    run(f"from serving import protos\n{ROUND_TRIP}\nassert not {RUNTIME}")


def test_no_stand_in_stays_behind() -> None:
    run("from serving import protos\nassert 'tensorflow' not in sys.modules")


def test_the_gateway_needs_no_runtime() -> None:
    run(f"import serving.gateway.server.gunicorn_app, serving.__main__\nassert not {RUNTIME}")


@pytest.mark.parametrize(
    "imports",
    [
        "from serving import protos\nimport tensorflow as tf",
        "import tensorflow as tf\nfrom serving import protos",
    ],
)
def test_tensorflow_is_whole_before_or_after(imports: str) -> None:
    run(
        f"{imports}\n{WHOLE}\n{ROUND_TRIP}\n"
        "from tensorflow_serving.apis import predict_pb2\n"
        "assert predict_pb2.PredictRequest is protos.PredictRequest"
    )
