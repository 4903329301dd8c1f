"""Whether a SavedModel fits contract 1 (docs/contracts.md), as far as its signatures show."""

from collections.abc import Mapping

from tensorflow.core.framework.types_pb2 import DT_UINT8
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef, TensorInfo

_OUTPUTS = {
    "serving_default": ("probabilities",),
    "describe": ("labels", "preparation", "card"),
}


def contract_fault(signatures: Mapping[str, SignatureDef]) -> str | None:
    """Return why a gateway can't use a model with these signatures; None if it can."""
    for name, outputs in _OUTPUTS.items():
        if name not in signatures:
            return f"it has no signature {name}"
        signature = signatures[name]
        image = signature.inputs["image"] if "image" in signature.inputs else TensorInfo()
        shape = [dim.size for dim in image.tensor_shape.dim]
        is_image = image.dtype == DT_UINT8 and len(shape) == 4
        if not is_image or min(shape[1:]) < 1 or shape[3] not in (1, 3):
            return f"signature {name} has no input image, uint8 [-1, height, width, 1 or 3]"
        for output in outputs:
            if output not in signature.outputs:
                return f"signature {name} has no output {output}"
    return None
