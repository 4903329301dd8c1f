"""The errors of this package.

    ClientError
    ├── Unreachable     no response arrived
    │   └── TimedOut    not within the timeout
    ├── BadAnswer       the response did not come from this API
    └── Refused         the API returned an error

A photo that can't be read raises `OSError`, an invalid argument `ValueError`.
"""

from typing import Any


class ClientError(Exception):
    """Base of all errors of this package. Its message is one line."""


class Unreachable(ClientError):
    """No response arrived: wrong address, server down, connection lost."""


class TimedOut(Unreachable):
    """No response arrived within the timeout."""


class BadAnswer(ClientError):
    """The response does not follow the API, such as a redirect or a proxy's error page."""


class Refused(ClientError):
    """The server responded with a problem document (RFC 9457).

    Attributes:
        status: HTTP status.
        type: URN that identifies the kind of error; "about:blank" if the server gave none.
        title: the kind of error in words.
        detail: what is wrong with this request, and how to fix it; may be empty.
        retry_after: seconds to wait before a retry, None if the server did not say.
        problem: all members of the document, such as `errors` with one entry per bad photo.
    """

    def __init__(
        self,
        status: int,
        *,
        type: str = "about:blank",  # noqa: A002 - the RFC's name
        title: str = "",
        detail: str = "",
        retry_after: float | None = None,
        problem: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {title}" + (f": {detail}" if detail else ""))
        self.status = status
        self.type = type
        self.title = title
        self.detail = detail
        self.retry_after = retry_after
        self.problem = problem or {}
