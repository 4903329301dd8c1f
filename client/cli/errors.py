"""Why a command ends early, besides the errors of the library."""


class UsageError(Exception):
    """The command can't be carried out with these arguments."""
