"""The reports of experiments: a self-contained page each, with PNG and CSV files beside it."""

from training.experiments.report.about import About, about
from training.experiments.report.comparison import write_comparison_report
from training.experiments.report.speed import write_speed_report
from training.experiments.report.sweep import write_sweep_report

__all__ = [
    "About",
    "about",
    "write_comparison_report",
    "write_speed_report",
    "write_sweep_report",
]
