"""Where a chunked body ends, however its bytes are cut."""

import pytest

from serving.chunks import ChunkScanner

BODY = b"5\r\nhello\r\nA;name=value\r\n0123456789\r\n0\r\n"


def scan(pieces: list[bytes]) -> tuple[bool, int]:
    scanner = ChunkScanner()
    for piece in pieces:
        scanner.feed(piece)
    return scanner.done, scanner.size


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("trailer", [b"\r\n", b"Checksum: 1\r\n\r\n"])
def test_the_last_byte_ends_the_body(size: int, trailer: bytes) -> None:
    assert scan(cut(BODY + trailer, size)) == (True, 15)
    assert scan(cut((BODY + trailer)[:-1], size)) == (False, 15)


def test_what_is_behind_the_body_is_not_looked_at() -> None:
    assert scan([BODY + b"\r\nPOST / HTTP/1.1\r\n\r\n"]) == (True, 15)


def test_the_size_is_what_has_come() -> None:
    assert scan([b"100\r\n", b"x" * 40]) == (False, 40)


@pytest.mark.parametrize(
    "body", [b"no size\r\n", b"-5\r\n", b"0x5\r\n", b"3\r\nabcd\r\n", b"1" * 9000]
)
def test_no_chunks_end_the_body_so_that_the_reader_can_say_so(body: bytes) -> None:
    assert scan(cut(body, 5))[0]
