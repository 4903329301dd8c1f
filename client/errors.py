"""Everything that can go wrong between an app and Photolabel.

    ClientError
    ├── Unreachable     no answer arrived
    │   └── TimedOut    not within the timeout
    ├── BadAnswer       something answered that does not speak this API
    └── Refused         the API answered with an error of its own

A photo that can't be read is an `OSError`, a wrong argument a `ValueError`.
"""

from typing import Any


class ClientError(Exception):
    """Root of all errors of this package. Its text is one line for people."""


class Unreachable(ClientError):
    """No answer arrived: wrong address, server down, connection lost."""


class TimedOut(Unreachable):
    """No answer arrived within the timeout."""


class BadAnswer(ClientError):
    """The answer is not of the API's form, such as the page of a proxy or a redirect."""


class Refused(ClientError):
    """The server answered with a problem (RFC 9457).

    Attributes:
        status: HTTP status.
        type: stable name of the kind of error; "about:blank" if the server gave none.
        title: the kind of error in words, the same for each of its kind.
        detail: what was wrong with this request and what would be right; may be empty.
        retry_after: seconds after which to try again, None if the server did not say.
        problem: all members of the answer, such as `errors` with one entry for each bad photo.
    """

    def __init__(
        self,
        status: int,
        *,
        type: str = "about:blank",  # noqa: A002 - the RFC's word
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
