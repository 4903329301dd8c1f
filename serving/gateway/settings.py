"""Settings of the gateway: their names, defaults, meanings and bounds. Never changed once read."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from serving.photos.limits import DEFAULT_FORMATS, DEFAULT_LIMITS, PhotoLimits
from serving.tls.certificates import TlsError, TlsFiles

PREFIX = "PHOTOLABEL_"

KNOWN_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")

# A host, an IPv6 address in brackets or nothing (all of this machine's), and a port.
_ADDRESS = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[^:/\s]*):([0-9]{1,5})")
_OTHER_BIND = re.compile(r"fd://[0-9]+|unix:.+")
_MODEL_SERVER = re.compile(r"(dns:///)?[^\s/]+:[0-9]{1,5}|unix:.+")
# As browsers write one: lower case, no default port, no slash at the end.
_ORIGIN = re.compile(
    r"(?!https:.*:443$|http:.*:80$)[a-z][a-z0-9+.-]*://(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?"
)

Words = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """The gateway's settings; every field is an environment variable `PHOTOLABEL_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    bind: str = Field(
        "127.0.0.1:8080",
        description="address and port to listen on",
    )
    model_server: str = Field(
        "127.0.0.1:8500",
        description="gRPC address of the model server, such as dns:///tfs:8500",
    )
    model_server_ca_file: Path | None = Field(
        None,
        description="PEM file of who signed the model server's certificate; none: no TLS",
    )
    model_server_cert_file: Path | None = Field(
        None, description="PEM file of the gateway's own certificate, for mutual TLS"
    )
    model_server_key_file: Path | None = Field(None, description="PEM file of that one's key")
    model_server_name: str | None = Field(
        None, description="name in the model server's certificate; none: that of its address"
    )
    models: Words = Field(
        ("clothing", "cats-dogs"), description="names of the models served, separated by commas"
    )
    workers: int = Field(2, ge=1, description="worker processes")
    max_in_flight: int = Field(
        16,
        ge=1,
        description="requests that a worker decodes and asks the model for at once; more are 429",
    )
    max_decodes: int = Field(
        2, ge=1, description="photos that a worker decodes at once, more wait their turn"
    )
    max_connections: int = Field(
        1000, ge=1, description="connections of a worker; a new one takes the place of an idle one"
    )
    time_budget: float = Field(
        5.0, gt=0, le=300, description="seconds for one request, upload included"
    )
    canary_share: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of unpinned requests to the label canary, rest to stable",
    )
    canary_header: str = Field(
        "X-Client-ID",
        pattern=r"^[A-Za-z0-9-]+$",
        description="request header that names the caller: one caller, one label",
    )
    drain_delay: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="seconds at SIGTERM in which only readiness fails, until balancers know",
    )
    drain_seconds: int = Field(30, gt=0, description="seconds for requests in flight at SIGTERM")
    max_body_bytes: int = Field(20_000_000, ge=1, description="most bytes of a request's body")
    max_upload_bytes: int = Field(
        100_000_000,
        ge=1,
        description="most bytes of unfinished uploads that a worker keeps; more are 429",
    )
    max_photos: int = Field(32, ge=1, description="most photos of one request")
    max_pixels: int = Field(
        DEFAULT_LIMITS.max_pixels,
        ge=1,
        le=89_000_000,
        description="most pixels (width × height) of any photo; only a JPEG may have so many",
    )
    max_decoded_pixels: int = Field(
        DEFAULT_LIMITS.max_decoded_pixels,
        ge=1,
        description="most pixels of a PNG, GIF or BMP, and of a JPEG after its reduction",
    )
    max_png_bytes: int = Field(
        DEFAULT_LIMITS.max_png_bytes, ge=1, description="most bytes of a PNG's pixels, inflated"
    )
    max_webp_pixels: int = Field(
        DEFAULT_LIMITS.max_webp_pixels, ge=1, description="most pixels of a WebP"
    )
    max_tiff_pixels: int = Field(
        DEFAULT_LIMITS.max_tiff_pixels, ge=1, description="most pixels of a TIFF"
    )
    max_avif_pixels: int = Field(
        DEFAULT_LIMITS.max_avif_pixels, ge=1, description="most pixels of an AVIF"
    )
    max_helper_bytes: int = Field(
        DEFAULT_LIMITS.max_helper_bytes,
        ge=1,
        description="memory of the helper process that decodes AVIF, above an idle one's",
    )
    max_helper_seconds: float = Field(
        DEFAULT_LIMITS.max_helper_seconds,
        gt=0,
        description="processor time that an AVIF may take there, in seconds",
    )
    max_side: int = Field(
        DEFAULT_LIMITS.max_side, ge=1, description="most pixels of a photo's longest side"
    )
    max_scans: int = Field(DEFAULT_LIMITS.max_scans, ge=1, description="most scans of a JPEG")
    max_coefficients: int = Field(
        DEFAULT_LIMITS.max_coefficients,
        ge=1,
        description="most coefficients of a JPEG of several scans",
    )
    max_jpeg_segments: int = Field(
        DEFAULT_LIMITS.max_jpeg_segments, ge=1, description="most segments of a JPEG"
    )
    max_chunks: int = Field(
        DEFAULT_LIMITS.max_chunks, ge=1, description="most chunks of a PNG or WebP"
    )
    max_exif_bytes: int = Field(
        DEFAULT_LIMITS.max_exif_bytes, ge=1, description="most bytes of a photo's EXIF data"
    )
    max_profile_bytes: int = Field(
        DEFAULT_LIMITS.max_profile_bytes, ge=1, description="most bytes of a colour profile"
    )
    max_text_bytes: int = Field(
        DEFAULT_LIMITS.max_text_bytes,
        ge=1,
        description="most bytes of a PNG's texts and profile, decompressed",
    )
    formats: Words = Field(
        DEFAULT_FORMATS, description=f"accepted formats, of {', '.join(KNOWN_FORMATS)}"
    )
    api_keys_file: Path | None = Field(
        None, description="file of SHA-256 sums of API keys, one a line; none: no key is asked for"
    )
    cors_origins: Words = Field(
        (), description="origins whose pages may use the API, such as https://a.example; * is all"
    )
    metrics_bind: str | None = Field(
        None,
        description="address and port for /metrics alone; none: it is on the gateway's own port",
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="form of a log line: text or json"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="least level logged"
    )

    @field_validator("bind", "metrics_bind")
    @classmethod
    def _address(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None or (info.field_name == "bind" and _OTHER_BIND.fullmatch(value)):
            return value
        match = _ADDRESS.fullmatch(value)
        if not match or int(match[1]) > 65535:
            raise ValueError("an address and a port, such as 0.0.0.0:8080")
        return value

    @field_validator("model_server")
    @classmethod
    def _grpc_address(cls, value: str) -> str:
        if not _MODEL_SERVER.fullmatch(value):
            raise ValueError("a host and a port without http://, such as 127.0.0.1:8500")
        return value

    def tls_files(self) -> TlsFiles | None:
        """Return the files for TLS with the model server; None: plaintext.

        Raises:
            TlsError: there are some, but not those that TLS needs.
        """
        cert, key = self.model_server_cert_file, self.model_server_key_file
        if self.model_server_ca_file is None:
            if cert or key or self.model_server_name:
                raise TlsError(f"TLS with the model server needs {PREFIX}MODEL_SERVER_CA_FILE")
            return None
        if (cert is None) != (key is None):
            lacking = "CERT" if cert is None else "KEY"
            raise TlsError(f"mutual TLS needs {PREFIX}MODEL_SERVER_{lacking}_FILE too")
        return TlsFiles(self.model_server_ca_file, cert, key, self.model_server_name)

    def photo_limits(self) -> PhotoLimits:
        """Return the limits of one photo."""
        return PhotoLimits(**{each.name: getattr(self, each.name) for each in fields(PhotoLimits)})

    @field_validator("models", "formats", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        return value

    @field_validator("models")
    @classmethod
    def _model_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if not names or any(set(name) & set("/:?#% ") for name in names):
            raise ValueError("names of models, separated by commas, without / : ? # % or spaces")
        return names

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        if not all(origin == "*" or _ORIGIN.fullmatch(origin) for origin in origins):
            raise ValueError("origins as browsers write them, such as https://a.example; or *")
        return origins

    @field_validator("formats")
    @classmethod
    def _known_formats(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        formats = tuple(name.upper() for name in formats)
        if not formats or set(formats) - set(KNOWN_FORMATS):
            raise ValueError(f"formats out of {', '.join(KNOWN_FORMATS)}, separated by commas")
        return formats
