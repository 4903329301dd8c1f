"""The former name of `python -m serving.model_server`."""

from serving.former_commands import run

run("serving.embedded", "serving.model_server")
