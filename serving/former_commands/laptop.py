"""The former name of `python -m serving.local`."""

from serving.former_commands import run

run("serving.laptop", "serving.local")
