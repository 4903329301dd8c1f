"""Which names a model may have: those that fit into the paths of the API."""

FORBIDDEN = "/:?#%"


def is_usable(name: str) -> bool:
    """Return whether a model with this name can be asked for; `FORBIDDEN` and spaces can't."""
    return bool(name) and name.isprintable() and not set(name) & {*FORBIDDEN, " "}
