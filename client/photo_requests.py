"""Photos sent to the server, in as many requests as they need."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias, TypeVar

from .batches import EncodedPhoto, bad_photos, batches, form, read, with_names
from .errors import Refused
from .photos import Photo, as_photos, encoded, name_of
from .results import BadPhoto, Prediction, read_predictions
from .shrinking import Shrink
from .transport import Transport

PredictionT = TypeVar("PredictionT", bound=Prediction)
Reader: TypeAlias = Callable[[Any, list[str]], list[PredictionT]]
Query: TypeAlias = dict[str, str | int | None]

_TOO_LARGE = 413


class PhotoRequests:
    """Requests with photos to one path of a server."""

    def __init__(self, transport: Transport, path: str, query: Query, shrink: Shrink) -> None:
        self._transport = transport
        self._path = path
        self._query = query
        self._shrink = shrink

    def read(self, photos: Photo | Iterable[Photo]) -> Iterator[EncodedPhoto | BadPhoto]:
        """Read photos one after the other, and shrink them; see `batches.read`."""
        for photo in read(photos):
            yield photo if isinstance(photo, BadPhoto) else self._shrunk(photo)

    def post_all(self, photos: Photo | Iterable[Photo], reader: Reader[PredictionT]) -> Any:
        """Send one photo or several; return one result or a list.

        Raises:
            PhotolabelError, OSError, TypeError, ValueError: as for `Photolabel.classify`.
        """
        given, is_one = as_photos(photos)
        if not given:
            raise ValueError("there is no photo to classify")
        loaded = (
            self._shrunk(EncodedPhoto(name_of(photo, number), encoded(photo)))
            for number, photo in enumerate(given, start=1)
        )
        found: list[PredictionT] = []
        for batch in batches(loaded):
            found += self._post(batch, reader)
        return found[0] if is_one else found

    def classify(self, batch: list[EncodedPhoto | BadPhoto]) -> list[Prediction | BadPhoto]:
        """Classify the photos that could be read; bad ones are among the results."""
        sent = [photo for photo in batch if isinstance(photo, EncodedPhoto)]
        found = iter(self._classify(sent))
        return [each if isinstance(each, BadPhoto) else next(found) for each in batch]

    def _classify(self, photos: list[EncodedPhoto]) -> list[Prediction | BadPhoto]:
        """Classify photos; if some are bad, send the others again."""
        if not photos:
            return []
        try:
            return [*self._post_once(photos, read_predictions)]
        except Refused as refused:
            if _is_too_much(refused, photos):
                return [result for half in _halves(photos) for result in self._classify(half)]
            bad = bad_photos(refused, photos)
            if not bad and refused.status == _TOO_LARGE:
                bad = {0: BadPhoto.refused(photos[0].image, refused.problem, refused.status)}
            if not bad:
                raise
        good = [photo for position, photo in enumerate(photos) if position not in bad]
        found = iter(self._classify(good))
        return [bad.get(position) or next(found) for position in range(len(photos))]

    def _post(self, photos: list[EncodedPhoto], reader: Reader[PredictionT]) -> list[PredictionT]:
        """Send photos, in two requests if they are more than the server takes at once."""
        try:
            return self._post_once(photos, reader)
        except Refused as refused:
            if not _is_too_much(refused, photos):
                raise with_names(refused, photos) from refused
        return [result for half in _halves(photos) for result in self._post(half, reader)]

    def _shrunk(self, photo: EncodedPhoto) -> EncodedPhoto:
        return EncodedPhoto(photo.image, self._shrink(photo.content))

    def _post_once(
        self, photos: list[EncodedPhoto], reader: Reader[PredictionT]
    ) -> list[PredictionT]:
        options = {"files": form(photos), "params": self._query}
        answer = self._transport.json("POST", self._path, **options)
        return reader(answer, [photo.image for photo in photos])


def _is_too_much(refused: Refused, photos: list[EncodedPhoto]) -> bool:
    """Return whether a request has too many photos or bytes, rather than a bad photo."""
    return refused.status == _TOO_LARGE and not refused.errors and len(photos) > 1


def _halves(photos: list[EncodedPhoto]) -> tuple[list[EncodedPhoto], list[EncodedPhoto]]:
    half = len(photos) // 2
    return photos[:half], photos[half:]
