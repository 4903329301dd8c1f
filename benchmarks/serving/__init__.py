"""The gateway and its rivals under load: `python -m benchmarks.serving`."""
