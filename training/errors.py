"""What can go wrong in training that its user can mend: one clear line, never a traceback."""


class TrainingError(Exception):
    """The command failed; the message says what was wrong, what was found and what to do."""

    exit_status = 1


class UsageError(TrainingError):
    """The command itself is wrong: an unknown recipe, a setting of the wrong type."""

    exit_status = 2


class Refused(TrainingError):
    """The publishing gate does not let a model through; what was trained is kept."""

    exit_status = 3


class Drifted(TrainingError):
    """The photos that come in are other ones than a model was judged on."""

    exit_status = 4


class Inconclusive(TrainingError):
    """Whether a model has drifted can't be told: too few photos, or none."""

    exit_status = 5


class Diverged(TrainingError):
    """What is fitted became infinite or not a number; the last good checkpoint is kept."""

    def __init__(self, what: str, epoch: int) -> None:
        super().__init__(f"{what} in epoch {epoch}: try a smaller --set learning_rate")


class Preempted(BaseException):
    """SIGTERM asked the process to stop; like KeyboardInterrupt, no handler of errors stops it."""

    exit_status = 75
    """EX_TEMPFAIL of sysexits.h: the same command later goes on."""
