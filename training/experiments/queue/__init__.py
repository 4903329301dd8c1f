"""The units of work of an experiment, in an Optuna study on which any number of processes work.

Each unit (an item) is handed out to one process at a time; a process that is killed loses its item
to another one. The study is an SQLite file, or is in PostgreSQL.
"""

from training.experiments.queue.claim import Claim
from training.experiments.queue.items import Choices, Direction, Item, Range, Result, Timing
from training.experiments.queue.opening import finished_elsewhere, open_queue, open_search
from training.experiments.queue.queue import Queue

__all__ = [
    "Choices",
    "Claim",
    "Direction",
    "Item",
    "Queue",
    "Range",
    "Result",
    "Timing",
    "finished_elsewhere",
    "open_queue",
    "open_search",
]
