"""The errors of this package.

    PhotolabelError
    ├── Unreachable     no response arrived
    │   └── TimedOut    not within the timeout
    ├── BadAnswer       the response did not come from this API
    └── Refused         the API returned an error

A photo that can't be read raises `OSError`, an invalid argument `ValueError` or `TypeError`.
"""

from typing import Any


class PhotolabelError(Exception):
    """Base of all errors of this package. Its message is one line."""


class Unreachable(PhotolabelError):
    """No response arrived: wrong address or proxy, server down, connection lost."""


class TimedOut(Unreachable):
    """No response arrived within the timeout."""


class BadAnswer(PhotolabelError):
    """The response does not follow the API, such as a redirect or a proxy's error page."""


class Refused(PhotolabelError):
    """The server responded with a problem document (RFC 9457).

    Attributes:
        status: HTTP status.
        type: URN that identifies the kind of error; "about:blank" if the server gave none.
        title: the kind of error in words.
        detail: what is wrong with this request, and how to fix it; may be empty.
        retry_after: seconds to wait before a retry, None if the server did not say.
        request_id: names the request in the server's log; may be empty.
        errors: one entry for each bad photo, with `image`, `type`, `title`, `status`, `detail`.
        problem: all members of the document.
    """

    def __init__(self, status: int, problem: dict[str, Any], retry_after: float | None) -> None:
        self.status = status
        self.type = str(problem.get("type", "about:blank"))
        self.title = str(problem.get("title", ""))
        self.detail = str(problem.get("detail", ""))
        self.retry_after = retry_after
        self.request_id = str(problem.get("request_id", ""))
        errors = problem.get("errors")
        bad = errors if isinstance(errors, list) else []
        self.errors = tuple(each for each in bad if isinstance(each, dict))
        self.problem = problem
        super().__init__(self._message())

    def _message(self) -> str:
        named = [f"{each.get('image')}: {each.get('detail')}" for each in self.errors]
        text = f"{self.status} {self.title}: {' '.join(named) or self.detail}".removesuffix(": ")
        return " ".join(text.split())
