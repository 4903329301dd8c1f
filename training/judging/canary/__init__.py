"""Judging a canary by the gateways' metrics, while it serves a share of the requests."""
