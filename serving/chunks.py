"""Where a chunked body ends (RFC 9112, section 7.1), while its bytes come in piece by piece."""

import re

_MAX_LINE = 8192
_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(;|$)")
_SIZE, _DATA, _TRAILER = range(3)


class ChunkScanner:
    """Follows the chunks of one body without keeping them.

    It only finds the end: gunicorn's reader, which decodes the body once it is whole, is strict
    about everything else. What is no chunk ends the body too, so that it gets to say so.
    """

    def __init__(self) -> None:
        self.done = False
        self.size = 0
        self._state = _SIZE
        self._line = bytearray()
        self._skip = 0

    def feed(self, data: bytes) -> None:
        """Look at the next bytes; `done` and `size` (of the data so far, in bytes) follow."""
        place = 0
        while place < len(data) and not self.done:
            if self._skip:
                step = min(self._skip, len(data) - place)
                self._skip -= step
                self.size += step
                place += step
            else:
                place = self._read_line(data, place)

    def _read_line(self, data: bytes, place: int) -> int:
        """Go on with a line; return the place behind what was looked at."""
        end = data.find(b"\n", place)
        stop = len(data) if end < 0 else end + 1
        self._line += data[place:stop]
        if end >= 0:
            self._end_line(bytes(self._line).rstrip(b"\r\n"))
            self._line.clear()
        elif len(self._line) > _MAX_LINE:
            self.done = True
        return stop

    def _end_line(self, line: bytes) -> None:
        if self._state == _TRAILER:
            self.done = not line
            return
        if self._state == _DATA:  # The line break that ends a chunk's data.
            self._state = _SIZE
            self.done = bool(line)
            return
        match = _SIZE_LINE.match(line)
        if match is None:
            self.done = True
            return
        self._skip = int(match[1], 16)
        self._state = _DATA if self._skip else _TRAILER
