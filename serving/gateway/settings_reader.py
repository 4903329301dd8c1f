"""Read the settings from the environment, and print them as a table for `--help`."""

import os

from pydantic import ValidationError

from serving.gateway.settings import PREFIX, Settings

# Variables of our other programs, which may be set in the same environment.
FOREIGN = {"PHOTOLABEL_URL", "PHOTOLABEL_API_KEY", "PHOTOLABEL_DATA", "PHOTOLABEL_CACHE"}


class SettingsError(Exception):
    """The environment holds unknown or invalid settings; the message names all of them."""


def read_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        SettingsError: a `PHOTOLABEL_*` variable is unknown or its value is invalid.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    given = {name for name in os.environ if name.startswith(PREFIX)}
    problems = [f"{name}: unknown setting" for name in sorted(given - known - FOREIGN)]
    try:
        settings = Settings()
    except ValidationError as error:
        for invalid in error.errors():
            name = PREFIX + str(invalid["loc"][0]).upper()
            reason = invalid["msg"].removeprefix("Value error, ")
            problems.append(f"{name}={os.environ.get(name)!r}: {reason}")
    if problems:
        raise SettingsError("; ".join(problems) + ". Settings: python -m serving --help")
    return settings


def settings_table() -> str:
    """Return one line for each setting: its variable, description and default."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = ",".join(field.default) if isinstance(field.default, tuple) else field.default
        shown = "none" if default in (None, "") else default
        rows.append((PREFIX + name.upper(), f"{field.description} (default: {shown})"))
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"  {name:<{width}}  {description}" for name, description in rows)
