"""Prepares the photos of a gateway: in the worker where that is safe, else in its sandbox."""

from collections.abc import Callable

import numpy as np

from serving.deadline import Deadline
from serving.photos.formats_and_limits import PhotoLimits
from serving.photos.headers.inspection import inspect
from serving.photos.preparation import Shape, prepare_inspected
from serving.photos.sandbox.process import Sandbox


class PhotoPreparer:
    """Prepares photos within limits; threads may share it."""

    def __init__(self, limits: PhotoLimits) -> None:
        self._limits = limits
        self._sandbox = Sandbox(limits)

    def prepare(
        self,
        encoded: bytes,
        preparation: str,
        shape: Shape,
        deadline: Deadline,
        leave_worker: Callable[[], None] = lambda: None,
    ) -> np.ndarray:
        """Do what `serving.photos.prepare` does; the deadline applies to the sandbox only.

        Args:
            encoded: the file's bytes.
            preparation: a key of `PREPARATIONS`.
            shape: height, width and channels of the model's input.
            deadline: of the request.
            leave_worker: is called before the photo goes to the sandbox, where it may have to wait,
                so that photos that are decoded in the worker do not wait for it.

        Raises:
            BadPhoto: one of its kinds, saying what is wrong with this photo.
            TooManyRequests: too many photos wait for the sandbox.
            DeadlineExceeded: the deadline passed in the sandbox, or while waiting for it.
            KeyError: the preparation is not known.
        """
        photo = inspect(encoded, self._limits)
        if photo.needs_sandbox:
            leave_worker()
            return self._sandbox.prepare(encoded, preparation, shape, deadline)
        return prepare_inspected(photo, preparation, shape, self._limits)

    def close(self) -> None:
        """End the sandbox, if there is one."""
        self._sandbox.close()
