"""SSLConfig: written from PEM files, read by a server; mistakes in it are reported."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from serving.tls.certificates import TlsError
from serving.tls.ssl_config import main, parse_ssl_config, server_credentials
from tests.serving.certificates import Certificates


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path / "certificates")


@pytest.fixture
def secret(certificates: Certificates, tmp_path: Path) -> Path:
    """Return a folder as a Secret of Kubernetes is mounted."""
    folder = tmp_path / "secret"
    folder.mkdir()
    shutil.copyfile(certificates.server.cert, folder / "tls.crt")
    shutil.copyfile(certificates.server.key, folder / "tls.key")
    return folder


@pytest.mark.parametrize("mutual", [False, True])
def test_it_holds_what_the_files_hold(
    certificates: Certificates, secret: Path, tmp_path: Path, mutual: bool
) -> None:
    if mutual:
        shutil.copyfile(certificates.ca, secret / "ca.crt")
    made = tmp_path / "made.config"
    for _ in range(2):  # A container that starts again finds the file of the last time.
        assert main([str(secret), str(made)]) == 0
    assert made.stat().st_mode & 0o777 == 0o600
    expected = certificates.ssl_config(clients=certificates.ca if mutual else None)
    assert read(made) == read(expected)
    assert server_credentials(made)


def read(file: Path) -> object:
    return parse_ssl_config(file.read_text()).SerializeToString()


@pytest.mark.parametrize("fault", ["tls.crt", "tls.key", "ca.crt"])
def test_a_bad_file_is_named(
    secret: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], fault: str
) -> None:
    (secret / fault).write_text("junk")
    assert main([str(secret), str(tmp_path / "made.config")]) == 1
    assert fault in capsys.readouterr().err
    assert not (tmp_path / "made.config").exists()


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), str(tmp_path / "made.config")]) == 1
    assert f"error: cannot read {tmp_path}/tls.key: No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot read"),
        ("server_kay: 'x'", "is not an SSLConfig in text format"),
        ("client_verify: true", "client_verify needs custom_ca"),
        ("server_key: 'x' server_cert: 'y'", "server_cert and server_key have to be"),
        ("", "server_cert and server_key have to be"),
    ],
)
def test_an_invalid_ssl_config_is_reported(tmp_path: Path, text: str | None, message: str) -> None:
    file = tmp_path / "ssl.config"
    if text is not None:
        file.write_text(text)
    with pytest.raises(TlsError, match=f"ssl.config.*{message}|{message}.*ssl.config"):
        server_credentials(file)


def test_valid_ssl_configs_are_accepted(certificates: Certificates) -> None:
    assert server_credentials(certificates.ssl_config())
    assert server_credentials(certificates.ssl_config(clients=certificates.ca))


def test_writing_needs_neither_grpc_nor_protobuf() -> None:
    program = (
        "import sys, serving.tls.ssl_config; print({'grpc', 'google.protobuf'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr
