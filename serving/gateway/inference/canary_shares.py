"""The share of each model's unpinned requests that goes to its canary."""

from pathlib import Path

from serving.repository.canary_shares import read_shares
from serving.repository.changing_file import ChangingFile


class CanaryShares:
    """The shares in a file, or one for all models.

    The file may change while the gateway runs: it is read again as soon as it does.
    """

    def __init__(self, default: float = 0.0, file: Path | None = None) -> None:
        """Read the file, if there is one.

        Args:
            default: share of the models that the file does not name.
            file: with lines such as `clothing 0.1`.

        Raises:
            OSError, ValueError: the file can't be read or is invalid.
        """
        self._default = default
        self._file = ChangingFile(file, read_shares, "canary shares") if file else None

    def of(self, name: str) -> float:
        """Return the share of a model's canary, in [0, 1]."""
        return self._file.current().get(name, self._default) if self._file else self._default
