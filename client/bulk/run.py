"""A bulk run: from a folder to a file of results."""

import contextlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..client import DEFAULT_TIMEOUT, Photolabel
from ..photos import read_file
from .concurrency import MAX_IN_FLIGHT
from .dispatch import Dispatcher
from .errors import BulkError
from .files import batches, photos
from .journal import Journal, Row
from .output import Output
from .sending import Sender
from .sorting import Sorting
from .where import condition

GIVE_UP_SECONDS = 600.0


@dataclass(frozen=True)
class Options:
    """Options of a run.

    Attributes:
        version, label: which version of the model, by default the current one.
        top: keep only so many of the most probable classes.
        where: conditions that rows in the results, and sorted photos, must fulfil.
        sort_into: a folder for photos, sorted by class.
        api_key: the API key.
        client_id: names the run, so that one version answers while a new one is tried; by
            default made from the path of the results.
        headers: further headers of each request.
        timeout: seconds for each step of a request.
        in_flight: the maximum number of requests at once.
        give_up: seconds without any answer after which the run ends.
    """

    version: int | None = None
    label: str | None = None
    top: int | None = None
    where: Sequence[str] = ()
    sort_into: str | Path | None = None
    api_key: str | None = field(default=None, repr=False)
    client_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = DEFAULT_TIMEOUT
    in_flight: int = MAX_IN_FLIGHT
    give_up: float = GIVE_UP_SECONDS


@dataclass
class Summary:
    """What a run has done.

    Attributes:
        photos: rows in the journal.
        kept: rows in the results: all of them, or those that fulfil the conditions.
        resumed: how many photos are from earlier runs.
        bad: photos with an error.
        unsorted: photos that could not be put into their folder.
        versions: the versions that answered.
    """

    photos: int = 0
    kept: int = 0
    resumed: int = 0
    bad: int = 0
    unsorted: int = 0
    versions: set[int] = field(default_factory=set)

    def add(self, rows: Sequence[Row]) -> None:
        """Count rows."""
        self.photos += len(rows)
        for row in rows:
            if "error" in row:
                self.bad += 1
            else:
                self.versions.add(row["version"])


def journal_path(out: Path) -> Path:
    """Return the journal's path: beside the results."""
    return out.with_name(out.name + ".journal")


def connected(url: str, options: Options, run: str) -> Photolabel:
    """Return the client of a run of this name, which repeats requests itself.

    Raises:
        ValueError: the URL or an option is invalid.
    """
    return Photolabel(
        url,
        api_key=options.api_key,
        client_id=options.client_id or uuid.uuid5(uuid.NAMESPACE_URL, ascii(run)).hex,
        headers=options.headers,
        timeout=options.timeout,
        retries=0,
        shrink=False,
    )


def classify_folder(
    url: str,
    model: str,
    folder: str | Path,
    out: str | Path,
    options: Options | None = None,
    *,
    said: Callable[[str], None] = lambda _: None,
    progressed: Callable[[Summary], None] = lambda _: None,
) -> Summary:
    """Classify all photos of a folder tree; go on where an earlier run has ended.

    Args:
        url: the gateway's address.
        model: the model's name.
        folder: the photos.
        out: the results: `.csv`, `.jsonl` or `.parquet`. Its journal is beside it.
        options: everything else.
        said: called with a line when something happens, such as an outage.
        progressed: called after each request.

    Raises:
        BulkError: it can't begin or go on; `ServerAway`, `Interrupted`: the same call resumes.
        PhotolabelError: the server refuses the requests: a wrong key, an unknown model.
        OSError: the folder can't be read, or the results can't be written.
        ValueError: the URL, the key or the timeout is invalid.
    """
    options = options or Options()
    folder, out = Path(folder), Path(out)
    if not folder.is_dir():
        raise BulkError(f"{folder} is not a folder")
    tests = [condition(text) for text in options.where]

    def keep(row: Row) -> bool:
        return all(test(row) for test in tests)

    output = Output(out, keep)
    path = journal_path(out)
    if out.exists() and not path.exists():
        raise BulkError(f"{out} exists without its journal {path.name}: choose another --out")
    target = None if options.sort_into is None else Path(options.sort_into)
    if target is not None and target.resolve() == folder.resolve():
        raise BulkError(f"--sort-into {target} is the folder of the photos: choose another")
    sorting = None if target is None else Sorting(folder, target, keep)

    def read(image: str) -> bytes:
        return read_file(folder / image)

    with (
        connected(url, options, str(path.resolve())) as client,
        Journal(path, _settings(model, folder, options)) as journal,
        contextlib.closing(_Results(journal, output, sorting, keep, said, progressed)) as results,
    ):
        results.resume()
        sender = Sender(client, read, model, options.version, options.label, options.top)
        pending = batches(photos(folder, target), journal.is_done)
        dispatcher = Dispatcher(sender.send, results.add, said, options.in_flight, options.give_up)
        dispatcher.run(pending)
        return results.end()


def _settings(model: str, folder: Path, options: Options) -> dict[str, Any]:
    """Return what has to stay the same for a run to be resumed."""
    return {
        "model": model,
        "folder": str(folder.resolve()).encode("utf-8", "backslashreplace").decode(),
        **{name: getattr(options, name) for name in ("version", "label", "top")},
    }


class _Results:
    """Where the rows of a run go: the journal, the output, sorted photos and the summary."""

    def __init__(
        self,
        journal: Journal,
        output: Output,
        sorting: Sorting | None,
        keep: Callable[[Row], bool],
        said: Callable[[str], None],
        progressed: Callable[[Summary], None],
    ) -> None:
        self._journal = journal
        self._output = output
        self._sorting = sorting
        self._keep = keep
        self._said = said
        self._progressed = progressed
        self._summary = Summary(resumed=journal.resumed)

    def close(self) -> None:
        """Close the output."""
        self._output.close()

    def resume(self) -> None:
        """Take over the rows of earlier runs."""
        for row in self._journal.rows():
            self._note([row])
        self._output.begin(self._journal.rows())
        self._progressed(self._summary)

    def add(self, rows: list[Row]) -> None:
        """Take new rows, and say so if another version of the model has answered."""
        known = set(self._summary.versions)
        self._journal.append(rows)
        self._output.append(rows)
        self._note(rows)
        if known and (new := self._summary.versions - known):
            self._said(f"the model's version is now {min(new)}, before {max(known)}")
        self._progressed(self._summary)

    def end(self) -> Summary:
        """Complete the output and return the summary."""
        self._output.end(self._journal.rows())
        if self._sorting and self._sorting.problems:
            self._summary.unsorted = self._sorting.problems
            example = self._sorting.last_problem
            self._said(f"{self._sorting.problems} photos could not be sorted, such as {example}")
        return self._summary

    def _note(self, rows: list[Row]) -> None:
        self._summary.add(rows)
        self._summary.kept += sum(map(self._keep, rows))
        if self._sorting:
            self._sorting.put(rows)
