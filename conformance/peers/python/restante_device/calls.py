"""Calling others because the reply to a poll named them (11.4, 11.5)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from .messages import Call
from .world import PeerCall, World

OWN_INSTRUCTIONS_FIRST = 120
PLANS = 4


@dataclass
class Plan:
    """Those whom one reply names, and what is left of them."""

    received: float
    tag: str
    addresses: tuple[str, ...] | None
    waiting: list[Call]
    instructions: list[str]
    shift: float = 0.0
    open: bool = False
    own: set[str] = field(default_factory=set)
    under_way: dict[int, Call] = field(default_factory=dict)

    def names(self, address: str | None) -> bool:
        """Whether this device may call this address. spec: POL-057"""
        return bool(address) and (self.addresses is None or address in self.addresses)

    def due(self, call: Call) -> float:
        """What kept the device from one call keeps it from the others. spec: POL-059, POL-064"""
        return self.received + call.after + self.shift

    def target(self) -> str:
        """The link: the tag, and those of `pollreq` whom it does not call itself. spec: POL-058"""
        link = f"/doPolling?tag={self.tag}"
        if self.addresses is None:
            return link
        rest = [address for address in self.addresses if address not in self.own]
        return f"{link}&pollreq=" + ",".join(quote(address, safe=":") for address in rest)


class Calls:
    """The plans that a device is in, up to four at a time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._plans: list[Plan] = []
        self._next = 0

    def begin(
        self, tag: str, addresses: tuple[str, ...] | None, calls: tuple[Call, ...], own: list[str]
    ) -> None:
        """Those whom the reply to a poll with this tag names. spec: POL-056"""
        if not calls or len(self._plans) >= PLANS:
            return
        plan = Plan(self._world.now(), tag, addresses, list(calls), own)
        plan.own = {call.address for call in calls if call.address and plan.names(call.address)}
        self._plans.append(plan)

    def work(self, said_all: Callable[[list[str]], bool]) -> None:
        """Calls whoever is due. spec: POL-060, POL-061, POL-065"""
        now = self._world.now()
        for plan in self._plans:
            first = plan.received + OWN_INSTRUCTIONS_FIRST
            plan.open = plan.open or now >= first or said_all(plan.instructions)
            while plan.open and (call := self._due(plan, now)):
                plan.waiting.remove(call)
                if plan.names(call.address):
                    self._call(plan, call, now)
                else:
                    self._replace(plan, call)
        self._plans = [plan for plan in self._plans if plan.waiting or plan.under_way]

    def _due(self, plan: Plan, now: float) -> Call | None:
        """The next one; whoever cannot be called is replaced at once."""
        for call in plan.waiting:
            if not plan.names(call.address):
                return call
        first = min(plan.waiting, key=lambda call: call.after, default=None)
        return first if first and plan.due(first) <= now else None

    def _call(self, plan: Plan, call: Call, now: float) -> None:
        plan.shift += max(0.0, now - plan.due(call))
        plan.own.add(call.address or "")
        self._next += 1
        plan.under_way[self._next] = call
        self._world.call(PeerCall(self._next, call.address or "", plan.target()))

    def _replace(self, plan: Plan, call: Call) -> None:
        plan.waiting += call.below

    def answered(self, number: int, taken: bool) -> None:
        """A peer has answered with 204, or has not. spec: POL-061"""
        for plan in self._plans:
            if call := plan.under_way.pop(number, None):
                if not taken:
                    self._replace(plan, call)

    def deadline(self) -> float | None:
        times = []
        for plan in self._plans:
            if plan.waiting:
                first = min(plan.due(call) for call in plan.waiting)
                opens = 0.0 if plan.open else plan.received + OWN_INSTRUCTIONS_FIRST
                times.append(max(first, opens))
        return min(times, default=None)
