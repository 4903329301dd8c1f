"""Arguments of the client, checked before anything is sent."""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")


def checked_url(url: str) -> str:
    """Return the address without a slash at its end, or raise `ValueError`."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError as error:
        raise ValueError(f"{url!r} is not a URL: {error}") from error
    if not valid or parts.query or parts.fragment:
        raise ValueError(f"{url!r} is not a URL such as http://127.0.0.1:8080")
    return url.rstrip("/")


def authorization(api_key: str | None) -> dict[str, str]:
    """Return the header for an API key, or raise `ValueError`."""
    if api_key is None:
        return {}
    if not api_key or not all("!" <= character <= "~" for character in api_key):
        raise ValueError("the API key must be printable ASCII characters without spaces")
    return {"Authorization": f"Bearer {api_key}"}


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers, or raise `ValueError`."""
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise ValueError(f"{name!r}: {value!r} is not a header: it must be printable ASCII")
    return dict(headers)


def model_path(name: str, version: int | None, label: str | None) -> str:
    """Return the path of a model, of a version of it, or of the version with a label."""
    if version is not None and label is not None:
        raise ValueError("give a version or a label, not both")
    if not isinstance(name, str):
        raise TypeError(f"the model's name must be a string, not {name!r}")
    path = f"v1/models/{_quoted(name)}"
    if version is not None:
        return f"{path}/versions/{version}"
    return path if label is None else f"{path}/labels/{_quoted(label)}"


def _quoted(name: str) -> str:
    try:
        return quote(name, safe="")
    except UnicodeEncodeError as error:
        raise ValueError(f"{name!r} is not a name: it is not UTF-8") from error
