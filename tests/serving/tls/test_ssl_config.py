"""The SSLConfig made of PEM files is one that a server can use."""

import shutil
from pathlib import Path

import pytest
from google.protobuf import text_format

from serving.model_server.tls import server_credentials, ssl_config_message
from serving.tls.ssl_config import main
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
    return text_format.Parse(file.read_text(), ssl_config_message()).SerializeToString()


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
