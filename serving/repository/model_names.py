"""Which names a model may have: those that fit into the paths of the API."""

FORBIDDEN = "/:?#%"
UNUSABLE = f"its name has a space, one of {FORBIDDEN} or a character that is not printable"


def is_usable(name: str) -> bool:
    """Return whether a model with this name can be asked for; why not is `UNUSABLE`."""
    return bool(name) and name.isprintable() and not set(name) & {*FORBIDDEN, " "}
