"""Hides TensorFlow from a Python that has this folder in PYTHONPATH and so runs this first."""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class WithoutTensorFlow(PathFinder):
    """Finds all modules except TensorFlow's."""

    @classmethod
    def find_spec(
        cls,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Find a module as Python does."""
        if fullname.partition(".")[0] in ("tensorflow", "tensorflow_serving"):
            return None
        return super().find_spec(fullname, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = WithoutTensorFlow
