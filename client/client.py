"""The client of a Photolabel server."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from . import results
from .arguments import authorization, checked_headers, checked_url, model_path
from .batches import EncodedPhoto, batches, form, with_names
from .errors import Refused
from .photo_requests import PhotoRequests, Query
from .photos import Photo, encoded, name_of
from .results import BadPhoto, Model, Prediction
from .shrinking import Shrinking
from .transport import Transport, checked_timeout

DEFAULT_URL = "http://127.0.0.1:8080"
DEFAULT_TIMEOUT = 30.0  # seconds
DEFAULT_RETRIES = 5
CLIENT_ID_HEADER = "X-Client-ID"


class Photolabel:
    """A client of one server. Keep it: it reuses its connections. Threads can share it.

    Requests answered with 429 or 503, and those whose connection fails, are sent again after the
    server's `Retry-After` or a growing delay, as long as the timeout and `retries` allow.

    Args:
        url: the gateway's address, such as "https://photos.example/labels".
        api_key: sent as `Authorization: Bearer …`.
        timeout: seconds to wait for each step (connecting, sending, receiving), and the most that
            is spent on waiting for retries.
        retries: how often a request is sent again at most; those for which the server says when
            to come back do not count, but 0 means never.
        client_id: names the caller, so that it stays with one version of a model while a new
            version gets a share of the requests.
        headers: further headers of each request.
        shrink: whether JPEG photos of more than 500 kB are reduced before they are sent, which
            needs Pillow (`photolabel[images]`). None, the default, reduces them where the model
            then gets the same pixels, if Pillow is installed; True for any model; False never.

    Raises:
        ImportError: `shrink` is True, and Pillow is not installed.
        ValueError: the URL, the key, the timeout or a header is invalid.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        retries: int = DEFAULT_RETRIES,
        client_id: str | None = None,
        headers: Mapping[str, str] | None = None,
        shrink: bool | None = None,
    ) -> None:
        self.url = checked_url(url)
        sent = {**(headers or {}), **authorization(api_key)}
        if client_id is not None:
            sent[CLIENT_ID_HEADER] = client_id
        self._transport = Transport(
            self.url, checked_headers(sent), checked_timeout(timeout), retries
        )
        self._shrinking = Shrinking(shrink, self.model)

    def __enter__(self) -> "Photolabel":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the server."""
        self._transport.close()

    def classify(
        self,
        photos: Photo | Iterable[Photo],
        *,
        model: str,
        version: int | None = None,
        label: str | None = None,
        top: int | None = None,
    ) -> Any:
        """Classify one photo, or several.

        Args:
            photos: one photo (see `Photo`), or an iterable of photos, which are sent in as many
                requests as they need.
            model: the model's name.
            version: use this version of the model instead of the current one.
            label: use the version with this label, such as "canary".
            top: return only this many of the most probable classes; all by default.

        Returns:
            For one photo its `Prediction`, for several a list in their order.

        Raises:
            PhotolabelError: no response, or an error response. `Refused.errors` names bad photos;
                `classify_each` goes on after them.
            OSError: a photo's file can't be read.
            TypeError, ValueError: an argument is invalid.
        """
        requests = self._requests((model, version, label), "classify", {"top": top})
        return requests.post_all(photos, results.read_predictions)

    def explain(
        self,
        photos: Photo | Iterable[Photo],
        *,
        model: str,
        version: int | None = None,
        label: str | None = None,
        top: int | None = None,
    ) -> Any:
        """Classify one photo or several, with heat maps of the evidence.

        Arguments and errors are those of `classify`. If the model was published without heat
        maps, raises `Refused` with the type `urn:photolabel:error:not-explainable`.

        Returns:
            For one photo its `Explanation`, for several a list in their order.
        """
        query = {"top": top, "format": "json"}
        requests = self._requests((model, version, label), "explain", query)
        return requests.post_all(photos, results.read_explanations)

    def classify_each(
        self,
        photos: Photo | Iterable[Photo],
        *,
        model: str,
        version: int | None = None,
        label: str | None = None,
        top: int | None = None,
    ) -> Iterator[Prediction | BadPhoto]:
        """Classify any number of photos, and go on after bad ones.

        The photos are read as they are needed, several for each request. Arguments and errors are
        those of `classify`, but a photo that can't be read or classified is a result.

        Yields:
            A `Prediction` or a `BadPhoto` for each photo, in their order.
        """
        requests = self._requests((model, version, label), "classify", {"top": top})
        for batch in batches(requests.read(photos)):
            yield from requests.classify(batch)

    def classify_batch(
        self,
        photos: Photo | Iterable[Photo],
        *,
        model: str,
        version: int | None = None,
        label: str | None = None,
        top: int | None = None,
    ) -> list[Prediction | BadPhoto]:
        """Classify photos that fit into one request, and the good ones again if some are bad.

        Arguments, results and errors are those of `classify_each`.
        """
        requests = self._requests((model, version, label), "classify", {"top": top})
        return requests.classify(list(requests.read(photos)))

    def heat_map(
        self, photo: Photo, *, model: str, version: int | None = None, label: str | None = None
    ) -> bytes:
        """Return a PNG file: the photo as the model sees it, with the heat map drawn over it.

        Raises:
            PhotolabelError, OSError, TypeError, ValueError: as for `explain`.
        """
        path = model_path(model, version, label) + ":explain"
        shrink = self._shrinking.for_model(model, version, label)
        photos = [EncodedPhoto(name_of(photo, 1), shrink(encoded(photo)))]
        try:
            return self._transport.png("POST", path, files=form(photos), params={"format": "png"})
        except Refused as refused:
            raise with_names(refused, photos) from refused

    def models(self) -> list[Model]:
        """Return the models that the server knows.

        Raises:
            PhotolabelError: no response, or an error response.
        """
        return results.read_models(self._transport.json("GET", "v1/models"))

    def model(self, name: str, *, version: int | None = None, label: str | None = None) -> Model:
        """Return one model, with the model card of the given version or of the current one.

        Raises:
            PhotolabelError: no response, or an error response.
            ValueError: both a version and a label are given.
        """
        return results.read_model(self._transport.json("GET", model_path(name, version, label)))

    def _requests(
        self, asked: tuple[str, int | None, str | None], verb: str, query: Query
    ) -> PhotoRequests:
        path = f"{model_path(*asked)}:{verb}"
        return PhotoRequests(self._transport, path, query, self._shrinking.for_model(*asked))
