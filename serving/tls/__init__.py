"""Certificates for TLS between the gateway and the model server."""
