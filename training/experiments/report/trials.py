"""The trials of a sweep, as its report reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import pandas as pd

from training.experiments.factors import OWN, Factor, Goal

_FIGURES = ("epochs", "validation_loss", "validation_accuracy", "seconds", "parameters")
_TEXTS = {"state": "done", "run": "", "reason": ""}
_UNFINISHED = ("failed", "pruned", "running", "waiting")
_LOG_RATIO = 20  # Numbers that differ by more are shown on a logarithmic scale.


@dataclass(frozen=True)
class Trials:
    """The trials of a sweep.

    Attributes:
        frame: a row for each; see `read_trials`.
        factors: what varies.
        goal: by which the setting is chosen.
        own: labels of the levels that the recipe itself has, as far as they are known.
    """

    frame: pd.DataFrame
    factors: Sequence[Factor]
    goal: Goal
    own: Mapping[str, str]

    @cached_property
    def finished(self) -> pd.DataFrame:
        """Those that have a figure of the goal, best first."""
        done = ~self.frame["state"].isin(_UNFINISHED) & self.frame[self.goal].notna()
        lower_is_better = self.goal == "validation_loss"
        return self.frame[done].sort_values(self.goal, ascending=lower_is_better, kind="stable")

    @property
    def others(self) -> pd.DataFrame:
        """Those that failed, were pruned or have not finished yet."""
        return self.frame.drop(index=self.finished.index)

    @property
    def names(self) -> list[str]:
        """The names of the factors."""
        return [factor.name for factor in self.factors]

    @cached_property
    def base(self) -> dict[str, str] | None:
        """The setting from which each trial differs in one factor at most; None if none is so.

        It is the recipe's own; where that is unknown, the most frequent level of each factor.
        """
        unknown = [name for name in self.names if name not in self.own]
        if self.frame.empty or self.searches or (unknown and len(self.names) == 1):
            return None
        base = {
            name: self.own.get(name) or self.frame[name].value_counts().index[0]
            for name in self.names
        }
        differing = self.frame[self.names].ne(pd.Series(base)).sum(axis=1)
        return base if (differing <= 1).all() else None

    def alone(self, factor: Factor) -> pd.DataFrame:
        """Return the finished trials that tell the effect of a factor.

        They are those whose other factors are as in `base`, if one factor at a time varies.
        Otherwise they are those that differ from another trial in this factor alone, if there are
        such trials, and else all.
        """
        rows = self.finished
        others = [name for name in self.names if name != factor.name]
        if not others:
            return rows
        if self.base is not None:
            as_base = [rows[name] == self.base[name] for name in others]
            return rows[pd.concat(as_base, axis=1).all(axis=1)]
        matched = rows.groupby(others)[factor.name].transform("nunique") > 1
        return rows[matched] if matched.any() else rows

    def own_level(self, factor: Factor) -> str | None:
        """Return the label of the recipe's own level, if it is known."""
        return (self.base or self.own).get(factor.name)

    def is_searched(self, factor: Factor) -> bool:
        """Whether a factor has numbers from a range rather than levels."""
        return not factor.levels and bool(numbers(self.frame[factor.name]).notna().all())

    @property
    def searches(self) -> bool:
        """Whether the settings were searched for, in ranges."""
        return any(map(self.is_searched, self.factors))

    def labels(self, factor: Factor, rows: pd.DataFrame) -> list[str]:
        """Return the labels of a factor's levels that some rows have, in the order of plots."""
        named = [level.label for level in factor.levels]
        found = list(dict.fromkeys(rows[factor.name]))
        further = [label for label in found if label not in named]
        labels = [label for label in named if label in found] + further
        values = numbers(pd.Series(labels, dtype=object))
        if further and values.notna().all():
            return [labels[index] for index in values.sort_values(kind="stable").index]
        return labels

    @property
    def reference(self) -> Mapping[str, str]:
        """The setting that `described` compares with; empty if it is unknown."""
        return self.base or (self.own if set(self.names) <= set(self.own) else {})

    def described(self, row: Any) -> str:
        """Return what differs from the reference in the setting of a trial, a row of `frame`."""
        setting = {name: row[name] for name in self.names}
        differing = [
            f"{name}={label}"
            for name, label in setting.items()
            if label != self.reference.get(name)
        ]
        if not differing and set(self.names) <= set(self.own):
            return OWN
        return ", ".join(differing or [f"{name}={label}" for name, label in setting.items()])


def read_trials(
    frame: pd.DataFrame,
    factors: Sequence[Factor],
    goal: Goal,
    own: Mapping[str, str],
) -> Trials:
    """Return the trials of a data frame, with all columns of a report.

    A figure that is absent, or is no finite number, is NaN.
    """
    read = pd.DataFrame(index=pd.RangeIndex(len(frame)))
    frame = frame.reset_index(drop=True)
    read["number"] = frame.get("number", read.index.to_series())
    for name in _FIGURES:
        absent = pd.Series(float("nan"), index=read.index)
        read[name] = finite(frame[name]) if name in frame else absent
    for name, default in _TEXTS.items():
        texts = frame[name] if name in frame else pd.Series(default, index=read.index, dtype=object)
        read[name] = texts.astype(object).where(texts.notna(), default).astype(str)
    for factor in factors:  # Last: `epochs` may be a factor, whose labels are texts.
        read[factor.name] = frame[factor.name].astype(object).map(partial(shown_label, factor))
    return Trials(read, factors, goal, own)


def finite(values: pd.Series) -> pd.Series:
    """Return numbers, with NaN for all that are not finite."""
    read = numbers(values)
    return read.where(read.abs() != float("inf"))


def numbers(values: pd.Series) -> pd.Series:
    """Return texts as numbers, NaN where they are none."""
    return pd.to_numeric(values, errors="coerce").astype(float)


def is_logarithmic(values: pd.Series) -> bool:
    """Whether numbers are better shown on a logarithmic scale."""
    return bool(len(values) and values.min() > 0 and values.max() > _LOG_RATIO * values.min())


def shown_label(factor: Factor, value: Any) -> str:
    """Return the text of a value in plots and tables, numbers of a range in four digits."""
    if pd.isna(value):
        return "–"
    if not factor.levels and (number := _number(value)) is not None:
        return f"{number:.4g}" if number % 1 else f"{number:.0f}"
    return str(value)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None
