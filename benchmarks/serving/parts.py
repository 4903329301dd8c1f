"""The essential parts of a request to the gateway, each on its own.

Run by `figures.py`; prints processor seconds per run (`request_parts.py` times the gateway's own):

    python -m benchmarks.serving.parts decode PHOTO PREPARATION HEIGHT WIDTH CHANNELS SECONDS
    python -m benchmarks.serving.parts predict ADDRESS MODEL HEIGHT WIDTH CHANNELS SECONDS
"""

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

_THREADS = 4


def main(part: str, subject: str, name: str, *numbers: str) -> None:
    """Run one part in several threads, like a worker of the gateway."""
    height, width, channels, seconds = (float(number) for number in numbers)
    shape = int(height), int(width), int(channels)
    make = {"decode": _decoder, "predict": _predictor}[part]
    work = make(subject, name, shape)
    work()
    counts = [0] * _THREADS
    end = time.monotonic() + seconds

    def repeat(index: int) -> None:
        while time.monotonic() < end:
            work()
            counts[index] += 1

    threads = [threading.Thread(target=repeat, args=(index,)) for index in range(_THREADS)]
    before = time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print((time.process_time() - before) / sum(counts))


def _decoder(photo: str, preparation: str, shape: tuple[int, int, int]) -> Callable[[], object]:
    from serving.photos import prepare

    encoded = Path(photo).read_bytes()
    return lambda: prepare(encoded, preparation, shape)


def _predictor(address: str, model: str, shape: tuple[int, int, int]) -> Callable[[], object]:
    predict, pixels = predictor(address, model, shape), bytes(shape[0] * shape[1] * shape[2])
    return lambda: predict(pixels)


def predictor(
    address: str, model: str, shape: tuple[int, int, int]
) -> Callable[[bytes], list[float]]:
    """Return a bare gRPC call from the pixels of one photo to its probabilities."""
    from serving import protos
    from serving.gateway.model_client.channel import open_channel

    stub = protos.PredictionServiceStub(open_channel(address))

    def predict(pixels: bytes) -> list[float]:
        request = protos.PredictRequest(model_spec=protos.ModelSpec(name=model))
        image = request.inputs["image"]
        image.dtype = protos.DT_UINT8
        for size in (1, *shape):
            image.tensor_shape.dim.add(size=size)
        image.tensor_content = pixels
        return list(stub.Predict(request, timeout=10).outputs["probabilities"].float_val)

    return predict


if __name__ == "__main__":
    main(*sys.argv[1:])
