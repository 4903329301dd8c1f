"""Conditions on rows, such as `recognized=false` or `probability<0.6`."""

import operator
import re
from collections.abc import Callable

from .errors import BulkError
from .journal import Row

_FORM = re.compile(r"(label|recognized|probability|version)\s*(!=|<=|>=|=|<|>)\s*(.+)")
_COMPARE: dict[str, Callable[..., bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def condition(text: str) -> Callable[[Row], bool]:
    """Return a function that tells whether a row fulfils a condition; bad photos never do.

    Raises:
        BulkError: the text is not a condition.
    """
    match = _FORM.fullmatch(text.strip())
    wrong = BulkError(
        f"--where {text!r} is not a condition such as recognized=false, probability<0.6,"
        " label=Shirt or version=3"
    )
    if match is None:
        raise wrong
    column, sign, value = match.groups()
    if column in ("label", "recognized") and sign not in ("=", "!="):
        raise wrong
    compare = _COMPARE[sign]
    wanted: object = value
    if column == "recognized":
        if value.lower() not in ("true", "false"):
            raise wrong
        wanted = value.lower() == "true"
    elif column != "label":
        try:
            wanted = float(value)
        except ValueError:
            raise wrong from None
    return lambda row: row.get(column) is not None and compare(row[column], wanted)
