"""glibc's malloc, set to return freed memory to the system, so that a worker stays small."""

import ctypes

# mallopt(3) of glibc; other C libraries don't have it.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_ARENAS = 2
_OWN_MAPPING_BYTES = 256 * 1024
# What one small photo allocates and frees: returning it each time would cost page faults.
_KEPT_BYTES = 1024 * 1024


def keep_heap_small() -> None:
    """Let all threads share a few heaps, and give every large block its own mapping.

    Without it each thread has a heap, in which one small block holds megabytes of freed pixels,
    and glibc gradually raises the size from which blocks get mappings to 32 MB.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    for option, value in (
        (_ARENA_MAX, _ARENAS),
        (_MMAP_THRESHOLD, _OWN_MAPPING_BYTES),
        (_TRIM_THRESHOLD, _KEPT_BYTES),
    ):
        mallopt(option, value)
