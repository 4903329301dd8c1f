"""Batching: calls that arrive together are computed together.

The queue has no threads of its own. At most `num_batch_threads` calls of a signature lead: they
compute, each in the thread that received it. Others wait in the queue. When a leader is done, the
call that has waited longest leads next and takes along whatever else is queued and fits. So an idle
server adds no delay, a busy one makes larger and larger batches, and nothing has to be stopped.

The settings and their meanings are TensorFlow Serving's (``BatchingParameters``). Where its
behaviour does not suit one machine, this server differs on purpose: a call larger than the largest
batch is computed alone, not refused; if a batch fails, each of its calls is computed alone, so that
an error reaches only the call that caused it; signatures that cannot be split are not batched; and
a call whose deadline passes in the queue ends with DEADLINE_EXCEEDED, as it would anywhere else.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence

import grpc
import numpy as np
from tensorflow.core.framework.tensor_shape_pb2 import TensorShapeProto

from serving.model_server import errors
from serving.model_server.errors import ServingError
from serving.model_server.options import BatchSettings
from serving.model_server.queued_call import QueuedCall, RemainingTime, no_deadline
from serving.model_server.signatures import SignatureRunner
from serving.model_server.tensors import Array, Arrays

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
        inputs, outputs = self.definition.inputs.values(), self.definition.outputs.items()
        self._joinable = settings.enabled and all(_is_batch(info.tensor_shape) for info in inputs)
        self._splittable = {alias for alias, info in outputs if _is_batch(info.tensor_shape)}
        # Everything below changes only with the lock held.
        self._lock = threading.Lock()
        self._enqueued = threading.Condition(self._lock)
        self._queue: deque[QueuedCall] = deque()
        self._queued_rows = 0
        self._leaders = 0
        self._waiting_for_others = 0

    def run(
        self, arrays: Arrays, outputs: Sequence[str], remaining_time: RemainingTime = no_deadline
    ) -> list[Array]:
        """Compute outputs from inputs, together with other calls where possible.

        Args:
            arrays: one array for each input of the signature, by the input's name.
            outputs: names of outputs of the signature, each at most once.
            remaining_time: returns the seconds for which the client will still wait.

        Raises:
            ServingError: as ``SignatureRunner.compute``; UNAVAILABLE if the queue is full,
                DEADLINE_EXCEEDED if the client's deadline passes in the queue.
        """
        self._runner.check(arrays)
        rows = self._rows(arrays, outputs)
        if rows is None:
            return self._runner.compute(arrays, outputs)
        call = QueuedCall(arrays, outputs, rows, remaining_time)
        self._start_or_enqueue(call)
        if not call.leads and not call.wait():
            self._leave_queue(call)
        if call.leads:
            self._lead(call)
        if call.error is not None:
            raise call.error
        return call.results

    def _rows(self, arrays: Arrays, outputs: Sequence[str]) -> int | None:
        """Return a call's number of rows; None if it cannot be joined with others."""
        if not self._joinable or not self._splittable.issuperset(outputs):
            return None
        sizes = {len(array) for array in arrays.values()}
        return sizes.pop() if len(sizes) == 1 else None

    def _start_or_enqueue(self, call: QueuedCall) -> None:
        """Make the call a leader, or enqueue it if there are enough leaders."""
        with self._lock:
            if self._may_lead():
                self._leaders += 1
                call.leads = True
                return
            if self._queue and self._queued_rows + self._weight(call) > self._capacity:
                batches = self._settings.max_enqueued_batches
                raise ServingError(
                    grpc.StatusCode.UNAVAILABLE,  # Message: shared_batch_scheduler.h.
                    "The batch scheduling queue to which this task was submitted is full; currently"
                    f" {batches} batches enqueued and max_enqueued_batches is {batches}",
                )
            self._queue.append(call)
            self._queued_rows += self._weight(call)
            if self._waiting_for_others:
                self._enqueued.notify_all()

    def _may_lead(self) -> bool:
        return self._leaders < self._settings.num_batch_threads and not self._waiting_for_others

    def _weight(self, call: QueuedCall) -> int:
        """Return how much of the queue's capacity a call takes: at most one full batch."""
        return max(1, min(call.rows, self._settings.max_batch_size))

    def _leave_queue(self, call: QueuedCall) -> None:
        """Give up a call whose deadline has passed, even if it has just been made a leader."""
        with self._lock:
            if call in self._queue:
                self._queue.remove(call)
                self._queued_rows -= self._weight(call)
            elif call.leads:
                self._stop_leading()
        raise errors.deadline_passed()

    def _lead(self, call: QueuedCall) -> None:
        """Compute a batch, let the next call lead, and wake the others of the batch."""
        batch = [call]
        try:
            batch = self._collect_batch(call)
            if len(batch) == 1:
                call.compute(self._runner)
            elif not self._compute_joined(batch):
                for each in batch:
                    each.compute(self._runner) if each.remaining_time() > 0 else each.expire()
        finally:
            with self._lock:
                self._stop_leading()
            for each in batch[1:]:
                each.wake()

    def _collect_batch(self, first: QueuedCall) -> list[QueuedCall]:
        """Take from the queue what can be computed together with a call."""
        with self._lock:
            if self._timeout:
                self._wait_for_others(first)
            batch, rows = [first], first.rows
            skipped: deque[QueuedCall] = deque()
            while self._queue:
                call = self._queue.popleft()
                fits = rows + call.rows <= self._settings.max_batch_size
                if call.batch_key != first.batch_key or not fits:
                    skipped.append(call)
                elif not self._expired(call):
                    batch.append(call)
                    rows += call.rows
                    self._queued_rows -= self._weight(call)
            self._queue = skipped
            self._choose_leaders()
        return batch

    def _wait_for_others(self, first: QueuedCall) -> None:
        """Wait until the batch is full or its first call has waited long enough."""
        self._waiting_for_others += 1
        end = first.arrived + self._timeout
        while (left := end - time.monotonic()) > 0:
            joinable = (call.rows for call in self._queue if call.batch_key == first.batch_key)
            if first.rows + sum(joinable) >= self._settings.max_batch_size:
                break
            self._enqueued.wait(left)
        self._waiting_for_others -= 1

    def _stop_leading(self) -> None:
        """Let the call that has waited longest lead instead. Call with the lock held."""
        self._leaders -= 1
        self._choose_leaders()

    def _choose_leaders(self) -> None:
        """Let waiting calls lead while more leaders are allowed. Call with the lock held."""
        while self._queue and self._may_lead():
            call = self._queue.popleft()
            if not self._expired(call):
                self._queued_rows -= self._weight(call)
                self._leaders += 1
                call.leads = True
                call.wake()

    def _expired(self, call: QueuedCall) -> bool:
        """End a call, taken from the queue, if its deadline has passed. Call with the lock held."""
        if call.remaining_time() > 0:
            return False
        self._queued_rows -= self._weight(call)
        call.expire()
        call.wake()
        return True

    def _compute_joined(self, batch: list[QueuedCall]) -> bool:
        """Compute several calls as one; return False if each has to be computed alone."""
        outputs, rows = batch[0].outputs, [call.rows for call in batch]
        try:
            arrays = {
                alias: np.concatenate([call.arrays[alias] for call in batch])
                for alias in batch[0].arrays
            }
            results = self._runner.compute(arrays, outputs)
        except Exception:  # Computing each call alone shows which one caused it.
            return False
        pairs, total = zip(outputs, results, strict=True), sum(rows)
        unsplittable = [alias for alias, result in pairs if result.shape[:1] != (total,)]
        if unsplittable:
            message = "no longer batched: output %s does not have one row for each input row"
            _logger.warning(message, ", ".join(unsplittable))
            self._splittable.difference_update(unsplittable)
            return False
        ends = np.cumsum(rows)
        for call, end in zip(batch, ends, strict=True):
            call.results = [result[end - call.rows : end] for result in results]
        return True


def _is_batch(shape: TensorShapeProto) -> bool:
    """Return whether the first dimension of a signature's tensor is free, as a batch's is."""
    return not shape.unknown_rank and bool(shape.dim) and shape.dim[0].size == -1
