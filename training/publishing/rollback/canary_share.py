"""Changes the share of requests that a model's canary gets, in the file that gateways read."""

from serving.repository.canary_shares import parse_shares, with_shares
from training.errors import TrainingError
from training.publishing.rollback.text_file import TextFile

KEY = "shares"
"""The file's name in the ConfigMap, as `k8s/base` has it."""


def check_shares(file: TextFile) -> None:
    """Raise TrainingError if the file can't be read, or has an invalid line."""
    try:
        parse_shares(file.read(), file)
    except ValueError as error:
        raise TrainingError(f"nothing has changed: {error}") from error


def set_share(file: TextFile, name: str, share: float) -> None:
    """Set the share of a model and leave the rest of the file as it is.

    Raises:
        TrainingError: the file can't be changed, or has an invalid line.
    """

    def edit(text: str) -> str:
        try:
            return with_shares(text, file, {name: share})
        except ValueError as error:
            raise TrainingError(f"the shares are unchanged: {error}") from error

    file.edit(edit)
