"""The table of a simulated day, and a plot of its spike."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.autoscaling.simulation import Result
from benchmarks.autoscaling.traffic import HOUR
from benchmarks.serving.report import Page

_BEFORE, _AFTER = 300.0, 600.0


def table(days: Sequence[Result], spikes: Sequence[Sequence[Result]]) -> Page:
    """Return one row for each scenario.

    Args:
        days: the day of each scenario.
        spikes: spikes of each scenario, with other arrivals and other phases of all loops.
    """
    heading = ["settings", "429", "of the day", "other spikes", "until", "p99", "pods"]
    page = Page("a day with a spike of 10×", [*heading, "pod-hours", "CPU-hours"])
    for day, others in zip(days, spikes, strict=True):
        counts = [each.refused for each in others]
        hours = day.pod_seconds / HOUR
        page.rows.append(
            [
                day.scenario.name,
                f"{day.refused:,}",
                f"{day.refused / max(day.arrived, 1):.2%}",
                f"{min(counts):,} to {max(counts):,}" if counts else "–",
                f"{day.refused_until:.0f} s" if day.refused_until else "–",
                f"{day.p99:.2f} s",
                str(day.most_pods),
                f"{hours:.0f}",
                f"{hours * day.scenario.cpu_request:.0f}",
            ]
        )
    return page


def plot(days: Sequence[Result], file: Path) -> None:
    """Draw the refused photos and the pods of each scenario during the spike."""
    figure = Figure(figsize=(9, 6), layout="constrained")
    refused, pods = figure.subplots(2, sharex=True)
    begin = days[0].scenario.day.spike_at
    arriving = [each for each in days[0].intervals if -_BEFORE <= each.at - begin <= _AFTER]
    width = arriving[1].at - arriving[0].at
    refused.plot(
        [(each.at - begin) / 60 for each in arriving],
        [each.arrived / width for each in arriving],
        color="0.6",
        linewidth=3,
        label="all photos",
    )
    for day in days:
        during = [each for each in day.intervals if -_BEFORE <= each.at - begin <= _AFTER]
        minutes = [(each.at - begin) / 60 for each in during]
        refused.plot(minutes, [each.refused / width for each in during], label=day.scenario.name)
        pods.plot(minutes, [each.pods for each in during], drawstyle="steps-post")
    pods.yaxis.get_major_locator().set_params(integer=True)
    refused.set_ylabel("photos a second\nwith 429")
    pods.set_ylabel("pods that are ready")
    pods.set_xlabel("minutes after the beginning of the spike")
    refused.legend(frameon=False, fontsize="small")
    for axes in (refused, pods):
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_ylim(bottom=0)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)
