"""The gRPC client of the model server: channel, contract 1, errors, circuit breaker."""
