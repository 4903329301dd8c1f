"""Write TensorFlow Serving's SSLConfig: `python -m serving.tls.ssl_config DIR FILE`.

TensorFlow Serving wants key and certificates inside one text file, which it reads once. DIR holds
them as everyone else writes them (a Secret of Kubernetes, cert-manager): `tls.crt`, `tls.key` and,
where clients have to show a certificate, `ca.crt` of who signed those.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from serving.tls.certificates import TlsError, TlsFiles, check_pair


def ssl_config(folder: Path) -> str:
    """Return the text SSLConfig for a folder's certificates.

    Raises:
        TlsError: one can't be read or used.
    """
    cert, key, clients = (folder / name for name in ("tls.crt", "tls.key", "ca.crt"))
    texts = {"server_key": _text(key), "server_cert": _text(cert)}
    check_pair(cert, key)
    if clients.exists():
        TlsFiles(clients).read()
        texts["custom_ca"] = _text(clients)
    # A string of JSON is one of a text proto, as long as it is ASCII, which PEM is.
    lines = [f"{name}: {json.dumps(text)}" for name, text in texts.items()]
    lines.append(f"client_verify: {json.dumps('custom_ca' in texts)}")
    return "\n".join(lines) + "\n"


def _text(file: Path) -> str:
    try:
        return file.read_text("ascii", "ignore")
    except OSError as error:
        raise TlsError(f"cannot read {file}: {error.strerror}") from error


def main(argv: Sequence[str] | None = None) -> int:
    """Write the file, readable by this user only; return the exit status."""
    parser = argparse.ArgumentParser(
        "python -m serving.tls.ssl_config",
        description="Write TensorFlow Serving's SSLConfig (its flag --ssl_config_file) into FILE.",
        epilog="exit status: 0 it is written, 1 a file is no good",
    )
    parser.add_argument(
        "folder",
        type=Path,
        metavar="DIR",
        help="holds tls.crt, tls.key and, for mutual TLS, ca.crt",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="file to write")
    arguments = parser.parse_args(argv)
    try:
        text = ssl_config(arguments.folder)
        arguments.file.unlink(missing_ok=True)
        with open(os.open(arguments.file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(text)
    except (TlsError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
