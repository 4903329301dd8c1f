"""The former name of `python -m serving.tls.ssl_config`."""

from serving.former_commands import run

run("serving.ssl_config", "serving.tls.ssl_config")
