"""The messages between a worker and its sandbox.

A request is four numbers (`REQUEST`: bytes of the photo, height, width, channels), the name of the
preparation, and the photo. A response is one byte for its kind and a length (`RESPONSE`), followed
by that many bytes.
"""

import struct

REQUEST = struct.Struct(">I3H32s")
RESPONSE = struct.Struct(">cI")
READY, PIXELS, REFUSAL = b"R", b"P", b"E"
MAX_REFUSAL = 65_536  # bytes
