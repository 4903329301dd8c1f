"""The gateway's settings: their names, defaults, bounds and help texts, read from the environment.

The limits of one photo (formats, pixels, …) are settings too:
`serving.photos.formats_and_limits` defines them.
"""

import os
import re
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError, ValidationInfo, create_model, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from serving.photos.formats_and_limits import KNOWN_FORMATS, PhotoLimits
from serving.photos.heic import INSTALL, is_installed
from serving.repository.model_names import FORBIDDEN, is_usable
from serving.tls.certificates import TlsError, TlsFiles

PREFIX = "PHOTOLABEL_"
_NAMES = {"PHOTOLABEL_MODELS", "PHOTOLABEL_MODEL_CONFIG_FILE"}
# Variables of our other programs, which may be set in the same environment.
FOREIGN = {
    "PHOTOLABEL_URL",
    "PHOTOLABEL_API_KEY",
    "PHOTOLABEL_DATA",
    "PHOTOLABEL_CACHE",
    "PHOTOLABEL_TERMINATION_LOG",
}

# A host, an IPv6 address in brackets or nothing (all interfaces), and a port.
_ADDRESS = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[^:/\s]*):([0-9]{1,5})")
_OTHER_BIND = re.compile(r"fd://[0-9]+|unix:.+")
_MODEL_SERVER = re.compile(r"(dns:///)?[^\s/]+:[0-9]{1,5}|unix:.+")
_ALIASES = {"HEIF": "HEIC", "JPG": "JPEG"}
# As browsers write one: lower case, no default port, no trailing slash.
_ORIGIN = re.compile(
    r"(?!https:.*:443$|http:.*:80$)[a-z][a-z0-9+.-]*://(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?"
)

Words = tuple[str, ...]
S = TypeVar("S", bound=BaseSettings)


def _with_photo_limits(settings: type[S]) -> type[S]:
    """Add a field for each limit of a photo: its metadata are arguments of pydantic's `Field`."""
    limits: dict[str, Any] = {each.name: (each.type, each) for each in fields(PhotoLimits)}
    return create_model(
        settings.__name__, __base__=settings, __module__=settings.__module__, **limits
    )


