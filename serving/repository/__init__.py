"""`models/<name>/<version>/` on disk: versions, configuration, the starter models."""
