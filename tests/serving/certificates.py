"""Certificates for tests: an authority, a server and a client of it, and what can go wrong."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import trustme
from google.protobuf import text_format

from serving.tls.ssl_config import parse_ssl_config

SERVER_NAME = "model-server"


@dataclass(frozen=True)
class Pair:
    """A certificate, with its chain, and its key, in files."""

    cert: Path
    key: Path


class Certificates:
    """The files of one authority, in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._authority = trustme.CA()
        self.ca = folder / "ca.crt"
        self._authority.cert_pem.write_to_path(str(self.ca))

    @cached_property
    def server(self) -> Pair:
        """Return the server's, for this machine's addresses and its name in a cluster."""
        return self.issue("server", "localhost", "127.0.0.1", SERVER_NAME)

    @cached_property
    def client(self) -> Pair:
        return self.issue("client", "gateway")

    @cached_property
    def expired(self) -> Pair:
        yesterday = datetime.now(UTC) - timedelta(days=1)
        return self.issue("expired", "localhost", "127.0.0.1", until=yesterday)

    def issue(self, file: str, *names: str, until: datetime | None = None) -> Pair:
        leaf = self._authority.issue_cert(*names, not_after=until)
        pair = Pair(self._folder / f"{file}.crt", self._folder / f"{file}.key")
        leaf.private_key_pem.write_to_path(str(pair.key))
        chain = b"".join(pem.bytes() for pem in leaf.cert_chain_pems)
        pair.cert.write_bytes(chain)
        return pair

    def ssl_config(self, pair: Pair | None = None, clients: Path | None = None) -> Path:
        """Write TensorFlow Serving's SSLConfig; `clients` signs the accepted ones."""
        pair = pair or self.server
        config = parse_ssl_config("")
        config.server_key, config.server_cert = pair.key.read_text(), pair.cert.read_text()
        if clients:
            config.custom_ca, config.client_verify = clients.read_text(), True
        file = self._folder / "ssl.config"
        file.write_text(text_format.MessageToString(config))
        return file
