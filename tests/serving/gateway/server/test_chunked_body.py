"""Chunked bodies, however their bytes are cut."""

import pytest

from serving.gateway.server.chunked_body import MAX_CHUNKS, MAX_TRAILER_BYTES, ChunkDecoder

BODY = b"5\r\nhello\r\nA;name=value\r\n0123456789\r\n0\r\n"


def decode(pieces: list[bytes]) -> tuple[bytes, ChunkDecoder]:
    decoder = ChunkDecoder()
    return b"".join([decoder.feed(piece) for piece in pieces]), decoder


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("trailer", [b"\r\n", b"Checksum: 1\r\n\r\n"])
def test_the_last_byte_ends_the_body(size: int, trailer: bytes) -> None:
    body, decoder = decode(cut(BODY + trailer, size))
    assert (body, decoder.done, decoder.fault) == (b"hello0123456789", True, None)
    _, decoder = decode(cut((BODY + trailer)[:-1], size))
    assert not decoder.done
    assert decoder.fault is None


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_what_comes_after_the_body_is_kept(size: int) -> None:
    _, decoder = decode(cut(BODY + b"\r\nPOST / HTTP/1.1\r\n\r\n", size))
    assert decoder.rest == b"POST / HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize(
    "body",
    [
        b"no size\r\n",
        b"-5\r\n",
        b"0x5\r\n",
        b"5\n",
        b"3\r\nabcd\r\n",
        b"1" * 9000,
        b"1;" + b"e" * 9000 + b"\r\n",
        b"1\r\nx\r\n" * (MAX_CHUNKS + 1),
        b"0\r\n" + b"a:\r\n" * MAX_TRAILER_BYTES,
        b"0\r\n" + b"a" * 2 * MAX_TRAILER_BYTES,
    ],
)
@pytest.mark.parametrize("size", [5, 10**6])
def test_what_is_not_a_chunk_is_a_fault(body: bytes, size: int) -> None:
    _, decoder = decode(cut(body, size))
    assert decoder.fault
    assert not decoder.done
