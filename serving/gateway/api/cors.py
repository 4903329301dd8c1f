"""Access for pages of other origins (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol).

Off unless origins are set. No cookies are involved: a page sends its API key itself, as a header.
"""

from flask import Flask, Response, request

from serving.gateway.api.api_keys import KEYED
from serving.gateway.api.responses import PROBLEM

EVERYONE = "*"

# Headers that a page may send and read, beyond those that CORS always allows.
_SENT = ("Authorization", "Content-Type", "X-Request-ID", "X-Request-Timeout", "traceparent")
_SHOWN = ("X-Request-ID", "Retry-After", "WWW-Authenticate", "Allow")
_PREFLIGHT_SECONDS = 7200  # The longest that Chromium caches one.


def allow_origins(app: Flask, origins: tuple[str, ...], canary_header: str) -> None:
    """Allow pages of some origins to use the API of an app.

    Args:
        app: the gateway.
        origins: such as `https://shop.example`; `*` for all; if empty, the app stays as it is.
        canary_header: another header that pages may send.
    """
    if not origins:
        return
    sent = ", ".join((*_SENT, "tracestate", canary_header))

    def share(response: Response) -> Response:
        is_api = request.path.startswith(KEYED) or request.path == "/openapi.json"
        if not is_api and response.mimetype != PROBLEM:
            return response
        if EVERYONE in origins:
            response.headers["Access-Control-Allow-Origin"] = EVERYONE
        else:
            response.vary.add("Origin")
            origin = request.headers.get("Origin")
            if origin not in origins:
                return response
            response.headers["Access-Control-Allow-Origin"] = origin
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "")
            response.headers["Access-Control-Allow-Headers"] = sent
            response.headers["Access-Control-Max-Age"] = str(_PREFLIGHT_SECONDS)
        else:
            response.headers["Access-Control-Expose-Headers"] = ", ".join(_SHOWN)
        return response

    app.after_request(share)
