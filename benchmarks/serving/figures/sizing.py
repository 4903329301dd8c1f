"""What `docs/sizing.md` counts with: processor time of each photo and model, and memory."""

import dataclasses
import itertools
import statistics
from dataclasses import dataclass

from benchmarks.serving.figures import CLIENTS, Plan, Setup
from benchmarks.serving.load import measure
from benchmarks.serving.photos import make_photo
from benchmarks.serving.programs import Running, poster
from benchmarks.serving.report import MEBIBYTE, Bar, Page

MODELS = ("clothing", "cats-dogs")
STEPS = 3 * len(MODELS)


@dataclass(frozen=True)
class Cost:
    """Processor seconds of a photo, photos per second, and resident bytes after a load."""

    gateway: float
    model_server: float
    rate: float
    gateway_bytes: int
    model_server_bytes: int


Rounds = dict[str, dict[str, list[Cost]]]


def measure_rounds(setup: Setup, plan: Plan) -> Rounds:
    """Return the costs by model and photo in each round."""
    photos = {
        "small": setup.small,
        "12 megapixels": [setup.large],
        "12 megapixels of a camera": [make_photo("camera")],
    }
    costs: Rounds = {model: {photo: [] for photo in photos} for model in MODELS}
    for _ in range(plan.rounds):
        for model, photo in itertools.product(MODELS, photos):
            cost = _cost(setup.chain, model, photos[photo], plan.seconds)
            costs[model][photo].append(cost)
            plan.step(f"{model}, {photo}")
    return costs


def report(costs: Rounds) -> tuple[list[Page], list[Bar]]:
    """Return the table; there are no bars."""
    heading = ["model", "photo", "gateway ms", "model server ms", "photos/s"]
    page = Page("costs of a photo", [*heading, "gateway MiB", "model server MiB"])
    for model, photo in itertools.product(costs, costs[MODELS[0]]):
        found = costs[model][photo]
        page.rows.append(
            [
                model,
                photo,
                f"{statistics.median(each.gateway for each in found) * 1e3:.2f}",
                f"{statistics.median(each.model_server for each in found) * 1e3:.2f}",
                f"{statistics.median(each.rate for each in found):.0f}",
                f"{max(each.gateway_bytes for each in found) / MEBIBYTE:.0f}",
                f"{max(each.model_server_bytes for each in found) / MEBIBYTE:.0f}",
            ]
        )
    return [page], []


def _cost(chain: Running, model: str, photos: list[bytes], seconds: float) -> Cost:
    assert chain.model_server
    running = dataclasses.replace(chain, to_request=poster(model))
    target = running.target(*photos)
    gateway, both = chain.cpu_seconds(), chain.cpu_seconds(with_model_server=True)
    load = measure(target, CLIENTS, seconds, honour_retry_after=False)
    after, both_after = chain.cpu_seconds(), chain.cpu_seconds(with_model_server=True)
    classified = load.classified or 1
    gateway, both = (after - gateway) / classified, (both_after - both) / classified
    server = chain.model_server[1]
    gateway_bytes = chain.process.memory_info().rss + sum(chain.worker_bytes())
    return Cost(gateway, both - gateway, load.rate, gateway_bytes, server.memory_info().rss)
