"""What went wrong in a request that got no response, as requests and urllib3 nest it."""

import re

_SOCKS_PROXY_ERRORS = {"GeneralProxyError", "ProxyConnectionError", "SOCKS5AuthError"}


def cause_in_words(error: BaseException) -> str:
    """Return what went wrong at the bottom of nested errors, in one line."""
    while (inner := _inner(error)) is not None:
        error = inner
    # urllib3 begins with the object that failed: "HTTPConnection(host='…'): Failed to …".
    text = re.sub(r"^\w+\(.*?\): ", "", " ".join(str(error).split()))
    text = re.sub(r"^Failed to establish a new connection: (\[Errno -?\d+\] )?", "", text)
    return text or type(error).__name__


def socks_proxy_failed(error: BaseException | None) -> bool:
    """Whether a SOCKS proxy is away or refuses us; urllib3 makes no `ProxyError` of that."""
    while error is not None:
        # PySocks may not be installed. Its SOCKS5Error is about the server behind the proxy.
        kind = type(error)
        if kind.__module__ == "socks" and kind.__name__ in _SOCKS_PROXY_ERRORS:
            return True
        error = error.__cause__ or error.__context__
    return False


def _inner(error: BaseException) -> BaseException | None:
    # urllib3 has both names; others hold one as in `ProtocolError("Connection aborted.", error)`.
    named = [getattr(error, name, None) for name in ("original_error", "reason")]
    held = (each for each in (*named, *error.args[-1:]) if isinstance(each, BaseException))
    return next(held, None)
