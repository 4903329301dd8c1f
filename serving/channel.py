"""The gRPC channel to the model server: load balancing, retries, reconnection, limits."""

import json

import grpc

MAX_MESSAGE_BYTES = 64 * 1024 * 1024

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
    # gRPC's own backoff grows to two minutes: a restarted server would be missed for as long.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # Nor is a name looked up again for half a minute: a replaced pod would be missed as long.
    ("grpc.dns_min_time_between_resolutions_ms", 1000),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    # A proxy of the surroundings has no business between the gateway and its model server.
    ("grpc.enable_http_proxy", 0),
]


def open_channel(address: str) -> grpc.Channel:
    """Open a channel to a gRPC address, such as `127.0.0.1:8500` or `dns:///model-server:8500`.

    Call it after a fork: gRPC's threads do not survive one. Nothing is connected yet.
    """
    return grpc.insecure_channel(address, _OPTIONS)