@_with_photo_limits
class Settings(BaseSettings):
    """The gateway's settings; every field is an environment variable `PHOTOLABEL_<FIELD>`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="forbid",
        enable_decoding=False,
        use_attribute_docstrings=True,
    )

    bind: str = "127.0.0.1:8080"
    """address and port to listen on"""
    model_server: str = "127.0.0.1:8500"
    """gRPC address of the model server, such as dns:///tfs:8500"""
    model_server_ca_file: Path | None = None
    """PEM file of the CA that signed the model server's certificate; none: no TLS"""
    model_server_cert_file: Path | None = None
    """PEM file of the gateway's certificate, for mutual TLS"""
    model_server_key_file: Path | None = None
    """PEM file of the gateway's private key, for mutual TLS"""
    model_server_name: str | None = None
    """host name in the model server's certificate; none: that of its address"""
    models: Words = ("clothing", "cats-dogs")
    """names of the models to serve, separated by commas"""
    model_config_file: Path | None = None
    """the model server's model config file, whose names are served instead, and followed"""
    workers: int = Field(2, ge=1)
    """worker processes"""
    max_in_flight: int = Field(16, ge=1)
    """requests that a worker handles at once; more wait for their turn"""
    max_wait: float = Field(1.0, ge=0, le=300)
    """expected seconds of waiting for a turn, above which a request gets 429"""
    fair_keys: bool = False
    """whether API keys take turns, so that no key's requests make all others wait"""
    max_batch: int = Field(8, ge=1)
    """photos of waiting requests that are joined in one call to the model server; 1: none"""
    max_decodes: int = Field(2, ge=1)
    """photos that a worker decodes at once; more wait their turn"""
    max_connections: int = Field(1000, ge=1)
    """connections of a worker; above it, a new one replaces an idle one"""
    time_budget: float = Field(5.0, gt=0, le=300)
    """seconds for the response to a request that has arrived"""
    upload_seconds: float = Field(30.0, gt=0, le=3600)
    """seconds for the body of a request to arrive; more get 408"""
    min_upload_rate: int = Field(1000, ge=0)
    """bytes per second at which a body has to arrive, on average after 5 s; fewer get 408"""
    canary_share: float = Field(0.0, ge=0, le=1)
    """share of unpinned requests sent to label canary; the rest goes to stable"""
    canary_shares_file: Path | None = None
    """file of lines such as clothing 0.1, read again when it changes; others: canary_share"""
    canary_header: str = Field("X-Client-ID", pattern=r"^[A-Za-z0-9-]+$")
    """request header that names the client; each client keeps its label"""
    drain_delay: float = Field(0.0, ge=0, le=3600)
    """seconds after SIGTERM in which only readiness fails, so load balancers notice"""
    drain_seconds: int = Field(40, gt=0)
    """seconds for requests in flight to finish after SIGTERM"""
    max_body_bytes: int = Field(20_000_000, ge=1)
    """maximum bytes of a request's body; more get 413"""
    max_upload_bytes: int = Field(100_000_000, ge=1)
    """maximum bytes of unfinished uploads that a worker holds; more get 429"""
    max_photos: int = Field(32, ge=1)
    """maximum photos in one request; more get 413"""
    api_keys_file: Path | None = None
    """file of SHA-256 sums of API keys, one per line; none: no key is needed"""
    cors_origins: Words = ()
    """origins whose pages may use the API, such as https://a.example; * for all"""
    metrics_bind: str | None = None
    """address and port for /metrics only; none: served on the main port"""
    log_format: Literal["text", "json"] = "text"
    """format of log lines: text or json"""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """lowest level logged: DEBUG, INFO, WARNING or ERROR"""

    def tls_files(self) -> TlsFiles | None:
        """Return the files for TLS with the model server; None means plaintext.

        Raises:
            TlsError: some are given, but not all that TLS needs.
        """
        cert, key = self.model_server_cert_file, self.model_server_key_file
        if self.model_server_ca_file is None:
            if cert or key or self.model_server_name:
                raise TlsError(f"TLS with the model server needs {PREFIX}MODEL_SERVER_CA_FILE")
            return None
        if (cert is None) != (key is None):
            missing = "CERT" if cert is None else "KEY"
            raise TlsError(f"mutual TLS needs {PREFIX}MODEL_SERVER_{missing}_FILE too")
        return TlsFiles(self.model_server_ca_file, cert, key, self.model_server_name)

    def photo_limits(self) -> PhotoLimits:
        """Return the limits of one photo."""
        return PhotoLimits(**{each.name: getattr(self, each.name) for each in fields(PhotoLimits)})

    @field_validator("bind", "metrics_bind")
    @classmethod
    def _address(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None or (info.field_name == "bind" and _OTHER_BIND.fullmatch(value)):
            return value
        match = _ADDRESS.fullmatch(value)
        if not match or int(match[1]) > 65535:
            raise ValueError("expected an address and a port, such as 0.0.0.0:8080")
        return value

    @field_validator("model_server")
    @classmethod
    def _grpc_address(cls, value: str) -> str:
        if not _MODEL_SERVER.fullmatch(value):
            raise ValueError("expected a host and a port without http://, such as 127.0.0.1:8500")
        return value

    @field_validator("models", "formats", "cors_origins", mode="before", check_fields=False)
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        return value

    @field_validator("models")
    @classmethod
    def _model_names(cls, names: Words) -> Words:
        if not names or not all(map(is_usable, names)):
            without = " ".join(FORBIDDEN)
            raise ValueError(f"expected names separated by commas, without {without} or spaces")
        return names

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, origins: Words) -> Words:
        if not all(origin == "*" or _ORIGIN.fullmatch(origin) for origin in origins):
            raise ValueError("expected origins as browsers send them (https://a.example), or *")
        return origins

    @field_validator("formats", check_fields=False)
    @classmethod
    def _known_formats(cls, formats: Words) -> Words:
        formats = tuple(dict.fromkeys(_ALIASES.get(name.upper(), name.upper()) for name in formats))
        if not formats or set(formats) - set(KNOWN_FORMATS):
            raise ValueError(f"expected formats out of {', '.join(KNOWN_FORMATS)}")
        if "HEIC" in formats and not is_installed():
            raise ValueError(f"HEIC needs pi-heif, which is not installed: {INSTALL}")
        return formats


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
    if given >= _NAMES:
        problems.append(f"{' and '.join(sorted(_NAMES))} both name the models: set only one")
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
