"""What a device needs of its surroundings: a clock, a memory, and ways to say things.

The device calls these and never waits: an answer comes later, by one of the device's methods.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from .messages import Request
from .store import Memory


class PowerFailed(Exception):
    """The power went while something was kept: whatever was to follow does not."""


@dataclass(frozen=True)
class Registration:
    """A device's pair, to be presented at a URL or sent in a mail (10.8, 13.3)."""

    url: str
    device: str
    code: str


class Verdict(Enum):
    """What a service's server or a mail server has made of a registration."""

    TAKEN = "taken"
    REFUSED = "refused for good"
    LATER = "no answer, or none that is for good"


@dataclass(frozen=True)
class PeerCall:
    """A poll request to another device of the LAN; `number` comes back with its answer."""

    number: int
    address: str
    target: str


class World(Protocol):
    """All methods return at once, but `keep`, which returns when the memory is on the disk."""

    def now(self) -> float:
        """Seconds that never go back."""

    def keep(self, memory: Memory) -> None: ...

    def send(self, request: Request) -> None: ...

    def register(self, registration: Registration) -> None:
        """At the URL, or by mail where a person has set a mail server."""

    def call(self, call: PeerCall) -> None: ...

    def show(self, text: str) -> None: ...
