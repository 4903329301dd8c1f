"""The gateway's autoscaler over a simulated day: `python -m benchmarks.autoscaling`."""
