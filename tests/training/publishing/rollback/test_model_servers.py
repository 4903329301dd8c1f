"""Several model servers that read one config file, and model servers with TLS."""

from pathlib import Path

import grpc
import pytest
import trustme

from tests.training.publishing.rollback.published import publish, write_config
from tests.training.publishing.rollback.tensorflow_serving import (
    TensorFlowServing,
    following,
    listening,
)
from training.__main__ import main

STABLE = (
    'model_version_policy { specific { versions: 2 } } version_labels { key: "stable" value: 2 }'
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a config file with the label `stable` on the second of two versions."""
    base = tmp_path / "volume" / "pets"
    publish(base)
    publish(base)
    return write_config(tmp_path / "models.config", base, STABLE)


def test_a_label_moves_when_all_model_servers_have_loaded_its_version(config: Path) -> None:
    with (
        following(config, "pets", [1, 2]) as (quick, first),
        following(config, "pets", [1, 2]) as (slow, second),
    ):
        slow.delay = 20
        place = ["--model_config_file", str(config)]
        place += ["--model-server", first, "--model-server", second]
        assert main(["rollback", "pets", "1", *place]) == 0
        for server in (quick, slow):
            assert (server.rejected, set(server.served)) == (0, {2, 1})


def test_tls_may_be_mutual(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    authority = trustme.CA()
    ours, its = authority.issue_cert("client"), authority.issue_cert("model-server")
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    ours.cert_chain_pems[0].write_to_path(tmp_path / "tls.crt")
    ours.private_key_pem.write_to_path(tmp_path / "tls.key")
    credentials = grpc.ssl_server_credentials(
        [(its.private_key_pem.bytes(), its.cert_chain_pems[0].bytes())],
        authority.cert_pem.bytes(),
        require_client_auth=True,
    )
    server = TensorFlowServing(config.read_text, "pets", [1, 2])
    with listening(server, credentials) as address:
        place = ["--model_config_file", str(config), "--model-server", address]
        assert main(["rollback", "pets", "1", *place]) == 1
        assert "does not answer (UNAVAILABLE" in capsys.readouterr().err
        tls = {"ca": "ca.crt", "cert": "tls.crt", "key": "tls.key"}
        for name, file in tls.items():
            place += [f"--model-server-{name}", str(tmp_path / file)]
        place += ["--model-server-name", "model-server"]
        assert main(["rollback", "pets", "1", *place]) == 0
        assert "--model-server-name model-server" in capsys.readouterr().out
