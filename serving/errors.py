"""Everything that the gateway can answer but success, one class for each row of the error table.

PhotolabelError             as JSON of RFC 9457 (problem details)
├── RequestError            the caller can mend it (4xx)
│   ├── MalformedRequest, NoPhoto, Unauthorized          400, 400, 401
│   ├── UnknownPath, UnknownModel, UnknownVersion        404 (and explanation.NotExplainable)
│   ├── MethodNotAllowed, UploadTimeout                  405, 408
│   ├── BodyTooLarge, TooManyPhotos, TooManyRequests     413, 413, 429
│   ├── BadPhoto                one photo, named in the answer
│   │   ├── TooManyPixels, TooCostly                     413
│   │   └── NotAnImage, UnsupportedFormat, DamagedPhoto  415, 415, 422
│   └── BadPhotos               several of them in one request
└── InternalError, DeadlineExceeded, ModelServerUnavailable, ModelNotReady   500, 504, 503, 503
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any


class PhotolabelError(Exception):
    """Root of all errors. `detail` says what was wrong, what was received and what to do."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    slug = "internal-error"
    title = "Something went wrong on our side"
    retry_after: int | None = None  # seconds

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def headers(self) -> dict[str, str]:
        """Return the response headers that belong to this error."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}

    def problem(self) -> dict[str, Any]:
        """Return the RFC 9457 members of the answer."""
        return {
            "type": f"urn:photolabel:error:{self.slug}",
            "title": self.title,
            "status": int(self.status),
            "detail": self.detail,
        }


class InternalError(PhotolabelError):
    """Anything unforeseen. Its cause goes to the log, never into the answer."""


class RequestError(PhotolabelError):
    """The caller can mend it."""

    status = HTTPStatus.BAD_REQUEST


class MalformedRequest(RequestError):
    """The request is not of the API's form."""

    slug = "malformed-request"
    title = "The request is malformed"


class NoPhoto(RequestError):
    """The request holds no photo."""

    slug = "no-photo"
    title = "There is no photo in the request"


class Unauthorized(RequestError):
    """API keys are configured, and the request carries none or a wrong one."""

    status = HTTPStatus.UNAUTHORIZED
    slug = "unauthorized"
    title = "A valid API key is needed"

    def headers(self) -> dict[str, str]:
        """Return the challenge of RFC 9110, section 11.6.1."""
        return {"WWW-Authenticate": 'Bearer realm="photolabel"'}


class UnknownPath(RequestError):
    """No resource lives at this path."""

    status = HTTPStatus.NOT_FOUND
    slug = "unknown-path"
    title = "There is nothing at this path"


class UnknownModel(RequestError):
    """The name is not among the models served."""

    status = HTTPStatus.NOT_FOUND
    slug = "unknown-model"
    title = "There is no such model"


class UnknownVersion(RequestError):
    """The model has no such version or label."""

    status = HTTPStatus.NOT_FOUND
    slug = "unknown-version"
    title = "The model has no such version or label"


class MethodNotAllowed(RequestError):
    """The path exists, but not for this method."""

    status = HTTPStatus.METHOD_NOT_ALLOWED
    slug = "method-not-allowed"
    title = "The method is not allowed here"

    def __init__(self, detail: str, allowed: Iterable[str]) -> None:
        super().__init__(detail)
        self.allowed = sorted(allowed)

    def headers(self) -> dict[str, str]:
        """Return the methods that are allowed (RFC 9110, section 10.2.1)."""
        return {"Allow": ", ".join(self.allowed)}


class UploadTimeout(RequestError):
    """The body did not arrive within the time budget."""

    status = HTTPStatus.REQUEST_TIMEOUT
    slug = "upload-timeout"
    title = "The upload took too long"


class BodyTooLarge(RequestError):
    """The body holds more bytes than the limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    slug = "body-too-large"
    title = "The upload has too many bytes"


class TooManyPhotos(RequestError):
    """The request holds more photos than the limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    slug = "too-many-photos"
    title = "There are too many photos in the request"


class TooManyRequests(RequestError):
    """More requests at once than the gateway takes on."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    slug = "too-many-requests"
    title = "Too many requests at once"
    retry_after = 1


class ModelServerUnavailable(PhotolabelError):
    """The model server does not answer."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    slug = "model-server-unavailable"
    title = "The model server is unavailable"
    retry_after = 2


class ModelNotReady(PhotolabelError):
    """The model is configured, but can't answer now."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    slug = "model-not-ready"
    title = "The model can't answer yet"
    retry_after = 5


class DeadlineExceeded(PhotolabelError):
    """The time budget of the request is spent."""

    status = HTTPStatus.GATEWAY_TIMEOUT
    slug = "time-budget-spent"
    title = "The time for this request is over"
    retry_after = 1


class NotExplainable(RequestError):
    """The version that answers has no signature `explain`."""

    status = HTTPStatus.NOT_FOUND
    slug = "not-explainable"
    title = "The model does not explain its answers"
