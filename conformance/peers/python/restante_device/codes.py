"""Access codes as a device sees them (chapter 2): typed ones are checked, formal ones as well."""

import base64
import binascii
import re
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LOOKALIKES = str.maketrans("abcdefghijklmnopqrstuvwxyzILO", "ABCDEFGH1JK1MN0PQRSTUVWXYZ110")
PASSED_OVER = " \t\n\f\r\u00a0-\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
GROUPS, SYMBOLS = 5, 5
FORMAL_CODE = re.compile(r"rfc1\.[A-Za-z0-9_-]{75}")


class MistypedCode(ValueError):
    """What a person reads at the panel; nothing is sent for such a code."""


def typed_code(text: str) -> str:
    """The provisional code that a person typed, as it is sent.

    spec: COD-003, COD-005, COD-007, COD-008
    """
    symbols = "".join(one for one in text if one not in PASSED_OVER).translate(LOOKALIKES)
    for place, symbol in enumerate(symbols, 1):
        if symbol not in ALPHABET:
            raise MistypedCode(f"no code holds the character at place {place}")
    if len(symbols) != GROUPS * SYMBOLS:
        raise MistypedCode(f"a code has 25 characters, and this one {len(symbols)}")
    groups = [symbols[at : at + SYMBOLS] for at in range(0, len(symbols), SYMBOLS)]
    for place, group in enumerate(groups, 1):
        if not group_is_right(place, group):
            raise MistypedCode(f"group {place} is wrong")
    return "-".join(groups)


def group_is_right(place: int, group: str) -> bool:
    """Whether the check symbol is that of the four before it (section 2.1)."""
    value = place
    for symbol in group[:-1]:
        value = value * 32 + ALPHABET.index(symbol)
    return value % 37 == ALPHABET.index(group[-1])


def formal_code_is_right(text: str) -> bool:
    """Whether a formal code has its form and its checksum (section 2.5). spec: COD-026"""
    if not FORMAL_CODE.fullmatch(text):
        return False
    held = base64.urlsafe_b64decode(text.removeprefix("rfc1.") + "=")
    if base64.urlsafe_b64encode(held).decode() != text.removeprefix("rfc1.") + "=":
        return False
    return binascii.crc32(held[:-4]) == int.from_bytes(held[-4:], "big")


def new_request_id() -> str:
    """A request id R: 128 random bits in 26 symbols (section 1.3)."""
    number = secrets.randbits(128)
    symbols = [ALPHABET[number >> shift & 31] for shift in range(125, -1, -5)]
    return "req-" + "".join(symbols).lower()
