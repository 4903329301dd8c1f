"""How calls are joined into batches; knows no TensorFlow, so that a command line is quick."""

import os
from dataclasses import dataclass, field


@dataclass(frozen=True)
class BatchSettings:
    """How calls are joined, named as in TensorFlow Serving.

    Attributes:
        enabled: whether calls are joined at all.
        max_batch_size: most rows that are computed together.
        batch_timeout_micros: how long a call that could be computed waits for others to join it.
        max_enqueued_batches: refuse calls when so many full batches wait.
        num_batch_threads: batches of one signature that are computed at once.
    """

    enabled: bool = True
    max_batch_size: int = 64
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = field(default_factory=lambda: os.cpu_count() or 1)


DEFAULT_BATCHING = BatchSettings()
