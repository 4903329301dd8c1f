"""Where photos are decoded: in the worker, or in a helper process that can be killed.

What a JPEG, PNG or WebP will cost is read from its header (`serving.photos.headers.inspection`).
What an AVIF will cost is not: the coded picture inside may be larger than the container says. So a
worker has a helper for these, with bounds on its memory and on its processor time.
"""

import numpy as np

from serving.deadline import Deadline
from serving.photos import Shape, prepare
from serving.photos.formats import accepted_format
from serving.photos.limits import PhotoLimits
from serving.photos.sandbox.process import DecoderProcess

UNBOUNDED_FORMATS = {"AVIF"}


class PhotoDecoder:
    """Prepares photos within limits; threads may share it."""

    def __init__(self, limits: PhotoLimits) -> None:
        self._limits = limits
        self._helper = DecoderProcess(limits)

    def prepare(
        self, encoded: bytes, preparation: str, shape: Shape, deadline: Deadline
    ) -> np.ndarray:
        """Turn an encoded photo into the pixels of a model, wherever that is safe.

        Args:
            encoded: the file's bytes.
            preparation: a key of `PREPARATIONS`.
            shape: height, width and channels of the model's input.
            deadline: until when; only a helper process can be interrupted.

        Returns:
            uint8 `[height, width, channels]`, as `serving.photos.preparation.prepare` makes them.

        Raises:
            BadPhoto: one of its kinds, saying what is wrong with this photo.
            DeadlineExceeded: the deadline passed while a helper decoded, or was waited for.
            KeyError: the preparation is not known.
        """
        if accepted_format(encoded, self._limits) in UNBOUNDED_FORMATS:
            return self._helper.prepare(encoded, preparation, shape, deadline)
        return prepare(encoded, preparation, shape, self._limits)

    def close(self) -> None:
        """End the helper, if there is one."""
        self._helper.close()
