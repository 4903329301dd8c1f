"""Requests to one server: timeouts, retries, and every failure as an error of this package."""

import contextlib
import json
import math
import time
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth
from urllib3.exceptions import HTTPError, MaxRetryError, ReadTimeoutError, ResponseError
from urllib3.util import Retry

from .connection_errors import cause_in_words, socks_proxy_failed
from .errors import BadAnswer, Refused, TimedOut, Unreachable
from .uploading import UploadAdapter, sending_timed_out

_CONNECT_TIMEOUT = 5.0  # seconds
_RETRIED_STATUSES = (429, 503)
# Seconds; a server that says when to come back is obeyed instead.
_BACKOFF = {"backoff_factor": 0.1, "backoff_max": 5.0, "backoff_jitter": 0.1}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_CONNECTIONS = 64  # Kept open for the threads that share a client.
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_DAMAGED = (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)


class Transport:
    """Sends requests to one server. Threads can share it.

    Args:
        url: the server's address, without a slash at its end.
        headers: sent with each request.
        timeout: seconds to wait for each step, and the most that is spent on waiting for retries.
        retries: how often a request is sent again.
    """

    def __init__(self, url: str, headers: dict[str, str], timeout: float, retries: int) -> None:
        parts = urlsplit(url)
        # Without a login, which belongs in no message.
        self._url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        self._retries = retries
        host = parts.hostname or ""
        # A proxy that the environment names can't reach this machine.
        self._proxies = {"no_proxy": host} if host in _LOOPBACK else None
        self._timeouts = (min(timeout, _CONNECT_TIMEOUT), timeout)
        self._session = requests.Session()
        self._session.headers.update(headers)
        self._session.auth = _Unchanged()
        if parts.username is not None and "Authorization" not in self._session.headers:
            login = (unquote(parts.username), unquote(parts.password or ""))
            self._session.auth = HTTPBasicAuth(*(text.encode() for text in login))
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        retry = _BoundedRetry(retries, seconds=timeout)
        adapter = UploadAdapter(timeout, pool_maxsize=_CONNECTIONS, max_retries=retry)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def json(self, method: str, path: str, **options: Any) -> Any:
        """Return the JSON value of a successful response.

        Raises:
            PhotolabelError: no response, an error response, or one that is not from the API.
        """
        return _json_value(self._send(method, path, "application/json", **options))

    def png(self, method: str, path: str, **options: Any) -> bytes:
        """Return the PNG file of a successful response, or raise as `json` does."""
        response = self._send(method, path, "image/png", **options)
        if response.ok and response.content.startswith(_PNG_SIGNATURE):
            return response.content
        _json_value(response)
        raise _not_from_the_api(response)

    def _send(self, method: str, path: str, accept: str, **options: Any) -> requests.Response:
        for _ in range(self._retries):
            # urllib3's retries end with the headers; a body that is cut off is repeated here.
            with contextlib.suppress(_CutOff):
                return self._send_once(method, path, accept, **options)
        return self._send_once(method, path, accept, **options)

    def _send_once(self, method: str, path: str, accept: str, **options: Any) -> requests.Response:
        try:
            return self._session.request(
                method,
                f"{self._url}/{path}",
                headers={"Accept": accept},
                timeout=self._timeouts,
                allow_redirects=False,
                proxies=self._proxies,
                **options,
            )
        except requests.ConnectTimeout as error:
            raise TimedOut(
                f"no connection from {self._url} within {self._timeouts[0]:g} s"
            ) from error
        except requests.Timeout as error:
            message = f"no response from {self._url} within {self._timeouts[1]:g} s"
            raise TimedOut(message) from error
        except _DAMAGED as error:
            raise _CutOff(f"the response of {self._url} was cut off or damaged") from error
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise Unreachable(self._reason(error)) from error

    def _reason(self, error: Exception) -> str:
        text = cause_in_words(error)
        if isinstance(error, requests.exceptions.ProxyError) or socks_proxy_failed(error):
            return (
                f"the proxy to {self._url} failed ({text}): check HTTP_PROXY, ALL_PROXY, NO_PROXY"
            )
        if isinstance(error, requests.exceptions.SSLError):
            return f"the connection to {self._url} is not trusted: {text}"
        if isinstance(error, requests.ConnectionError):
            return f"cannot reach {self._url} ({text}): is the server running there?"
        return f"the request to {self._url} can't be sent: {text}"


