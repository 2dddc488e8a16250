"""A device: enrols, polls, reports and acknowledges, one request at a time (chapters 2 to 5).

```
blank ──code──▶ enrolling ──formal code kept──▶ enrolled ──first use──▶ in use ◀──▶ rotating
  ▲                 │ refused                       │ refused for the third time   │    │ refused
  └──── left ───────┼───────────────────────────────┼──────────────────────────────┘    │
                    └─────────▶ needs a person ◀────┴───────────────────────────────────┘
```

Every method takes in one thing that has happened, keeps what has to be kept, and then says what is
due. `deadline` says when `tick` wants to be called.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .calls import Calls
from .codes import new_request_id, typed_code
from .instructions import Duty
from .messages import (
    Acknowledged, Enrolled, Left, Lost, Mailbox, Refused, Reply, Reported, Request, Rotated,
    Schedule, Unchanged,
)  # fmt: skip
from .poll_requests import PollRequest, PollRequests, read_link
from .store import Enrolment, Holding, Memory
from .waiting import BOOT, Backoff, late, place
from .world import Verdict, World

REPEATS_OF_AN_ENROLMENT = 2
ADDRESS_TOLD_EVERY = 60
STILL_HELD = ("code-refused", "too-few-slots")
UNTOLD_INTERVAL = 3600


@dataclass(frozen=True)
class Identity:
    """What a device stores of itself, and of where it stands. spec: MOD-008"""

    identification: dict[str, Any]
    contacts: dict[str, str]
    max_message: int | None = None


@dataclass
class Reading:
    """A reading that was sent and not answered, with the time at which it was taken."""

    status: dict[str, Any]
    address: str | None
    taken: float
    seq: int


@dataclass
class Errand:
    """Something to be said to the center, from `due` on."""

    due: float
    request: Callable[[], Request]


class Device:
    """One device from one switching on to the next."""

    def __init__(self, identity: Identity, memory: Memory, world: World) -> None:
        self.memory = memory
        self.status: dict[str, Any] | None = None
        self._read_at = 0.0
        self.address = identity.contacts.get("address")
        self._identity = identity
        self._world = world
        self._backoff = Backoff()
        self._outstanding: Request | None = None
        self._waits_after_boot = True
        self._requests = PollRequests()
        self._polled_for: PollRequest | None = None
        self._calls = Calls(world)
        self._rotation_asked = False
        self._seq = 0
        self._new_registration()
        self._backoff.until = world.now() + random.uniform(0, BOOT)  # spec: ENR-042
        memory.boot += 1  # spec: STA-003
        world.keep(memory)

    def _new_registration(self) -> None:
        """What a device knows of the registration that it holds, from memory alone."""
        self._duty = Duty(self._world, self)
        self._schedule: Schedule | None = None
        self._interval = UNTOLD_INTERVAL
        self._opens_at = 0.0
        self._etag: str | None = None
        self._polled_at: float | None = None
        self._reported_at: float | None = None
        self._told_address: str | None = None
        self._report_asked = False
        self._unanswered: Reading | None = None

    @property
    def phase(self) -> str:
        holding = self.memory.holding
        if not holding and self.memory.need:
            return "needs-person"
        if not holding:
            return "enrolling" if self.memory.enrolment else "blank"
        if holding.leaving:
            return "leaving"
        if holding.new_code:
            return "rotating"
        return "in-use" if holding.used else "enrolled"

    # What people do.

    def code_typed(self, text: str, center: str) -> None:
        """A provisional code and the center's address, as typed. Raises `MistypedCode`.

        spec: ENR-002, ERR-005
        """
        code, held = typed_code(text), self.memory.enrolment
        devices = [{"identification": self._identity.identification}]
        contacts = self._identity.contacts | ({"address": self.address} if self.address else {})
        if contacts:
            devices[0]["contacts"] = contacts
        same = held and (held.center, held.code) == (center, code)
        if not same:
            self._backoff.succeeded()
            enrolment = Enrolment(center, code, new_request_id(), devices)
            used = self.memory.holding if self._in_use() else None
            self._keep(enrolment=enrolment, holding=used, need=None)
        elif self.memory.need:
            self._keep(need=None)
        self._somebody_is_here()

    def ask_to_rotate(self) -> None:
        self._rotation_asked = self._in_use()
        self._somebody_is_here()

    def ask_to_leave(self) -> None:
        if self.memory.holding:
            self.memory.holding.leaving = True
            self._keep()
        self._somebody_is_here()

    def _somebody_is_here(self) -> None:
        if self._waits_after_boot:
            self._backoff.succeeded()
        self._work()

    # What changes around it.

    def reads(self, status: dict[str, Any]) -> None:
        """A reading is taken: its state, reasons and counters."""
        self.status, self._read_at = status, self._world.now()
        self._work()

    def is_at(self, address: str) -> None:
        """Its address on the LAN from now on. spec: STA-019"""
        self.address = address
        self._work()

    def asked_to_poll(self, target: str) -> None:
        """Somebody on the LAN opened the link whose path and query these are."""
        request = read_link(target)
        if request and self._in_use():
            self._requests.heard(request, self._world.now())
        self._work()

    def tick(self) -> None:
        """Time has passed."""
        self._work()

    # What is answered.

    def registered(self, verdict: Verdict, retry_after: int = 0) -> None:
        self._duty.registered(verdict, retry_after)
        self._work()

    def called(self, number: int, taken: bool) -> None:
        self._calls.answered(number, taken)
        self._work()

    def answered(self, reply: Reply) -> None:
        """What became of the request that was outstanding."""
        request, self._outstanding = self._outstanding, None
        if request is None:
            return
        now = self._world.now()
        if isinstance(reply, Lost):
            self._backoff.failed(now)
        elif isinstance(reply, Refused) and reply.temporary:
            self._backoff.failed(now, reply.retry_after)
        else:
            self._backoff.succeeded()
            self._taken_in(request, reply)
        self._work()

    def _taken_in(self, request: Request, reply: Reply) -> None:
        holding, now = self.memory.holding, self._world.now()
        if isinstance(reply, Refused):
            self._refused(request, reply)
            return
        if request.conversation != "enrol" and holding:
            self._accepted(request.credential, holding)
        match reply:
            case Enrolled():
                self._enrolled(request, reply)
            case Rotated() if holding:
                self._rotation_asked = False
                holding.new_code = reply.formal_code
                self._keep()
                self._follow(reply.schedule)
            case Mailbox():
                self._polled(reply)
            case Unchanged():
                self._interval = max(1, reply.seconds)
                self._opens_at = now + reply.seconds
                self._poll_over()
            case Reported():
                self._follow(reply.schedule)
                self._reported(reply)
            case Acknowledged():
                self._follow(reply.schedule)
                self._duty.heard(request.body["acknowledgements"])
            case Left():
                self._keep(holding=None, enrolment=None)
                self._new_registration()

    # Enrolling, rotating, leaving.

    def _enrolled(self, request: Request, reply: Enrolled) -> None:
        """Keeps the formal code before anything is sent with it. spec: ENR-004"""
        enrolment = self.memory.enrolment
        if not enrolment or enrolment.request != request.body["request"] or not reply.devices:
            return
        holding = Holding(
            enrolment.center, reply.registration, reply.devices[0], reply.formal_code
        )
        self._new_registration()
        self._keep(holding=holding)
        self._follow(reply.schedule)

    def _accepted(self, credential: str, holding: Holding) -> None:
        """The first use of a code has been accepted: what came before it is forgotten."""
        if credential == holding.new_code:
            holding.formal_code, holding.new_code = holding.new_code, None
            self._keep()
            self._duty.errand_over("rotate-code", "done")
        elif not holding.used:
            holding.used = True
            self._keep(enrolment=None)

    def _refused(self, request: Request, refusal: Refused) -> None:
        """A refusal for good: the same is not said again. spec: ERR-003"""
        now = self._world.now()
        if request.conversation == "enrol":
            enrolment = self.memory.enrolment
            if enrolment and enrolment.request == request.body["request"]:
                held = enrolment if refusal.word in STILL_HELD else None
                self._keep(enrolment=held, need=refusal.word)  # spec: ENR-021
        elif refusal.word == "formal-code-refused":
            self._code_refused(request)
        elif request.conversation == "poll":
            self._poll_over()
        elif request.conversation == "reportStatus":
            self._report_over(now, "failed", f"the center said: {refusal.word}")
        elif request.conversation == "acknowledge":
            self._duty.heard(request.body["acknowledgements"])
        elif request.conversation == "rotate":
            self._rotation_asked = False
            self._duty.errand_over("rotate-code", "failed", f"the center said: {refusal.word}")
        elif self.memory.holding:
            self.memory.holding.leaving = False
            self._keep()

    def _code_refused(self, request: Request) -> None:
        """Falls back on the old code, enrols again, or asks for a person.

        spec: ENR-024, ENR-037, ENR-047
        """
        holding, enrolment = self.memory.holding, self.memory.enrolment
        if not holding:
            return
        if request.credential == holding.new_code:
            holding.new_code, self._polled_at = None, None
            self._keep()
            self._duty.errand_over("rotate-code", "failed", "the new code was refused")
        elif request.conversation == "leave":
            self._keep(holding=None, enrolment=None)
            self._new_registration()
        elif not holding.used and enrolment and enrolment.repeated < REPEATS_OF_AN_ENROLMENT:
            enrolment.repeated += 1
            self._keep(holding=None)
            self._backoff.failed(self._world.now())
        else:
            self._keep(holding=None, enrolment=None, need="formal-code-refused")
            self._new_registration()

    def _keep(self, **changes: Any) -> None:
        for name, value in changes.items():
            setattr(self.memory, name, value)
        self._world.keep(self.memory)

    # Polling.

    def _follow(self, schedule: Schedule) -> None:
        """A schedule is whole: it replaces the one before (5.8)."""
        self._schedule, self._interval = schedule, schedule.poll
        self._duty.hosts = schedule.hosts
        if schedule.window:
            self._opens_at = self._world.now() + schedule.window.opens_in

    def _polled(self, mailbox: Mailbox) -> None:
        """A mailbox is shown; its calls are for a poll that a tag brought about. spec: POL-062"""
        holding, request = self.memory.holding, self._polled_for
        self._poll_over()
        self._etag = mailbox.etag
        self._follow(mailbox.schedule)
        shown = self._duty.shown(mailbox, holding.device if holding else "")
        if request and request.tag:
            self._calls.begin(request.tag, request.addresses, mailbox.calls, shown)

    def _poll_over(self) -> None:
        """A poll was answered."""
        self._polled_at, self._duty.more = self._world.now(), False
        if self._polled_for:
            self._requests.answered(self._polled_for)

    def _poll_due(self, registration: str) -> float:
        """When it polls of its own accord. spec: MBX-007, MBX-062, MBX-063, MBX-064"""
        if self._polled_at is None:
            return 0.0
        schedule = self._schedule
        if not schedule or not schedule.window:
            return self._polled_at + self._interval + late(self._interval, registration)
        within = place(registration) * max(0, schedule.window.lasts - 1)
        while self._opens_at + within <= self._polled_at:
            self._opens_at += schedule.poll
        return self._opens_at + within

    # Reporting.

    def report_at_once(self) -> None:
        """An instruction asks for it."""
        self._report_asked = True
        if self.status is None:
            self._report_asked = False
            self._duty.errand_over("report-status", "failed", "there is no reading")

    def rotate_at_once(self) -> None:
        """An instruction asks for it."""
        self._rotation_asked = True

    def _report_due(self, registration: str) -> float | None:
        """When the next report is due. spec: STA-007, STA-008, STA-019"""
        every = self._schedule.report_every if self._schedule else None
        if self.status is None:
            return None
        if self._report_asked or self._unanswered:
            return 0.0
        if self._reported_at is None:
            return None if every is None else 0.0
        due = None if every is None else self._reported_at + every + late(every, registration)
        if self.address and self.address != self._told_address:
            told = self._reported_at + ADDRESS_TOLD_EVERY
            due = told if due is None else min(due, told)
        return due

    def _report(self, holding: Holding, code: str) -> Request:
        """A reading that was not answered is sent again, unless it is another by now.

        spec: STA-001, STA-004, STA-005, STA-018
        """
        status, reading = self.status or {}, self._unanswered
        if not reading or (reading.status, reading.address) != (status, self.address):
            self._seq += 1
            reading = Reading(status, self.address, self._read_at, self._seq)
            self._unanswered = reading
        report = {
            "device": holding.device,
            "boot": self.memory.boot,
            "seq": reading.seq,
            "age": int(self._world.now() - reading.taken),
        } | reading.status
        if reading.address:
            report["address"] = reading.address
        return Request("reportStatus", holding.center, code, {"reports": [report]})

    def _reported(self, reply: Reported) -> None:
        accepted = reply.results == ("accepted",)
        detail = None if accepted else "the center holds a later report"
        self._report_over(self._world.now(), "done" if accepted else "failed", detail)

    def _report_over(self, now: float, outcome: str, detail: str | None) -> None:
        if self._unanswered:
            self._told_address = self._unanswered.address
        self._unanswered, self._reported_at, self._report_asked = None, now, False
        self._duty.errand_over("report-status", outcome, detail)

    # What is said next.

    def _in_use(self) -> bool:
        return self.memory.holding is not None and self.memory.holding.used

    def _work(self) -> None:
        """Does what is due. spec: MSG-010"""
        holding, now = self.memory.holding, self._world.now()
        if holding and not holding.leaving:
            self._duty.work(holding.device)
            self._calls.work(self._duty.said_all)
        if self._outstanding or now < self._backoff.until:
            return
        for errand in self._errands():
            if errand.due <= now:
                self._waits_after_boot = False
                self._outstanding = errand.request()
                self._world.send(self._outstanding)
                return

    def deadline(self) -> float | None:
        """When something is due next."""
        times = [self._duty.deadline(), self._calls.deadline()]
        if not self._outstanding:
            said = min((errand.due for errand in self._errands()), default=None)
            times.append(None if said is None else max(said, self._backoff.until))
        return min((time for time in times if time is not None), default=None)

    def _errands(self) -> Iterator[Errand]:
        """What there is to say, the most urgent first."""
        enrolment, holding = self.memory.enrolment, self.memory.holding
        if enrolment and not self.memory.need and (not holding or holding.used):
            yield Errand(0.0, lambda: self._enrol(enrolment))
        elif holding:
            code = holding.new_code or holding.formal_code
            if holding.leaving:
                yield Errand(0.0, lambda: Request("leave", holding.center, code))
            elif holding.new_code or not holding.used:
                yield Errand(0.0, lambda: self._poll(holding, code))  # spec: ENR-046
            else:
                if words := self._duty.words():
                    body = {"acknowledgements": words}
                    said = Request("acknowledge", holding.center, code, body)
                    yield Errand(0.0, lambda: said)
                if self._rotation_asked:
                    yield Errand(0.0, lambda: Request("rotate", holding.center, code))
                if (due := self._report_due(holding.registration)) is not None:
                    yield Errand(due, lambda: self._report(holding, code))
                yield from self._polls(holding, code)

    def _polls(self, holding: Holding, code: str) -> Iterator[Errand]:
        now = self._world.now()
        if asked := self._requests.next(now):
            yield Errand(0.0, lambda: self._poll(holding, code, asked))
        elif (due := self._requests.deadline()) is not None:
            yield Errand(max(due, now + 0.001), lambda: self._poll(holding, code))
        more = self._duty.asks_for_more()
        own = 0.0 if more else self._poll_due(holding.registration)
        yield Errand(own, lambda: self._poll(holding, code))

    def _enrol(self, enrolment: Enrolment) -> Request:
        body: dict[str, Any] = {"request": enrolment.request, "devices": enrolment.devices}
        if self._identity.max_message:
            body["maxMessage"] = self._identity.max_message
        return Request("enrol", enrolment.center, enrolment.code, body)

    def _poll(self, holding: Holding, code: str, asked: PollRequest | None = None) -> Request:
        """spec: MBX-009, POL-052"""
        self._polled_for = asked
        if asked:
            self._requests.polled(asked, self._world.now())
        tag = asked.tag if asked else None
        have = None if tag else self._etag
        request = Request("poll", holding.center, code, have=have, tag=tag)
        if self._identity.max_message:
            request.body["maxMessage"] = self._identity.max_message
        return request
