"""The table of errors: one class for each, with its status, type, title and Retry-After.

PhotolabelError             sent as JSON of RFC 9457 (problem details)
├── RequestError            the client can fix it (4xx)
│   ├── MalformedRequest, Unauthorized                         400, 401
│   ├── NotFoundError       UnknownPath, UnknownModel, UnknownVersion   404
│   ├── NotExplainable, MethodNotAllowed, TooManyRequests      404, 405, 429
│   └── UploadError         about the photos of a request
│       ├── NoPhoto, UploadTimeout                             400, 408
│       ├── UnsupportedEncoding    (gateway.api.content_coding)     415
│       ├── BodyTooLarge, TooManyPhotos                        413
│       └── BadPhoto, BadPhotos    (serving.photos.errors)     413, 415, 422
├── ServiceError            it can't answer now: try again later
│   ├── ModelServerUnavailable, ModelNotReady                  503
│   └── DeadlineExceeded                                       504
└── InternalError                                              500

To add an error, add a class below the parent it belongs to, with an `example`: the API's
description finds it there, and lists it for every route whose `errors` name that parent.
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any


class PhotolabelError(Exception):
    """Base class of all errors. `detail` says what was wrong, what was received and what to do.

    Attributes:
        status: the HTTP status.
        slug: the last part of the problem's `type`, which never changes.
        title: the error in a few words.
        retry_after: seconds to wait before a retry.
        example: a detail for the API's description; `{names}` stand for values of settings.
    """

    status: HTTPStatus
    slug: str
    title: str
    retry_after: int | None = None
    example: str

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    @classmethod
    def sample(cls, values: Mapping[str, Any]) -> "PhotolabelError":
        """Return an error with the example as its detail, filled in with values of settings."""
        return cls(cls.example.format_map(values))

    def headers(self) -> dict[str, str]:
        """Return the response headers that belong to this error."""
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}

    def problem(self) -> dict[str, Any]:
        """Return the RFC 9457 members of the response."""
        return {
            "type": f"urn:photolabel:error:{self.slug}",
            "title": self.title,
            "status": int(self.status),
            "detail": self.detail,
        }


class InternalError(PhotolabelError):
    """Anything unforeseen. Its cause goes to the log, never into the response."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    slug = "internal-error"
    title = "Something went wrong on our side"
    example = "See the service's log for details, under the request id {request_id}."


class RequestError(PhotolabelError):
    """The client can fix it."""

    status = HTTPStatus.BAD_REQUEST


class MalformedRequest(RequestError):
    """The request does not follow the API."""

    slug = "malformed-request"
    title = "The request is malformed"
    example = "top is '0'; it must be a whole number from 1."


class Unauthorized(RequestError):
    """API keys are configured, and the request has none or a wrong one."""

    status = HTTPStatus.UNAUTHORIZED
    slug = "unauthorized"
    title = "A valid API key is needed"
    example = "Send the header 'Authorization: Bearer KEY' with your API key."

    def headers(self) -> dict[str, str]:
        """Return the challenge of RFC 9110, section 11.6.1."""
        return {"WWW-Authenticate": 'Bearer realm="photolabel"'}


class NotFoundError(RequestError):
    """What the path names does not exist."""

    status = HTTPStatus.NOT_FOUND


class UnknownPath(NotFoundError):
    """There is no resource at this path."""

    slug = "unknown-path"
    title = "There is nothing at this path"
    example = "There is nothing at /v2. GET /v1/models lists the models."


class UnknownModel(NotFoundError):
    """The name is not among the models served."""

    slug = "unknown-model"
    title = "There is no such model"
    example = "There is no model 'gloves'; served are {models}."


class UnknownVersion(NotFoundError):
    """The model has no such version or label."""

    slug = "unknown-version"
    title = "The model has no such version or label"
    example = "There is no {model}, version 9."


class NotExplainable(RequestError):
    """The version that answers has no signature `explain`."""

    status = HTTPStatus.NOT_FOUND
    slug = "not-explainable"
    title = "The model does not explain its predictions"
    example = "Model {model}, version 1, has no signature 'explain'."


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


class TooManyRequests(RequestError):
    """The expected wait is too long, or a worker holds too many bytes of uploads."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    slug = "too-many-requests"
    title = "Too many requests at once"
    retry_after = 1
    example = "The gateway is busy: this request would wait 1.4 s for its turn. Try again in 2 s."

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class UploadError(RequestError):
    """Something is wrong with the photos of the request."""


class NoPhoto(UploadError):
    """The request has no photo."""

    slug = "no-photo"
    title = "There is no photo in the request"
    example = "Send the photo as the body, as file parts of a form, or as JSON."


class UploadTimeout(UploadError):
    """The body did not arrive in time."""

    status = HTTPStatus.REQUEST_TIMEOUT
    slug = "upload-timeout"
    title = "The upload took too long"
    example = (
        "The body did not arrive within {upload_seconds:g} s: 1,234,567 of 8,000,000 bytes came in"
        " {upload_seconds:.1f} s. Send a smaller photo, or send it again over a faster connection."
    )


class BodyTooLarge(UploadError):
    """The body has more bytes than the limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    slug = "body-too-large"
    title = "The upload has too many bytes"
    example = "The body has more bytes; the maximum is {max_body_bytes:,}."


class TooManyPhotos(UploadError):
    """The request has more photos than the limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    slug = "too-many-photos"
    title = "There are too many photos in the request"
    example = "There are 100 photos in the request; the maximum is {max_photos}."


class ServiceError(PhotolabelError):
    """The service can't answer now; the client may try again later."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class ModelServerUnavailable(ServiceError):
    """The model server does not answer."""

    slug = "model-server-unavailable"
    title = "The model server is unavailable"
    retry_after = 2
    example = "The model server does not answer. Try again shortly."


class ModelNotReady(ServiceError):
    """The model is configured, but can't answer now."""

    slug = "model-not-ready"
    title = "The model can't answer yet"
    retry_after = 5
    example = "Model {model} is not loaded. Wait until it is."


class DeadlineExceeded(ServiceError):
    """The time budget of the request is spent."""

    status = HTTPStatus.GATEWAY_TIMEOUT
    slug = "time-budget-spent"
    title = "The time for this request is over"
    retry_after = 1
    example = "The request took longer than its {time_budget:g} s. Try again."
