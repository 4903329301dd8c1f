"""Refusals that several formats share."""

from serving.photos.errors import TooCostly


def too_large(what: str, size: int, limit: int) -> TooCostly:
    """Return the refusal of a part that takes too many bytes."""
    return TooCostly(
        f"The photo's {what} takes at least {size:,} bytes; at most {limit:,} are accepted."
        " Re-save it as a JPEG, or without metadata."
    )


def too_many(format_name: str, what: str, limit: int) -> TooCostly:
    """Return the refusal of a file with too many parts of a kind."""
    return TooCostly(
        f"The {format_name} file has more than {limit:,} {what}, the maximum. Re-save it without"
        " metadata."
    )
