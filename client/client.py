"""Requests to the API, retries where they are safe, and errors as this package's own."""

import math
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from client import responses
from client.answers import (
    Answer,
    Explanation,
    Model,
    read_answer,
    read_explanation,
    read_model,
    read_models,
)
from client.errors import BadAnswer, Refused, TimedOut, Unreachable
from client.multipart import Photo, form_parts

DEFAULT_URL = "http://127.0.0.1:8080"
DEFAULT_TIMEOUT = 30.0  # seconds

_Read = TypeVar("_Read")

_CONNECT_TIMEOUT = 5.0
_RETRIED = {429, 503}
_SHORTEST_WAIT = 0.1
# Servers and proxies close idle connections after some seconds. Let go of them first, or a request
# may meet a connection that is being closed.
_LIMITS = httpx.Limits(keepalive_expiry=1.0)


class Client:
    """A connection to one server; close it, or use it in a `with` statement.

    Classifying changes nothing on the server, so a request that is answered 429 or 503 with a
    `Retry-After` is sent again when the server says so, as long as the timeout allows.

    Args:
        url: where the gateway is, such as "https://photos.example/labels".
        api_key: sent as `Authorization: Bearer …`.
        timeout: seconds to wait for each step (connecting, sending, receiving), and the time
            after which a request is not sent again.
        transport: what carries the requests; for tests and special networks.

    Raises:
        ValueError: the URL, the key or the timeout is none.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if not timeout > 0:
            raise ValueError(f"the timeout has to be a positive number of seconds, not {timeout}")
        self.url = _checked_url(url)
        self._timeout = timeout
        self._http = httpx.Client(
            base_url=self.url,
            headers={"Accept": "application/json"} | _authorization(api_key),
            timeout=httpx.Timeout(timeout, connect=min(timeout, _CONNECT_TIMEOUT)),
            limits=_LIMITS,
            transport=transport,
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the server."""
        self._http.close()

    def classify(
        self,
        model: str,
        photos: Photo | Iterable[Photo],
        *,
        version: int | None = None,
        label: str | None = None,
        top: int | None = None,
    ) -> Answer:
        """Classify one or several photos in one request.

        Args:
            model: the model's name.
            photos: one photo or several. The server limits how many it takes at once.
            version: ask this version of the model instead of the current one.
            label: ask the version that has this label, such as "canary".
            top: the number of most probable classes to answer with; all by default.

        Returns:
            One prediction for each photo, in their order.

        Raises:
            ClientError: no answer, or an error as the answer. If one photo of several is bad,
                none is classified, and the error names the bad ones.
            OSError: a photo's file can't be read.
            ValueError: there is no photo, or both a version and a label.
        """
        path = _model_path(model, version=version, label=label) + ":classify"
        parts = form_parts(photos)
        answer = read_answer(self._answer("POST", path, files=parts, params=_wishes(top=top)))
        self._check_number(answer, len(parts))
        return answer

    def explain(
        self,
        model: str,
        photos: Photo | Iterable[Photo],
        *,
        version: int | None = None,
        label: str | None = None,
        top: int | None = None,
    ) -> Explanation:
        """Classify one or several photos and tell where in them the evidence is.

        Arguments and errors are those of `classify`. A model published without heat maps is
        `Refused` with the type `urn:photolabel:error:not-explainable`.

        Returns:
            One prediction with its heat map for each photo, in their order.
        """
        path = _model_path(model, version=version, label=label) + ":explain"
        parts = form_parts(photos)
        wishes = _wishes(top=top, format="json")
        answer = read_explanation(self._answer("POST", path, files=parts, params=wishes))
        self._check_number(answer, len(parts))
        return answer

    def picture(
        self, model: str, photo: Photo, *, version: int | None = None, label: str | None = None
    ) -> bytes:
        """Return one photo as the model sees it, lit up where the evidence is: a PNG file.

        Raises:
            ClientError, OSError, ValueError: as `explain`.
        """
        path = _model_path(model, version=version, label=label) + ":explain"
        wishes = _wishes(format="png")
        sent = {"files": form_parts([photo]), "params": wishes, "headers": {"Accept": "image/png"}}
        return self._ask("POST", path, responses.picture, **sent)

    def models(self) -> tuple[Model, ...]:
        """Return the models that the server knows.

        Raises:
            ClientError: no answer, or an error as the answer.
        """
        return read_models(self._answer("GET", "v1/models"))

    def model(self, name: str, *, version: int | None = None, label: str | None = None) -> Model:
        """Return one model, with the card of its current version or of the one asked for.

        Raises:
            ClientError: no answer, or an error as the answer.
            ValueError: both a version and a label.
        """
        return read_model(self._answer("GET", _model_path(name, version=version, label=label)))

    def _check_number(self, answer: Answer, photos: int) -> None:
        if len(answer.predictions) != photos:
            raise BadAnswer(
                f"{self.url} answered with {len(answer.predictions)} predictions for {photos}"
                " photos"
            )

    def _answer(self, method: str, path: str, **request: Any) -> Any:
        """Send a request and return the JSON value of its answer."""
        return self._ask(method, path, responses.value, **request)

    def _ask(
        self, method: str, path: str, read: Callable[[httpx.Response], _Read], **request: Any
    ) -> _Read:
        """Send a request, again where the server asks for it, and return what is read of it."""
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                return read(self._send(method, path, **request))
            except Refused as refusal:
                if refusal.status not in _RETRIED or refusal.retry_after is None:
                    raise
                wait = max(refusal.retry_after, _SHORTEST_WAIT)
                if time.monotonic() + wait > deadline:
                    raise
            time.sleep(wait)

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **request)
        except httpx.TimeoutException as error:
            what = "connection" if isinstance(error, httpx.ConnectTimeout) else "answer"
            seconds = min(self._timeout, _CONNECT_TIMEOUT if what == "connection" else math.inf)
            raise TimedOut(f"no {what} from {self.url} within {seconds:g} s") from error
        except httpx.ConnectError as error:
            raise Unreachable(f"cannot reach {self.url} ({error}): does it run there?") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(f"the connection to {self.url} failed: {reason}") from error


def _checked_url(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"{url!r} is not a URL: {error}") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise ValueError(f"{url!r} is not a URL like {DEFAULT_URL}")
    return url


def _authorization(api_key: str | None) -> dict[str, str]:
    if api_key is None:
        return {}
    if not api_key or not all("!" <= character <= "~" for character in api_key):
        raise ValueError("the API key has to be one word of printable ASCII characters")
    return {"Authorization": f"Bearer {api_key}"}


def _wishes(**wishes: str | int | None) -> dict[str, str | int]:
    return {name: wish for name, wish in wishes.items() if wish is not None}


def _model_path(name: str, *, version: int | None, label: str | None) -> str:
    if version is not None and label is not None:
        raise ValueError("give a version or a label, not both")
    path = f"v1/models/{quote(name, safe='')}"
    if version is not None:
        return f"{path}/versions/{version}"
    return path if label is None else f"{path}/labels/{quote(label, safe='')}"
