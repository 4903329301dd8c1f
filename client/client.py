"""The HTTP client: requests to the API, retries where they are safe, errors of this package."""

import math
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from . import answers, responses
from .answers import Answer, Explanation, Model
from .errors import BadAnswer, Refused, TimedOut, Unreachable
from .multipart import Photo, form_parts

DEFAULT_URL = "http://127.0.0.1:8080"
DEFAULT_TIMEOUT = 30.0  # seconds

_Result = TypeVar("_Result")
_AnswerT = TypeVar("_AnswerT", bound=Answer)

_CONNECT_TIMEOUT = 5.0  # seconds
_MIN_WAIT = 0.1  # seconds
_RETRIED_STATUSES = {429, 503}
# Servers and proxies close idle connections after a few seconds. Close them first: otherwise a
# request might be sent over a connection that is just being closed.
_LIMITS = httpx.Limits(keepalive_expiry=1.0)


class Client:
    """A client of one server. Close it after use, or use it in a `with` statement.

    Classifying changes nothing on the server, so a request answered with 429 or 503 and a
    `Retry-After` header is sent again after that delay, as long as the timeout allows.

    Args:
        url: the gateway's address, such as "https://photos.example/labels".
        api_key: sent as `Authorization: Bearer …`.
        timeout: seconds to wait for each step (connecting, sending, receiving), and the time
            after which a request is not retried.
        transport: an httpx transport, for tests and special networks.

    Raises:
        ValueError: the URL, the key or the timeout is invalid.
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
            raise ValueError(f"the timeout must be a positive number of seconds, not {timeout}")
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

    def __exit__(self, *_: object) -> None:
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
        """Classify one or more photos in one request.

        Args:
            model: the model's name.
            photos: one photo or several. The server limits how many it accepts at once.
            version: use this version of the model instead of the current one.
            label: use the version with this label, such as "canary".
            top: return only this many of the most probable classes; all by default.

        Returns:
            One prediction per photo, in the order of the photos.

        Raises:
            ClientError: no response, or an error response. If one of several photos is bad,
                none is classified, and the error names the bad ones.
            OSError: a photo's file can't be read.
            ValueError: no photo is given, or both a version and a label are.
        """
        path = _model_path(model, version=version, label=label) + ":classify"
        return self._post_photos(path, photos, answers.read_answer, top=top)

    def explain(
        self,
        model: str,
        photos: Photo | Iterable[Photo],
        *,
        version: int | None = None,
        label: str | None = None,
        top: int | None = None,
    ) -> Explanation:
        """Classify one or more photos and return heat maps of the evidence.

        Arguments and errors are those of `classify`. If the model was published without heat
        maps, raises `Refused` with the type `urn:photolabel:error:not-explainable`.

        Returns:
            One prediction with its heat map per photo, in the order of the photos.
        """
        path = _model_path(model, version=version, label=label) + ":explain"
        return self._post_photos(path, photos, answers.read_explanation, top=top, format="json")

    def picture(
        self, model: str, photo: Photo, *, version: int | None = None, label: str | None = None
    ) -> bytes:
        """Return a PNG file: the photo as the model sees it, with the heat map drawn over it.

        Raises:
            ClientError, OSError, ValueError: as for `explain`.
        """
        return self._request_with_retries(
            "POST",
            _model_path(model, version=version, label=label) + ":explain",
            responses.png_content,
            files=form_parts([photo]),
            params={"format": "png"},
            headers={"Accept": "image/png"},
        )

    def models(self) -> tuple[Model, ...]:
        """Return the models that the server knows.

        Raises:
            ClientError: no response, or an error response.
        """
        return answers.read_models(self._request_json("GET", "v1/models"))

    def model(self, name: str, *, version: int | None = None, label: str | None = None) -> Model:
        """Return one model, with the model card of the given version or of the current one.

        Raises:
            ClientError: no response, or an error response.
            ValueError: both a version and a label are given.
        """
        path = _model_path(name, version=version, label=label)
        return answers.read_model(self._request_json("GET", path))

    def _post_photos(
        self,
        path: str,
        photos: Photo | Iterable[Photo],
        read: Callable[[Any], _AnswerT],
        **query: str | int | None,
    ) -> _AnswerT:
        parts = form_parts(photos)
        params = {name: value for name, value in query.items() if value is not None}
        answer = read(self._request_json("POST", path, files=parts, params=params))
        if len(answer.predictions) != len(parts):
            counts = f"{len(answer.predictions)} instead of {len(parts)}"
            raise BadAnswer(f"{self.url} returned the wrong number of predictions: {counts}")
        return answer

    def _request_json(self, method: str, path: str, **options: Any) -> Any:
        return self._request_with_retries(method, path, responses.json_value, **options)

    def _request_with_retries(
        self, method: str, path: str, read: Callable[[httpx.Response], _Result], **options: Any
    ) -> _Result:
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                return read(self._request(method, path, **options))
            except Refused as refusal:
                if refusal.status not in _RETRIED_STATUSES or refusal.retry_after is None:
                    raise
                wait = max(refusal.retry_after, _MIN_WAIT)
                if time.monotonic() + wait > deadline:
                    raise
            time.sleep(wait)

    def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **options)
        except httpx.TimeoutException as error:
            what = "connection" if isinstance(error, httpx.ConnectTimeout) else "response"
            seconds = min(self._timeout, _CONNECT_TIMEOUT if what == "connection" else math.inf)
            raise TimedOut(f"no {what} from {self.url} within {seconds:g} s") from error
        except httpx.ConnectError as error:
            message = f"cannot reach {self.url} ({error}): is the server running there?"
            raise Unreachable(message) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(f"the connection to {self.url} failed: {reason}") from error


def _checked_url(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ValueError(f"{url!r} is not a URL: {error}") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise ValueError(f"{url!r} is not a URL such as {DEFAULT_URL}")
    return url


def _authorization(api_key: str | None) -> dict[str, str]:
    if api_key is None:
        return {}
    if not api_key or not all("!" <= character <= "~" for character in api_key):
        raise ValueError("the API key must be printable ASCII characters without spaces")
    return {"Authorization": f"Bearer {api_key}"}


def _model_path(name: str, *, version: int | None, label: str | None) -> str:
    if version is not None and label is not None:
        raise ValueError("give a version or a label, not both")
    path = f"v1/models/{quote(name, safe='')}"
    if version is not None:
        return f"{path}/versions/{version}"
    return path if label is None else f"{path}/labels/{quote(label, safe='')}"
