"""The templates of pages, and how they format values."""

import jinja2


def environment(*packages: str) -> jinja2.Environment:
    """Return the environment of templates that are in one of the packages, or in this one."""
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader(name, "") for name in (*packages, "training.report")]
        ),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["percent"] = percent
    environment.filters["number"] = number
    return environment


def percent(share: float | None, digits: int = 1) -> str:
    """Format a fraction; that of nothing as a dash."""
    return "–" if share is None else f"{100 * share:.{digits}f}%"


def number(value: object) -> str:
    """Format a value of a card for people."""
    if isinstance(value, list):
        return ", ".join(map(number, value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {number(each)}" for name, each in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:g}"
    return "–" if value in (None, "") else str(value)
