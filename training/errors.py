"""Errors that the user of training can fix: shown as one clear line, never as a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager


class TrainingError(Exception):
    """The command failed; the message says what was expected, what was found and what to do.

    Also raised by every function that reads or writes files, if they are damaged or not writable.
    """

    exit_status = 1


class UsageError(TrainingError):
    """The command itself is wrong: an unknown recipe, a value of the wrong type."""

    exit_status = 2


class Refused(TrainingError):
    """The publishing gate refused a model, or a version may not serve.

    It has other labels than the one that serves, or is worse by its card or by its metrics. The
    same version serves as before; the trained network is kept.
    """

    exit_status = 3


class Drifted(TrainingError):
    """The live photos are different from those that a model was tested on."""

    exit_status = 4


class Inconclusive(TrainingError):
    """It is unknown whether a model has drifted, or a canary is worse: too little to see."""

    exit_status = 5


class InUse(TrainingError):
    """Another process works on a run; `holder` is such as `process 7 on host`."""

    def __init__(self, holder: str, folder: object, advice: str) -> None:
        super().__init__(f"{holder} works on this run ({folder}): {advice}")
        self.holder = holder


class Diverged(TrainingError):
    """The loss or the weights became NaN or infinite; the last good checkpoint is kept."""

    def __init__(self, what: str, epoch: int) -> None:
        super().__init__(f"{what} in epoch {epoch}: try a smaller --set learning_rate")


class Preempted(BaseException):
    """SIGTERM asked the process to stop; like KeyboardInterrupt, it is not an `Exception`."""

    exit_status = 75
    """EX_TEMPFAIL of sysexits.h: the same command resumes later."""


@contextmanager
def explained(what: str, advice: str = "") -> Iterator[None]:
    """Turn an OSError into a TrainingError: `what (reason): advice`."""
    try:
        yield
    except OSError as error:
        reason = f"{what} ({error.strerror or error})"
        raise TrainingError(f"{reason}: {advice}" if advice else reason) from error
