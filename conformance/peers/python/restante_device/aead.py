"""ChaCha20-Poly1305 (RFC 8439) with nothing but integers, so that the peer needs no library.

It is here to be read and to check vectors: Python's integers do not take the same time whatever they
hold, so that firmware uses a library instead.
"""

import hmac
import struct

TAG = 16
WORD = 0xFFFFFFFF
SIGMA = struct.unpack("<4I", b"expand 32-byte k")
QUARTERS = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)  # fmt: skip
PRIME = (1 << 130) - 5
CLAMP = 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF


def block(key: bytes, counter: int, nonce: bytes) -> bytes:
    """Sixty-four bytes of key stream (section 2.3)."""
    start = [*SIGMA, *struct.unpack("<8I", key), counter, *struct.unpack("<3I", nonce)]
    state = start.copy()
    for _ in range(10):
        for a, b, c, d in QUARTERS:
            for to, by, out, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                state[to] = state[to] + state[by] & WORD
                mixed = state[out] ^ state[to]
                state[out] = (mixed << turn | mixed >> 32 - turn) & WORD
    return struct.pack("<16I", *(one + two & WORD for one, two in zip(state, start, strict=True)))


def streamed(key: bytes, nonce: bytes, text: bytes) -> bytes:
    """The text under the key stream, either way (section 2.4)."""
    blocks = range(1, 1 + -(-len(text) // 64))
    stream = b"".join(block(key, counter, nonce) for counter in blocks)
    return bytes(one ^ two for one, two in zip(text, stream, strict=False))


def tag(key: bytes, nonce: bytes, aad: bytes, sealed: bytes) -> bytes:
    """Poly1305 over both and their lengths (sections 2.5 and 2.8)."""
    padded = [part + bytes(-len(part) % 16) for part in (aad, sealed)]
    data = b"".join(padded) + struct.pack("<QQ", len(aad), len(sealed))
    once = block(key, 0, nonce)[:32]
    r, total = int.from_bytes(once[:16], "little") & CLAMP, 0
    for at in range(0, len(data), 16):
        total = (total + int.from_bytes(data[at : at + 16] + b"\x01", "little")) * r % PRIME
    total += int.from_bytes(once[16:], "little")
    return (total % (1 << 128)).to_bytes(16, "little")


def sealed(key: bytes, nonce: bytes, aad: bytes, text: bytes) -> bytes:
    under = streamed(key, nonce, text)
    return under + tag(key, nonce, aad, under)


def opened(key: bytes, nonce: bytes, aad: bytes, held: bytes) -> bytes | None:
    """What was sealed, or nothing where anything was altered."""
    under, shown = held[:-TAG], held[-TAG:]
    if len(shown) < TAG or not hmac.compare_digest(tag(key, nonce, aad, under), shown):
        return None
    return streamed(key, nonce, under)
