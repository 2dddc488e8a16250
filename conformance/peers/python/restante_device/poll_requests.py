"""Poll requests: reading a link, and when a device polls because of one (11.1, 11.5)."""

import re
from collections import OrderedDict
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

LINK_CHARACTERS, ADDRESSES, LONGEST_WAIT = 2_048, 64, 86_400
TAG = re.compile(r"[A-Za-z0-9_-]{1,64}")
ADDRESS = re.compile(r"[A-Za-z0-9.:\[\]-]{1,253}")
AT_ONCE, EVERY = 3, 30
TAGS_REMEMBERED = 64
TRIED_FOR = 600
WAITING = 64


@dataclass
class PollRequest:
    """What a link asks for; `addresses` are those of `pollreq`."""

    tag: str | None = None
    addresses: tuple[str, ...] | None = None
    after: int = 0
    due: float = 0.0
    tried: bool = False


def read_link(target: str) -> PollRequest | None:
    """A link's path and query, or nothing where it breaks a form or a bound. spec: POL-053"""
    if len(target) > LINK_CHARACTERS:
        return None
    found: dict[str, str] = {}
    for parameter in filter(None, target.partition("?")[2].split("&")):
        name, _, value = parameter.partition("=")
        if name not in ("tag", "pollreq", "after"):
            continue
        if name in found or re.search(r"%(?![0-9A-Fa-f]{2})", value):
            return None
        found[name] = unquote_to_bytes(value).decode("utf-8", "replace")
    return checked(found)


def checked(found: dict[str, str]) -> PollRequest | None:
    """The parameters that are known, each in its form."""
    request = PollRequest(tag=found.get("tag"))
    if request.tag is not None and not TAG.fullmatch(request.tag):
        return None
    if (after := found.get("after")) is not None:
        if not re.fullmatch(r"[0-9]{1,5}", after) or int(after) > LONGEST_WAIT:
            return None
        request.after = int(after)
    if (addresses := found.get("pollreq")) is not None:
        request.addresses = tuple(addresses.split(",")) if addresses else ()
        if len(request.addresses) > ADDRESSES:
            return None
        if not all(ADDRESS.fullmatch(address) for address in request.addresses):
            return None
    return request


class PollRequests:
    """The requests that a device has heard and not polled for, within its rate. spec: POL-069"""

    def __init__(self) -> None:
        self._waiting: list[PollRequest] = []
        self._tags: OrderedDict[str, None] = OrderedDict()
        self._allowed, self._counted_at = float(AT_ONCE), 0.0

    def heard(self, request: PollRequest, now: float) -> None:
        """Takes a request up, unless its tag is known. spec: POL-052, POL-055"""
        known = [waiting.tag for waiting in self._waiting]
        if request.tag and (request.tag in self._tags or request.tag in known):
            return
        if len(self._waiting) < WAITING:
            request.due = now + request.after
            self._waiting.append(request)

    def next(self, now: float) -> PollRequest | None:
        """The one to poll for now.

        What comes above the rate is passed over and not made up for; what was tried is tried again
        within the rate, for a while.
        """
        free = self._free_at() <= now
        self._waiting = [
            one
            for one in self._waiting
            if now < one.due or ((free or one.tried) and now < one.due + TRIED_FOR)
        ]
        due = [one for one in self._waiting if one.due <= now]
        return due[0] if due and free else None

    def polled(self, request: PollRequest, now: float) -> None:
        """A poll for this request goes out: it counts, and its tag is remembered."""
        self._allowed = min(AT_ONCE, self._allowed + (now - self._counted_at) / EVERY) - 1
        self._counted_at, request.tried = now, True
        if request.tag:
            self._tags[request.tag] = None
            while len(self._tags) > TAGS_REMEMBERED:
                self._tags.popitem(last=False)

    def answered(self, request: PollRequest) -> None:
        self._waiting = [one for one in self._waiting if one is not request]

    def deadline(self) -> float | None:
        free = self._free_at()
        times = [max(one.due, free) if one.tried else one.due for one in self._waiting]
        return min(times, default=None)

    def _free_at(self) -> float:
        """When the rate lets it poll next."""
        return self._counted_at + max(0.0, 1 - self._allowed) * EVERY
