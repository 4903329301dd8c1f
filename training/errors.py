"""What can go wrong in training that its user can mend: one clear line, never a traceback."""


class TrainingError(Exception):
    """The command failed; the message says what was wrong, what was found and what to do."""

    exit_status = 1


class UsageError(TrainingError):
    """The command itself is wrong: an unknown recipe, a setting of the wrong type."""

    exit_status = 2
