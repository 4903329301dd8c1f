"""The gateway and comparable servers under load: `python -m benchmarks.serving`."""
