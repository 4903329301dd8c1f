"""The gRPC channel to the model server: load balancing, retries, reconnection, limits, TLS."""

import json
import logging
import threading
import time
from collections.abc import Callable

import grpc

from serving.tls.certificates import Pem, TlsError, TlsFiles

log = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
LOOK_SECONDS = 5.0  # Interval for checking the certificate files.

_INVALID = "The changed certificates are invalid, the old ones stay in use: %s"

_SERVICES = ("tensorflow.serving.PredictionService", "tensorflow.serving.ModelService")
_RETRY_UNAVAILABLE = {
    "methodConfig": [
        {
            "name": [{"service": service} for service in _SERVICES],
            "retryPolicy": {
                "maxAttempts": 3,
                "initialBackoff": "0.05s",
                "maxBackoff": "0.5s",
                "backoffMultiplier": 3,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
    # While most calls fail, retries would only add to the load (gRFC A6).
    "retryThrottling": {"maxTokens": 20, "tokenRatio": 0.5},
    "loadBalancingConfig": [{"round_robin": {}}],
}
_OPTIONS = [
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.service_config", json.dumps(_RETRY_UNAVAILABLE)),
    # gRPC's own backoff grows to two minutes: a restarted server would go unnoticed as long.
    ("grpc.initial_reconnect_backoff_ms", 100),
    # The time for one attempt to connect, TLS handshake included.
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 500),
    # By default a name is looked up twice a minute: a replaced pod would go unnoticed as long.
    ("grpc.dns_min_time_between_resolutions_ms", 1000),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    # Ignore proxies set in the environment.
    ("grpc.enable_http_proxy", 0),
]


def open_channel(
    address: str, pem: Pem | None = None, server_name: str | None = None
) -> grpc.Channel:
    """Open a channel to a gRPC address, such as `127.0.0.1:8500` or `dns:///model-server:8500`.

    Call it after a fork: gRPC's threads do not survive one. It connects at the first call.

    Args:
        address: of the model server.
        pem: certificates for TLS; without them the channel is plaintext.
        server_name: the name in the server's certificate, if it differs from the address.
    """
    if pem is None:
        return grpc.insecure_channel(address, _OPTIONS)
    options = list(_OPTIONS)
    if server_name:
        options.append(("grpc.ssl_target_name_override", server_name))
    credentials = grpc.ssl_channel_credentials(pem.ca, pem.key, pem.cert)
    return grpc.secure_channel(address, credentials, options)


class FollowingChannel:
    """A channel that is replaced when the files of its certificates change.

    gRPC for Python reads a client's certificates once. Calls in flight stay on the channel that
    they began on, which closes itself after the last of them.

    Args:
        address: of the model server.
        tls: where the certificates are; None: plaintext.
        pem: certificates that were valid before, used if the files are invalid.
        clock: returns the time in seconds.

    Raises:
        TlsError: a file is invalid, and there is no `pem`.
    """

    def __init__(
        self,
        address: str,
        tls: TlsFiles | None = None,
        pem: Pem | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = address
        self._tls = tls
        self._clock = clock
        self._lock = threading.Lock()
        self._state = tls.state() if tls else None
        self._channel = self._open(tls, pem)
        self._look_at = clock() + LOOK_SECONDS

    def current(self) -> grpc.Channel:
        """Return the channel to call on."""
        if self._tls and self._clock() >= self._look_at and self._lock.acquire(blocking=False):
            try:
                self._reopen_if_changed(self._tls)
            finally:
                self._lock.release()
        return self._channel

    def close(self) -> None:
        """Close the channel; calls in flight are cancelled."""
        self._channel.close()

    def _reopen_if_changed(self, tls: TlsFiles) -> None:
        self._look_at = self._clock() + LOOK_SECONDS
        state = tls.state()
        if state == self._state:
            return
        self._state = state
        try:
            self._channel = self._open(tls, None)
        except TlsError as error:
            log.error(_INVALID, error)
        else:
            log.info("The certificates have changed: connecting to the model server with them")

    def _open(self, tls: TlsFiles | None, pem: Pem | None) -> grpc.Channel:
        if tls is None:
            return open_channel(self._address)
        try:
            pem = tls.read()
        except TlsError as error:
            if pem is None:
                raise
            log.error(_INVALID, error)
        return open_channel(self._address, pem, tls.server_name)
