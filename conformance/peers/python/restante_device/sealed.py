"""Sealed envelopes (chapter 14): one message each, for lines that nobody vouches for.

This is the ground for lines without TLS. The device does not seal yet: counters (14.4) are missing.
"""

import hashlib
import hmac
import struct
from dataclasses import dataclass
from enum import IntEnum

from . import aead

VERSION, FIELDS, SALT, TAG = 1, 31, 16, aead.TAG
HEADER = FIELDS + SALT
MESSAGE, NONCE, CHALLENGE = 65_536, 16, 24
ZERO = bytes(12)


class Kind(IntEnum):
    REQUEST = 1
    REPLY = 2
    ANSWER = 3
    CHALLENGE = 4
    ENROLMENT = 5
    ENROLLED = 6


class Lane(IntEnum):
    CONVERSATION = 1
    MAIL = 2


UP = frozenset({Kind.REQUEST, Kind.ANSWER, Kind.ENROLMENT})
ENROLLING = frozenset({Kind.ENROLMENT, Kind.ENROLLED})
SIZES = {kind: (0, MESSAGE) for kind in Kind} | {
    Kind.ANSWER: (NONCE, NONCE + MESSAGE),
    Kind.CHALLENGE: (CHALLENGE, CHALLENGE),
}


@dataclass(frozen=True)
class Secret:
    """Whose secret it is: a registration's of one epoch, or a provisional code's enrol key."""

    sender: bytes
    epoch: int
    key: bytes


@dataclass(frozen=True)
class Fields:
    """The header before its salt (14.2)."""

    kind: Kind
    epoch: int
    lane: Lane
    sender: bytes
    counter: int

    def bytes(self) -> bytes:
        start = struct.pack(">BBIB", VERSION, self.kind, self.epoch, self.lane)
        return start + self.sender + struct.pack(">Q", self.counter)

    def right(self) -> bool:
        """Whether epoch, lane and counter are such as the kind has."""
        enrolling = self.kind in ENROLLING
        return (
            (self.epoch == 0) == enrolling
            and (self.counter == 0) == enrolling
            and (self.lane == Lane.CONVERSATION or self.kind == Kind.REQUEST)
        )


@dataclass(frozen=True)
class Opened:
    """What was in an envelope; its last bytes name it wherever something refers to it."""

    fields: Fields
    text: bytes


def hkdf(salt: bytes, key: bytes, info: bytes) -> bytes:
    """HKDF-SHA-256, extract and expand, 32 bytes (0.2)."""
    extracted = hmac.digest(salt, key, "sha256")
    return hmac.digest(extracted, info + b"\x01", "sha256")


def enrol_secret(code: str) -> Secret:
    """What a provisional code without its hyphens seals an enrolment with (2.2)."""
    held = code.replace("-", "").encode()
    derived = [hkdf(b"restante code 1", held, info) for info in (b"enrol id", b"enrol key")]
    return Secret(derived[0][:16], 0, derived[1])


def seal(secret: Secret, fields: Fields, text: bytes, fresh: bytes, bound: bytes = b"") -> bytes:
    """An envelope (14.3). `fresh` is 32 random bytes, or none in an enrolment."""
    low, high = SIZES[fields.kind]
    if not fields.right() or not low <= len(text) <= high:
        raise ValueError("no envelope has such fields, or such a text")
    salted = fields.bytes() + bound + fresh + hashlib.sha256(text).digest()
    header = fields.bytes() + hkdf(b"restante salt 1", secret.key, salted)[:SALT]
    key = hkdf(b"restante sealed 1", secret.key, header)
    return header + aead.sealed(key, ZERO, header + bound, text)


def fields_of(envelope: bytes) -> Fields | None:
    """The header's fields, or nothing where nothing is to be computed for these bytes (14.2)."""
    if not HEADER + TAG <= len(envelope) <= HEADER + NONCE + MESSAGE + TAG:
        return None
    version, kind, epoch, lane = struct.unpack(">BBIB", envelope[:7])
    if version != VERSION or kind not in list(Kind) or lane not in list(Lane):
        return None
    counter = int.from_bytes(envelope[23:FIELDS], "big")
    fields = Fields(Kind(kind), epoch, Lane(lane), envelope[7:23], counter)
    longest = SIZES[fields.kind][1]
    return fields if fields.right() and len(envelope) <= HEADER + longest + TAG else None


def unseal(secret: Secret, envelope: bytes, bound: bytes = b"") -> Opened | None:
    """What is in an envelope that was sealed under this secret, and bound to this."""
    fields = fields_of(envelope)
    if not fields or (fields.sender, fields.epoch) != (secret.sender, secret.epoch):
        return None
    header = envelope[:HEADER]
    key = hkdf(b"restante sealed 1", secret.key, header)
    text = aead.opened(key, ZERO, header + bound, envelope[HEADER:])
    if text is None or len(text) < SIZES[fields.kind][0]:
        return None
    return Opened(fields, text)


def unseal_return(secret: Secret, waiting: bytes, envelope: bytes) -> Opened | None:
    """The reply or the challenge to the envelope that waits; everything else is nothing (14.4)."""
    asked, fields = fields_of(waiting), fields_of(envelope)
    if not asked or not fields or fields.kind in UP:
        return None
    enrolling = asked.kind in ENROLLING, fields.kind in ENROLLING
    if enrolling[0] != enrolling[1] or (asked.lane, asked.counter) != (fields.lane, fields.counter):
        return None
    return unseal(secret, envelope, waiting[-TAG:])
