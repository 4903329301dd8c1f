"""A chunked body (RFC 9112, section 7.1), decoded as its bytes arrive.

gunicorn's own reader is made for a socket: with a body that has arrived already, it copies the rest
with every chunk.
"""

import re

MAX_CHUNKS = 50_000
MAX_TRAILER_BYTES = 8192

_MAX_LINE = 256  # Of a chunk's size with its extensions, which nobody uses.
_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(;[^\r\n]*)?")
_SIZE, _DATA, _DATA_END, _TRAILER = range(4)


class ChunkDecoder:
    """Decodes one body; trailers are ignored.

    Attributes:
        done: the body is complete.
        fault: what is wrong with it, or None. What comes after a fault is meaningless.
        rest: what came after the body.
    """

    def __init__(self) -> None:
        self.done = False
        self.fault: str | None = None
        self.rest = b""
        self._state = _SIZE
        self._line = bytearray()
        self._left = 0
        self._chunks = 0
        self._trailer_bytes = 0

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return those of the body that are in them."""
        decoded, position = [], 0
        while position < len(data) and not self.done and self.fault is None:
            if self._state == _DATA:
                piece = data[position : position + self._left]
                decoded.append(piece)
                position += len(piece)
                self._left -= len(piece)
                if not self._left:
                    self._state = _DATA_END
            else:
                position = self._read_line(data, position)
        if self.done:
            self.rest += data[position:]
        return b"".join(decoded)

    def _read_line(self, data: bytes, position: int) -> int:
        """Append to the current line; return the position after the bytes used."""
        end = data.find(b"\n", position)
        stop = len(data) if end < 0 else end + 1
        self._line += data[position:stop]
        if len(self._line) > (MAX_TRAILER_BYTES if self._state == _TRAILER else _MAX_LINE):
            self.fault = "a line of its chunks is too long"
        elif end >= 0:
            line = bytes(self._line)
            self._line.clear()
            if line.endswith(b"\r\n"):
                self._end_line(line[:-2])
            else:
                self.fault = "a line of its chunks ends without a carriage return"
        return stop

    def _end_line(self, line: bytes) -> None:
        if self._state == _TRAILER:
            self._trailer_bytes += len(line) + 2
            self.done = not line
            if self._trailer_bytes > MAX_TRAILER_BYTES:
                self.fault = "its trailers are too long"
        elif self._state == _DATA_END:
            self._state = _SIZE
            if line:
                self.fault = "a chunk is longer than its size"
        else:
            self._begin_chunk(line)

    def _begin_chunk(self, line: bytes) -> None:
        match = _SIZE_LINE.fullmatch(line)
        self._chunks += 1
        if match is None:
            self.fault = f"{line[:20]!r} is not a chunk size"
        elif self._chunks > MAX_CHUNKS:
            self.fault = f"it has more than {MAX_CHUNKS:,} chunks"
        else:
            self._left = int(match[1], 16)
            self._state = _DATA if self._left else _TRAILER
