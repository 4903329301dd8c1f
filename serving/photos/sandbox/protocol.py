"""What worker and sandbox send each other.

A request is four numbers (`REQUEST`: bytes of the photo, height, width, channels), the name of the
preparation and the photo; an answer is one byte, a length and so many bytes (`ANSWER`).
"""

import struct

REQUEST = struct.Struct(">I3H32s")
ANSWER = struct.Struct(">cI")
READY, PIXELS, REFUSAL = b"R", b"P", b"E"
MAX_REFUSAL = 65_536  # bytes
