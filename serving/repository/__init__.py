"""The model repository `models/<name>/<version>/`: versions, configuration, starter models."""
