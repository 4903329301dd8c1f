"""The former name of `python -m serving.repository.seed`."""

from serving.former_commands import run

run("serving.seed", "serving.repository.seed")
