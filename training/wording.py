"""Words of messages."""


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: "1 photo", "2,000 photos"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
