"""Memory that is freed goes back to the system, so that a worker stays as small as its work."""

import ctypes

# mallopt(3), of glibc; other C libraries have none of it.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_ARENAS = 2
_OWN_MAPPING_BYTES = 256 * 1024


def keep_heap_small() -> None:
    """Let few heaps serve all threads, and give every large block a mapping of its own.

    Without it each thread has a heap, in which one small block holds megabytes of freed pixels,
    and glibc moves the size from which blocks get mappings up to 32 MB by and by.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    for option, value in (
        (_ARENA_MAX, _ARENAS),
        (_MMAP_THRESHOLD, _OWN_MAPPING_BYTES),
        (_TRIM_THRESHOLD, _OWN_MAPPING_BYTES),
    ):
        mallopt(option, value)
