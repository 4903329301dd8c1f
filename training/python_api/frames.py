"""Files of runs and figures of evaluations as data frames."""

from pathlib import Path

import pandas as pd

from training.errors import TrainingError

_TEXTS = ("split", "path", "truth", "label", "correct", "recognized")
_WORDS = {"true": True, "false": False}


def read_predictions(path: Path) -> pd.DataFrame:
    """Read a file with the columns of `training.runs.predictions`.

    `correct` becomes bool, `recognized` a boolean that may be missing, probabilities float64.

    Raises:
        TrainingError: there is no such file, or it is damaged.
    """
    try:
        # A class may be called "NA": no text means that a value is missing.
        frame = pd.read_csv(path, dtype=dict.fromkeys(_TEXTS, str), keep_default_na=False)
        correct, recognized = frame["correct"].map(_WORDS), frame["recognized"].map(_WORDS)
        return frame.assign(correct=correct.astype(bool), recognized=recognized.astype("boolean"))
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(f"the predictions {path} can't be read ({error})") from error
