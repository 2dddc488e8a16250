"""When to try again (ENR-022), and at which place in an interval or a window (MBX-007, MBX-063)."""

import hashlib
import random

FIRST, LONGEST = 4, 3600
BOOT = 10


class Backoff:
    """Failures in a row on one line, and until when nothing is tried again."""

    def __init__(self) -> None:
        self._failures = 0
        self.until = 0.0

    def failed(self, now: float, retry_after: int = 0) -> None:
        """One more in a row. spec: ENR-022, ERR-005"""
        longest = min(FIRST * 2 ** min(self._failures, 32), LONGEST)
        self._failures += 1
        self.until = now + retry_after + random.uniform(0, longest)

    def succeeded(self) -> None:
        """An answer came, be it a refusal for good."""
        self._failures = 0
        self.until = 0.0


def place(registration: str) -> float:
    """A registration's own place, from 0 to below 1 and the same each time."""
    digest = hashlib.sha256(registration.encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def late(interval: int, registration: str) -> float:
    """How much later than its interval a device comes, always by the same amount."""
    return place(registration) * min(interval / 16, 300)
