"""TensorFlow Serving's SSLConfig: what is wrong with it is told; what is right serves TLS."""

from pathlib import Path

import pytest

from serving.model_server.tls import server_credentials
from serving.repository.model_config import ConfigError
from tests.serving.certificates import Certificates, Pair
from tests.serving.model_server.test_main import finish


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


def test_good_configurations_are_taken(good: Certificates) -> None:
    assert server_credentials(good.ssl_config())
    assert server_credentials(good.ssl_config(clients=good.ca))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "cannot read"),
        ("server_kay: 'x'", "is no text SSLConfig"),
        ("client_verify: true", "client_verify needs custom_ca"),
        ("server_key: 'x' server_cert: 'y'", "server_cert and server_key have to be"),
        ("", "server_cert and server_key have to be"),
    ],
)
def test_bad_configurations_are_told(tmp_path: Path, text: str | None, told: str) -> None:
    file = tmp_path / "ssl.config"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError, match=f"ssl.config.*{told}|{told}.*ssl.config"):
        server_credentials(file)


def test_a_key_of_another_certificate_stops_the_program(good: Certificates) -> None:
    config = good.ssl_config(Pair(good.server.cert, good.client.key))
    status, output, errors = finish("--models", good.ca.parent, "--ssl_config_file", config)
    assert (status, output) == (1, "")
    told = f"error: {config}: the key server_key is not that of the certificate server_cert\n"
    assert errors == told
