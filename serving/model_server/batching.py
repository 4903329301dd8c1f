"""Calls that arrive together are computed together.

The queue has no threads of its own. A call that finds a free place computes at once, in the thread
that received it; one that does not waits. Whoever has computed hands its place to the call that has
waited longest, which takes along what else has queued up and fits. So an idle server adds no wait,
a busy one makes larger and larger batches, and there is nothing to stop at the end.

The settings and what they mean are TensorFlow Serving's (``BatchingParameters``). Where its
behaviour does not suit one machine, this one differs on purpose: a call larger than the largest
batch is computed alone, not refused; an error of a batch is not everybody's, for each call is then
computed alone; signatures that cannot be split are not batched; and a call whose time is over in
the queue ends with DEADLINE_EXCEEDED, as it would anywhere else.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np
from tensorflow.core.framework.tensor_shape_pb2 import TensorShapeProto

from serving.model_server import errors
from serving.model_server.options import BatchSettings
from serving.model_server.queued_call import Call, Patience, endless
from serving.model_server.signatures import SignatureRunner
from serving.model_server.tensors import Array

_logger = logging.getLogger(__name__)


class BatchedRunner:
    """Runs one signature of one version; any number of threads may call it at once.

    Attributes:
        definition: the signature as the SavedModel has it.
    """

    def __init__(self, runner: SignatureRunner, settings: BatchSettings) -> None:
        self.definition = runner.definition
        self._runner = runner
        self._settings = settings
        self._timeout = settings.batch_timeout_micros / 1e6
        self._capacity = settings.max_batch_size * settings.max_enqueued_batches
        signature = runner.definition
        inputs = signature.inputs.values()
        self._joinable = settings.enabled and all(_is_batch(info.tensor_shape) for info in inputs)
        self._splittable = {
            alias for alias, info in signature.outputs.items() if _is_batch(info.tensor_shape)
        }
        # All that follows changes only with the lock held.
        self._lock = threading.Lock()
        self._joined = threading.Condition(self._lock)
        self._queue: deque[Call] = deque()
        self._waiting = 0
        self._leaders = 0
        self._gatherers = 0

    def run(
        self, arrays: Mapping[str, Array], outputs: Sequence[str], patience: Patience = endless
    ) -> list[Array]:
        """Compute outputs from inputs, together with other calls where possible.

        Args:
            arrays: one array for each input of the signature, by the input's name.
            outputs: names of outputs of the signature, each at most once.
            patience: for how many seconds the caller will still wait; asked again and again.

        Returns:
            An array for each of ``outputs``, in their order.

        Raises:
            ServingError: as ``SignatureRunner.run``; UNAVAILABLE if too much waits already,
                DEADLINE_EXCEEDED if the caller's patience ends in the queue.
        """
        self._runner.check(arrays)
        rows = self._rows(arrays, outputs)
        if rows is None:
            return self._runner.compute(arrays, outputs)
        call = Call(arrays, outputs, rows, patience)
        if not self._begins(call) and not call.sleep():
            self._give_up(call)
        if call.leads:
            self._lead(call)
        if call.error is not None:
            raise call.error
        return call.results

    def _rows(self, arrays: Mapping[str, Array], outputs: Sequence[str]) -> int | None:
        """Return how many rows a call brings; None if it cannot be joined with others."""
        if not self._joinable or not self._splittable.issuperset(outputs):
            return None
        sizes = {len(array) for array in arrays.values()}
        return sizes.pop() if len(sizes) == 1 else None

    def _begins(self, call: Call) -> bool:
        """Take a free place and lead, or join the queue.

        Raises:
            ServingError: the queue is full.
        """
        with self._lock:
            if self._leaders < self._settings.num_batch_threads and not self._gatherers:
                self._leaders += 1
                call.leads = True
                return True
            if self._queue and self._waiting + self._weight(call) > self._capacity:
                raise errors.queue_full(self._settings.max_enqueued_batches)
            self._queue.append(call)
            self._waiting += self._weight(call)
            if self._gatherers:
                self._joined.notify_all()
            return False

    def _weight(self, call: Call) -> int:
        """Return how much of the queue's capacity a call takes: at most one full batch."""
        return max(1, min(call.rows, self._settings.max_batch_size))

    def _give_up(self, call: Call) -> None:
        """Leave the queue because the time is over, wherever the call has got meanwhile."""
        with self._lock:
            if call in self._queue:
                self._queue.remove(call)
                self._waiting -= self._weight(call)
            elif call.leads:
                self._pass_on()
        raise errors.deadline_passed()

    def _lead(self, call: Call) -> None:
        """Compute a batch, hand on the place, and let the others of the batch go on."""
        batch = [call]
        try:
            batch = self._gather(call)
            if len(batch) == 1:
                call.compute(self._runner)
            elif not self._compute_joined(batch):
                for each in batch:
                    each.compute(self._runner) if each.patience() > 0 else each.expire()
        finally:
            with self._lock:
                self._pass_on()
            for each in batch[1:]:
                each.wake()

    def _gather(self, first: Call) -> list[Call]:
        """Take from the queue what can be computed together with a call."""
        with self._lock:
            if self._timeout:
                self._await_others(first)
            batch, rows = [first], first.rows
            passed_over: deque[Call] = deque()
            while self._queue:
                call = self._queue.popleft()
                if call.kind != first.kind or rows + call.rows > self._settings.max_batch_size:
                    passed_over.append(call)
                elif self._still_wanted(call):
                    batch.append(call)
                    rows += call.rows
                    self._waiting -= self._weight(call)
            self._queue = passed_over
            self._appoint()
        return batch

    def _await_others(self, first: Call) -> None:
        """Wait until a batch is full or its first call has waited long enough."""
        self._gatherers += 1
        end = first.arrived + self._timeout
        while (left := end - time.monotonic()) > 0:
            rows = first.rows + sum(call.rows for call in self._queue if call.kind == first.kind)
            if rows >= self._settings.max_batch_size:
                break
            self._joined.wait(left)
        self._gatherers -= 1

    def _pass_on(self) -> None:
        """Give a place free, to whoever has waited longest. Call with the lock held."""
        self._leaders -= 1
        self._appoint()

    def _appoint(self) -> None:
        """Let waiting calls lead while there are places. Call with the lock held."""
        while (
            self._queue and self._leaders < self._settings.num_batch_threads and not self._gatherers
        ):
            call = self._queue.popleft()
            if not self._still_wanted(call):
                continue
            self._waiting -= self._weight(call)
            self._leaders += 1
            call.leads = True
            call.wake()

    def _still_wanted(self, call: Call) -> bool:
        """Answer a call taken from the queue if nobody waits for it. Call with the lock held."""
        if call.patience() > 0:
            return True
        self._waiting -= self._weight(call)
        call.expire()
        call.wake()
        return False

    def _compute_joined(self, batch: list[Call]) -> bool:
        """Compute several calls as one; False if each has to be computed alone after all."""
        outputs, rows = batch[0].outputs, [call.rows for call in batch]
        try:
            arrays = {
                alias: np.concatenate([call.arrays[alias] for call in batch])
                for alias in batch[0].arrays
            }
            results = self._runner.compute(arrays, outputs)
        except Exception:  # Whose fault it is shows when each is computed alone.
            return False
        unfit = [
            alias
            for alias, result in zip(outputs, results, strict=True)
            if result.shape[:1] != (sum(rows),)
        ]
        if unfit:
            _logger.warning("output %s is no batch: no longer batched", ", ".join(unfit))
            self._splittable.difference_update(unfit)
            return False
        ends = np.cumsum(rows)
        for call, end in zip(batch, ends, strict=True):
            call.results = [result[end - call.rows : end] for result in results]
        return True


def _is_batch(shape: TensorShapeProto) -> bool:
    """Whether the first dimension of a signature's tensor is free, as a batch's is."""
    return not shape.unknown_rank and bool(shape.dim) and shape.dim[0].size == -1
