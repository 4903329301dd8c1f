"""Contract 1 as messages: reads what a model returns.

All functions raise `ModelNotReady` for an output that is missing or violates the contract.
"""

import json
import zlib
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from pydantic_core import to_json

from serving import protos
from serving.gateway.model_client.grpc_errors import broken_contract
from serving.gateway.model_client.model_ref import ModelRef
from serving.photos import Shape

MAX_INPUT_BYTES = 60 * 1024 * 1024
"""Pixels of one request to the model server; gRPC's messages may be somewhat larger."""

MAX_REPORT_BYTES = 16 * 1024 * 1024
"""Of a report, decompressed; training publishes much smaller ones."""

_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class Description:
    """What a version of a model says about itself.

    `explains` and `reports`: it has the signature `explain`, `report`.
    """

    version: int
    shape: Shape
    labels: tuple[str, ...]
    preparation: str
    card: dict[str, Any]
    explains: bool = False
    reports: bool = False


@dataclass(frozen=True)
class Prediction:
    """A model's output: probabilities float32 `[photos, classes]`, recognized bool `[photos]`."""

    version: int
    probabilities: np.ndarray
    recognized: np.ndarray | None


def read_signatures(
    response: protos.GetModelMetadataResponse, ref: ModelRef
) -> tuple[Shape, frozenset[str]]:
    """Return the shape of the model's input, and the names of its signatures."""
    signatures = protos.SignatureDefMap()
    response.metadata["signature_def"].Unpack(signatures)
    image = signatures.signature_def["serving_default"].inputs["image"]
    sizes = tuple(dim.size for dim in image.tensor_shape.dim)
    if (
        image.dtype != protos.DT_UINT8
        or len(sizes) != 4
        or min(sizes[1:]) < 1
        or sizes[3] not in (1, 3)
    ):
        raise broken_contract(
            ref, f"input image has shape {list(sizes)}, not uint8 [-1, height, width, 1 or 3]"
        )
    return (sizes[1], sizes[2], sizes[3]), frozenset(signatures.signature_def)


def read_description(
    response: protos.PredictResponse,
    ref: ModelRef,
    shape: Shape,
    signatures: frozenset[str] = frozenset(),
) -> Description:
    """Read the response of the signature `describe` to one image, of the version `ref`."""
    labels = _read_strings(response, "labels", ref)
    if len(set(labels)) != len(labels):
        raise broken_contract(ref, "signature describe: two labels are the same")
    try:
        text = _read_strings(response, "card", ref)[0]
        card = json.loads(text, parse_constant=_refuse_constant)
        to_json(card)  # Unpaired surrogates or deep nesting would break the responses that hold it.
    except (ValueError, RecursionError) as error:
        raise broken_contract(ref, f"signature describe: the card is not JSON ({error})") from error
    if not isinstance(card, dict):
        raise broken_contract(ref, "signature describe: the card is not a JSON object")
    preparation = _read_strings(response, "preparation", ref)[0]
    return Description(
        version=ref.version or 0,
        shape=shape,
        labels=labels,
        preparation=preparation,
        card=card,
        explains="explain" in signatures,
        reports="report" in signatures,
    )


def read_prediction(response: protos.PredictResponse, ref: ModelRef, photos: int) -> Prediction:
    """Read the response of the signature `serving_default`."""
    probabilities = _read_array(response, "probabilities", np.dtype(np.float32), ref)
    if probabilities.ndim != 2 or len(probabilities) != photos:
        raise broken_contract(ref, f"output probabilities has shape {probabilities.shape}")
    recognized = None
    if "recognized" in response.outputs:
        recognized = _read_array(response, "recognized", np.dtype(np.bool_), ref)
        if recognized.shape != (photos,):
            raise broken_contract(ref, f"output recognized has shape {recognized.shape}")
    return Prediction(response.model_spec.version.value, probabilities, recognized)


def read_heat(response: protos.PredictResponse, ref: ModelRef, photos: int) -> np.ndarray:
    """Read the response of the signature `explain`: float32 `[photos, rows, columns]`, 0 to 1."""
    heat = _read_array(response, "heat", np.dtype(np.float32), ref)
    if heat.ndim != 3 or len(heat) != photos or 0 in heat.shape:
        raise broken_contract(ref, f"output heat has shape {heat.shape}")
    if not ((heat >= 0) & (heat <= 1)).all():
        raise broken_contract(ref, "output heat is not from 0 to 1")
    return heat


def read_report(response: protos.PredictResponse, ref: ModelRef) -> bytes:
    """Read the response of the signature `report` to one image: an HTML page in UTF-8."""
    compressed = response.outputs["report"].string_val
    if not compressed:
        raise broken_contract(ref, "signature report has no output report of strings")
    reader = zlib.decompressobj(_GZIP)
    try:
        page = reader.decompress(compressed[0], MAX_REPORT_BYTES)
    except zlib.error as error:
        raise broken_contract(ref, f"the report is not compressed by gzip ({error})") from error
    if not reader.eof:
        raise broken_contract(ref, f"the report is cut, or above {MAX_REPORT_BYTES:,} bytes")
    return page


def _read_strings(response: protos.PredictResponse, name: str, ref: ModelRef) -> tuple[str, ...]:
    values = response.outputs[name].string_val
    if not values:
        raise broken_contract(ref, f"signature describe has no output {name} of strings")
    try:
        return tuple(value.decode() for value in values)
    except UnicodeDecodeError as error:
        raise broken_contract(ref, f"output {name} is not UTF-8") from error


def _read_array(
    response: protos.PredictResponse, name: str, dtype: np.dtype[Any], ref: ModelRef
) -> np.ndarray:
    tensor = response.outputs[name]
    floats = dtype == np.float32
    if tensor.dtype != (protos.DT_FLOAT if floats else protos.DT_BOOL):
        raise broken_contract(ref, f"output {name} is missing or not {dtype}")
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    try:
        if tensor.tensor_content:
            return np.frombuffer(tensor.tensor_content, dtype).reshape(shape)
        values = tensor.float_val if floats else tensor.bool_val
        return np.fromiter(values, dtype, len(values)).reshape(shape)
    except ValueError as error:
        raise broken_contract(ref, f"output {name} does not fill its shape {shape}") from error


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")
