"""A worker of a Ray job: classifies photos as `bulk` does, and returns a row for each."""

from collections.abc import Iterator
from pathlib import PurePosixPath

import pyarrow as pa
from pyarrow import fs

from ..errors import PhotolabelError
from .dispatch import Dispatcher
from .errors import BulkError
from .files import batches
from .journal import Row
from .output import for_parquet, parquet_schema
from .run import Options, connected
from .sending import Sender


class WorkerFailed(BulkError):
    """The gateway refuses all requests, such as for a wrong key, or did not answer for too long."""


class Worker:
    """An actor of Ray Data, with a client of its own that adapts to how busy the gateway is.

    Args:
        url: the gateway's address, as the nodes reach it.
        model: the model's name.
        folder: the folder of the photos, a path or a URI.
        options: those of one machine.
    """

    def __init__(self, url: str, model: str, folder: str, options: Options) -> None:
        self._client = connected(url, options, folder)
        self._place, self._folder = fs.FileSystem.from_uri(folder)
        selection = (options.version, options.label, options.top)
        self._sender = Sender(self._client, self._read, model, *selection)
        self._options = options

    def __call__(self, photos: pa.Table) -> pa.Table:
        """Return the rows of photos that are given by their paths and sizes.

        Raises:
            WorkerFailed: the job can't go on.
        """
        rows: list[Row] = []
        found: Iterator[tuple[str, int]] = zip(
            photos["image"].to_pylist(), photos["size"].to_pylist(), strict=True
        )
        options = self._options
        dispatcher = Dispatcher(
            self._sender.send, rows.extend, lambda _: None, options.in_flight, options.give_up
        )
        try:
            dispatcher.run(batches(found, lambda _: False))
        except (BulkError, PhotolabelError) as error:
            # Ray passes on the text of errors only.
            raise WorkerFailed(" ".join(str(error).split())) from None
        return pa.Table.from_pylist([for_parquet(row) for row in rows], parquet_schema())

    def _read(self, image: str) -> bytes:
        with self._place.open_input_stream(str(PurePosixPath(self._folder, image))) as file:
            content: bytes = file.read()
        return content
