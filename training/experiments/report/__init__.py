"""The reports of experiments: a self-contained page each, with PNG and CSV files beside it."""

from training.experiments.report.about import About, about
from training.experiments.report.sweep import write_sweep_report

__all__ = ["About", "about", "write_sweep_report"]