class _CutOff(Unreachable):
    """The connection was lost within a response."""


class _Unchanged(AuthBase):
    """Keeps requests from replacing our `Authorization` with the login of a `.netrc`."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _BoundedRetry(Retry):
    """Retries as long as the waits between them take less than some seconds in all.

    Classifying changes nothing on the server, so that a POST is as safe to repeat as a GET.
    """

    def __init__(
        self, total: Any = 0, *, seconds: float = 0.0, deadline: float = math.inf, **options: Any
    ) -> None:
        fixed = {
            "allowed_methods": None,
            "status_forcelist": _RETRIED_STATUSES,
            "raise_on_status": False,
            "redirect": False,
        }
        super().__init__(total, **{**options, **fixed, **_BACKOFF})
        self._seconds = seconds
        self._deadline = deadline  # On the monotonic clock, from the first failure on.

    def new(self, **options: Any) -> "_BoundedRetry":
        return super().new(seconds=self._seconds, deadline=self._deadline, **options)

    def get_retry_after(self, response: Any) -> float | None:
        # urllib3's raises an error for a malformed one.
        return _seconds(response.headers.get("Retry-After"))

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: Any = None,
        error: Exception | None = None,
        *rest: Any,
        **named: Any,
    ) -> "_BoundedRetry":
        if isinstance(error, ReadTimeoutError):
            raise error  # The whole timeout has passed already.
        pool: Any = named.get("_pool")
        if sending_timed_out(error):
            raise ReadTimeoutError(pool, url or "", "sending took too long") from error
        asked = self.get_retry_after(response) if response is not None else None
        # A server that says when to come back is asked as long as the time allows.
        counted = self.new(total=self.total + 1) if asked and self.total else self
        following: _BoundedRetry = Retry.increment(
            counted, method, url, response, error, *rest, **named
        )
        following._deadline = min(self._deadline, time.monotonic() + self._seconds)
        wait = following.get_backoff_time() if asked is None else asked
        if time.monotonic() + wait > following._deadline:
            reason = error or ResponseError("the server asks to wait too long")
            raise MaxRetryError(pool, url, reason)
        return following


def _json_value(response: requests.Response) -> Any:
    if response.is_redirect:
        target = response.headers["Location"]
        raise BadAnswer(f"{response.url} redirects to {target}: use the final address")
    try:
        document = json.loads(response.content)
    except (ValueError, RecursionError) as error:
        raise _not_from_the_api(response) from error
    if response.ok:
        return document
    if not isinstance(document, dict) or not isinstance(document.get("title"), str):
        raise _not_from_the_api(response)
    raise Refused(response.status_code, document, _seconds(response.headers.get("Retry-After")))


def _not_from_the_api(response: requests.Response) -> BadAnswer:
    kind = response.headers.get("Content-Type", "no content type")
    return BadAnswer(
        f"{response.url} responded with status {response.status_code} ({kind}), but not in"
        " Photolabel's format: is the address right?"
    )


def _seconds(retry_after: str | None) -> float | None:
    """Parse a `Retry-After` header, which holds seconds or a date."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except (OverflowError, ValueError):
        return None


def checked_timeout(timeout: float) -> float:
    """Return the timeout, or raise `ValueError` if it is no positive number of seconds."""
    if not 0 < timeout < math.inf:
        raise ValueError(f"the timeout must be a positive number of seconds, not {timeout}")
    return timeout
