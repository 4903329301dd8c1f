"""Serving: the gateway that apps post photos to, and a model server for laptops and tests."""

from pathlib import Path

# `python -m serving.laptop` and others keep working for one release after they were renamed.
__path__.append(str(Path(__file__).with_name("former_commands")))
