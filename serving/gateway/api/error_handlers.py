"""Errors as responses: `application/problem+json` (RFC 9457), Flask's own errors included."""

import logging
import re
from http import HTTPStatus

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from serving import http_errors as errors
from serving.gateway.api.responses import PROBLEM, render
from serving.gateway.api.schemas import Problem

_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")

log = logging.getLogger(__name__)


def handle_errors(app: Flask) -> None:
    """Respond to every error of the app with a problem."""
    app.register_error_handler(errors.PhotolabelError, _known)
    app.register_error_handler(HTTPException, _framework)
    app.register_error_handler(Exception, _unforeseen)


def _known(error: errors.PhotolabelError) -> Response:
    if isinstance(error, errors.InternalError):
        return _unforeseen(error)
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("%s", error.detail, extra={"request_id": g.request_id})
    return _render(error)


def _framework(error: HTTPException) -> Response | HTTPException:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    if status < HTTPStatus.BAD_REQUEST:
        return error  # A redirect.
    if isinstance(error, NotFound):
        hint = "POST photos to /v1/models/NAME:classify; GET /v1/models lists the models."
        return _render(errors.UnknownPath(f"There is nothing at {request.path}. {hint}"))
    if isinstance(error, MethodNotAllowed):
        allowed = sorted(error.valid_methods or [])
        detail = f"{request.method} is not allowed at {request.path}; {' and '.join(allowed)} are."
        return _render(errors.MethodNotAllowed(detail, allowed))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _unforeseen(error)
    problem = errors.MalformedRequest(error.description or error.name)
    problem.status = HTTPStatus(status)
    return _render(problem)


def _unforeseen(error: Exception) -> Response:
    log.error("request failed", exc_info=error, extra={"request_id": g.request_id})
    detail = f"See the service's log for details, under the request id {g.request_id}."
    return _render(errors.InternalError(detail))


def _render(error: errors.PhotolabelError) -> Response:
    problem = Problem.model_validate({**error.problem(), "request_id": g.request_id})
    if isinstance(error, errors.NoPhoto) or error.status is HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
        problem.example = f"curl --data-binary @photo.jpg http://{requested_host()}{request.path}"
    response = render(problem, error.status, PROBLEM)
    response.headers.update(error.headers())
    return response


def requested_host() -> str:
    """Return the host that the client named, if it looks like one: the header may hold anything."""
    host = request.headers.get("Host", "")
    return host if _HOST.fullmatch(host) else "HOST"
