"""Training: recipes in, published models out. `python -m training --help`.

In Python, such as in a notebook: `from training import compare, evaluate, load, sweep, train`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from training.python_api.compare import compare
    from training.python_api.evaluate import evaluate
    from training.python_api.load import load
    from training.python_api.sweep import sweep
    from training.python_api.train import train

__all__ = ["compare", "evaluate", "load", "sweep", "train"]


if not TYPE_CHECKING:  # For type checkers, the package has these names alone.

    def __getattr__(name: str) -> object:
        """Import a function when it is asked for: Keras and pandas take seconds."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.python_api.{name}"), name)

    def __dir__() -> list[str]:
        return [*globals(), *__all__]
