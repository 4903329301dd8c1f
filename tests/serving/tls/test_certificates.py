"""Invalid files for TLS are reported at the start, in one line."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from serving.__main__ import main
from serving.gateway.settings import Settings
from serving.tls.certificates import Pem, TlsError, TlsFiles
from tests.serving.certificates import Certificates


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("good"))


@pytest.fixture
def junk(tmp_path: Path) -> Path:
    file = tmp_path / "junk.pem"
    file.write_text("no certificate")
    return file


@pytest.fixture
def locked(good: Certificates, tmp_path: Path) -> Path:
    """Return the client's key with a password."""
    key = serialization.load_pem_private_key(good.client.key.read_bytes(), None)
    file = tmp_path / "locked.key"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    return file


def test_good_files_are_read(good: Certificates) -> None:
    assert TlsFiles(good.ca).read() == Pem(good.ca.read_bytes())
    cert, key = good.client.cert, good.client.key
    expected = Pem(good.ca.read_bytes(), key.read_bytes(), cert.read_bytes())
    assert TlsFiles(good.ca, cert, key).read() == expected


Choice = Callable[[Certificates, Path, Path], tuple[Path, Path | None, Path | None]]


@pytest.mark.parametrize(
    ("choose", "message"),
    [
        (lambda _, junk, __: (junk.with_name("gone"), None, None), "cannot read .*gone"),
        (lambda good, _, __: (good.ca.parent, None, None), "cannot read"),
        (lambda _, junk, __: (junk, None, None), "junk.pem contains no certificate"),
        (lambda good, junk, _: (good.ca, junk, good.client.key), "junk.pem and .* in PEM"),
        (lambda good, junk, _: (good.ca, good.client.cert, junk), "junk.pem have to be"),
        (lambda good, _, locked: (good.ca, good.client.cert, locked), "without a password"),
        (
            lambda good, _, __: (good.ca, good.client.cert, good.server.key),
            "server.key does not match the certificate .*client.crt",
        ),
    ],
)
def test_bad_files_are_named(
    good: Certificates, junk: Path, locked: Path, choose: Choice, message: str
) -> None:
    with pytest.raises(TlsError, match=message):
        TlsFiles(*choose(good, junk, locked)).read()


def test_a_state_changes_with_a_file(good: Certificates, tmp_path: Path) -> None:
    ca = tmp_path / "ca.crt"
    files = TlsFiles(ca)
    states = [files.state()]
    for text in ("one", "another"):
        ca.write_text(text)
        states.append(files.state())
        assert files.state() == states[-1]
    assert len(set(states)) == 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"CERT_FILE": "a", "KEY_FILE": "b"}, "needs PHOTOLABEL_MODEL_SERVER_CA_FILE"),
        ({"NAME": "model-server"}, "needs PHOTOLABEL_MODEL_SERVER_CA_FILE"),
        ({"CA_FILE": "a", "CERT_FILE": "b"}, "needs PHOTOLABEL_MODEL_SERVER_KEY_FILE"),
        ({"CA_FILE": "a", "KEY_FILE": "b"}, "needs PHOTOLABEL_MODEL_SERVER_CERT_FILE"),
        ({"CA_FILE": "/nowhere/ca.crt"}, "cannot read /nowhere/ca.crt: No such file"),
    ],
)
def test_the_start_ends_with_a_message(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: dict[str, str],
    message: str,
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"PHOTOLABEL_MODEL_SERVER_{name}", value)
    assert main([]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_without_files_there_is_no_tls() -> None:
    assert Settings().tls_files() is None
