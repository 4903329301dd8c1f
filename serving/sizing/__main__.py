"""The command line: `python -m serving.sizing`."""

import argparse
import sys
from collections.abc import Callable, Sequence

from serving.sizing.measured import COSTS, MODELS, PHOTOS, PIXEL_BYTES
from serving.sizing.plan import LATE, Load, Plan, Prices, plan

_HOURS = 730  # of a month
_GRPC_THREADS = 128  # --grpc_max_threads in k8s/base/model-server.yaml


def _number(least: float, most: float = 1e9) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            number = float(text.replace(",", ""))
        except ValueError:
            number = float("nan")
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(
                f"expected a number from {least:g} to {most:,.0f}, not {text!r}"
            )
        return number

    return read


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(
                f"expected a whole number from {least} to {most}, not {text!r}"
            )
        return int(text)

    return read


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m serving.sizing",
        description="Compute the pods, CPUs and GPUs for a number of photos a second.",
        epilog="docs/sizing.md explains the formulas and how the defaults were measured.",
    )
    add = parser.add_argument
    positive = _number(1e-3)
    rate_help = "photos a second at the busiest time (default: 10 1000 100000)"
    add(
        "--rate", type=positive, nargs="+", default=[10, 1000, 100_000], metavar="N", help=rate_help
    )
    add("--model", choices=MODELS, default=MODELS[0], help=f"whose costs (default: {MODELS[0]})")
    photo_help = "600×800 pixels, 12 megapixels, or these as a camera writes them (default: small)"
    add("--photo", choices=PHOTOS, default=PHOTOS[0], help=photo_help)
    for name, what in (
        ("--gateway-ms", "processor time of a photo in the gateway, in ms"),
        ("--model-ms", "processor time of a photo in a model server without a GPU, in ms"),
        ("--photo-kb", "kB of a photo"),
    ):
        add(name, type=positive, metavar="N", help=f"{what} (default: measured)")
    gpu_help = "photos a second that one GPU classifies; without it, model servers have no GPU"
    add("--gpu-rate", type=positive, metavar="N", help=gpu_help)
    cpus_help = "CPUs of a model server without a GPU (default: 2)"
    add("--model-cpus", type=_whole(1, 256), default=2, metavar="N", help=cpus_help)
    busy_help = "how busy processors and GPUs may be on average, in percent (default: 60)"
    add("--busy", type=_number(1, 95), default=60, metavar="PERCENT", help=busy_help)
    wait_help = "at most 1%% of the photos wait so long in a queue (default: 0.5)"
    add("--wait", type=_number(0.001, 60), default=0.5, metavar="SECONDS", help=wait_help)
    spare_help = "pods of each kind in addition (default: 1)"
    add("--spare", type=_whole(0, 1000), default=1, metavar="N", help=spare_help)
    for name, what in (("cpu", "CPU"), ("gib", "GiB of memory"), ("gpu", "GPU")):
        help_ = f"price of one {what} for an hour, in any currency"
        add(f"--{name}-hour", type=_number(0), metavar="PRICE", help=help_)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; return the exit status."""
    given = _parser().parse_args(argv)
    measured = COSTS[given.model, given.photo]
    gateway_ms = given.gateway_ms or measured.gateway_ms
    model_ms = given.model_ms or measured.model_ms
    photo_kb = given.photo_kb or measured.photo_kb
    plans = [
        plan(
            Load(
                rate=rate,
                gateway_ms=gateway_ms,
                model_ms=model_ms,
                photo_bytes=photo_kb * 1e3,
                pixel_bytes=PIXEL_BYTES[given.model],
                model_cpus=given.model_cpus,
                busy=given.busy / 100,
                wait=given.wait,
                spare=given.spare,
                gpu_rate=given.gpu_rate,
            )
        )
        for rate in given.rate
    ]
    print(f"a photo for {given.model}: {photo_kb:g} kB, {gateway_ms:g} ms in the gateway, ", end="")
    print(
        f"a GPU does {given.gpu_rate:,g}/s" if given.gpu_rate else f"{model_ms:g} ms in the model"
    )
    print(
        f"busy at most {given.busy:g}%, {LATE:.0%} may wait {given.wait:g} s, {given.spare} spare"
    )
    print()
    prices = Prices(given.cpu_hour, given.gib_hour, given.gpu_hour)
    print(_table(given.rate, plans, prices))
    for note in _notes(plans, prices):
        print(f"\n{note}")
    return 0


def _table(rates: Sequence[float], plans: Sequence[Plan], prices: Prices) -> str:
    rows = [
        ("photos a second", [f"{rate:,g}" for rate in rates]),
        ("gateways", [f"{each.gateways:,}" for each in plans]),
        ("  busy", [f"{each.gateway_busy:.0%}" for each in plans]),
        ("  requests in each", [f"{each.in_flight:.1f}" for each in plans]),
        ("  429, at most", [_share(each.refused) for each in plans]),
        ("model servers", [f"{each.model_servers:,}" for each in plans]),
        ("  busy", [f"{each.model_busy:.0%}" for each in plans]),
        ("  calls at once", [f"{each.calls:,}" for each in plans]),
        ("GPUs", [f"{each.gpus:,}" for each in plans]),
        ("CPUs", [f"{each.cpus:,}" for each in plans]),
        ("memory, GiB", [f"{each.gib:,.0f}" for each in plans]),
        ("from apps, Gbit/s", [_gbits(each.photo_gbits) for each in plans]),
        ("to models, Gbit/s", [_gbits(each.pixel_gbits) for each in plans]),
    ]
    costs = [each.per_hour(prices) for each in plans]
    known = [cost for cost in costs if cost is not None]
    if len(known) == len(plans):
        rows.append(("price of an hour", [f"{cost:,.2f}" for cost in known]))
        rows.append(("  of a month", [f"{cost * _HOURS:,.0f}" for cost in known]))
        millions = [rate * 3600 / 1e6 for rate in rates]
        each = [f"{cost / count:,.2f}" for cost, count in zip(known, millions, strict=True)]
        rows.append(("  of a million photos", each))
    title = max(len(name) for name, _ in rows)
    width = max(len(value) for _, values in rows for value in values) + 3
    return "\n".join(
        f"{name:<{title}}{''.join(f'{value:>{width}}' for value in values)}"
        for name, values in rows
    )


def _share(share: float) -> str:
    return "none" if share < 1e-6 else "< 0.1%" if share < 1e-3 else f"{share:.1%}"


def _gbits(rate: float) -> str:
    return "< 0.01" if rate < 0.005 else f"{rate:.2f}" if rate < 10 else f"{rate:,.0f}"


def _notes(plans: Sequence[Plan], prices: Prices) -> list[str]:
    notes = []
    if max(each.calls for each in plans) > _GRPC_THREADS:
        notes.append(
            f"A model server may get more than {_GRPC_THREADS} calls at once: raise its"
            " --grpc_max_threads to more than that."
        )
    if prices.cpu is None and (prices.gib is not None or prices.gpu is not None):
        notes.append("The cost needs --cpu-hour too.")
    elif prices.cpu is not None and prices.gpu is None and any(each.gpus for each in plans):
        notes.append("The cost needs --gpu-hour too.")
    return notes


if __name__ == "__main__":
    sys.exit(main())
