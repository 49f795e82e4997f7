"""Bytes as disks, networks and strangers leave them."""

from __future__ import annotations

import random

_EXTREMES = (b"\0\0", b"\xff\xff", b"\x7f\xff", b"\xff\x7f", b"\0\1", b"\xff\xff\xff\xff")


def damaged(data: bytes, chance: random.Random) -> bytes:
    """A file with some of its bytes changed, put in, doubled or taken out, mostly near its head."""
    for _ in range(chance.randint(1, 8)):
        if not data:
            break
        start = chance.randrange(min(len(data), chance.choice([64, 700, len(data)])))
        end = start + chance.choice([1, 2, 4, 16, 100, 1000])
        piece, extreme = data[start:end], chance.choice(_EXTREMES)
        data = chance.choice(
            [
                data[:start] + bytes([data[start] ^ 1 << chance.randrange(8)]) + data[start + 1 :],
                data[:start] + data[end:],
                data[:end] + piece + data[end:],
                data[:start] + chance.randbytes(4) + data[start:],
                data[:start] + bytes(len(piece)) + data[end:],
                data[:start] + piece[::-1] + data[end:],
                data[:start] + extreme + data[start + len(extreme) :],
                data[: -len(piece)],
            ]
        )
    return data
