"""Why a bulk run ends early."""


class BulkError(Exception):
    """The run can't begin or go on. Its message is one line."""


class ServerAway(BulkError):
    """The server did not answer for too long; the same run resumes."""


class Interrupted(BulkError):
    """The run was interrupted; the same run resumes."""
