"""What a center says, parsed once into what the device works with.

A reply that breaks its schema counts as lost (MSG-011); members that are not named here are passed
over (MSG-005), and so are schedule entries with other actions (MBX-008).
"""

from dataclasses import dataclass, field
from typing import Any, TypeVar

from .codes import formal_code_is_right

MESSAGE_BYTES = 65_536
TEMPORARY = {"busy", "throttled", "internal"}
T = TypeVar("T")


class Unreadable(ValueError):
    """A reply that lacks a member or holds another type."""


@dataclass(frozen=True)
class Window:
    opens_in: int
    lasts: int


@dataclass(frozen=True)
class Schedule:
    """When to come again, what to report, and where devices may register."""

    poll: int
    report_every: int | None = None
    window: Window | None = None
    hosts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Act:
    kind: str
    particulars: dict[str, Any]


@dataclass(frozen=True)
class Instruction:
    id: str
    device: str
    attempt: int
    expires: int
    acts: tuple[Act, ...]
    cancel: bool


@dataclass(frozen=True)
class Call:
    """One device to call, and those to call in its place."""

    after: int
    address: str | None
    below: tuple["Call", ...] = ()


@dataclass(frozen=True)
class Mailbox:
    etag: str
    instructions: tuple[Instruction, ...]
    schedule: Schedule
    more: bool
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class Unchanged:
    seconds: int


@dataclass(frozen=True)
class Enrolled:
    registration: str
    formal_code: str
    devices: tuple[str, ...]
    schedule: Schedule


@dataclass(frozen=True)
class Rotated:
    formal_code: str
    schedule: Schedule


@dataclass(frozen=True)
class Reported:
    """The word on each report."""

    results: tuple[str, ...]
    schedule: Schedule


@dataclass(frozen=True)
class Acknowledged:
    schedule: Schedule


@dataclass(frozen=True)
class Left:
    pass


@dataclass(frozen=True)
class Refused:
    """A refusal; `temporary` says whether the same message can be accepted later."""

    word: str
    temporary: bool
    retry_after: int = 0


@dataclass(frozen=True)
class Lost:
    """No answer that can be read."""


Reply = (
    Mailbox | Unchanged | Enrolled | Rotated | Reported | Acknowledged | Left | Refused | Lost
)  # fmt: skip


@dataclass
class Request:
    """A message to the center; at most one waits for its reply. spec: MSG-010"""

    conversation: str
    center: str
    credential: str
    body: dict[str, Any] = field(default_factory=dict)
    have: str | None = None
    tag: str | None = None


def member(message: Any, name: str, of: type[T], default: T | None = None) -> T:
    """A member of this type; `null` counts as absent (section 0.3)."""
    if not isinstance(message, dict):
        raise Unreadable("no object")
    value = message.get(name)
    value = default if value is None else value
    if not isinstance(value, of) or (of is int and isinstance(value, bool)):
        raise Unreadable(f"{name} is missing or of another type")
    if isinstance(value, int) and not 0 <= value < 2**32:
        raise Unreadable(f"{name} is out of its bounds")
    return value


def members(message: Any, name: str) -> list[Any]:
    return member(message, name, list, [])


def schedule(message: Any) -> Schedule:
    held = member(message, "schedule", dict)
    entries = {}
    for entry in members(held, "entries"):
        entries[member(entry, "action", str)] = member(entry, "every", int)
    window = held.get("window")
    opens = window and Window(member(window, "opensIn", int), member(window, "lasts", int))
    return Schedule(
        poll=max(1, member(held, "poll", int)),
        report_every=entries.get("report-status"),
        window=opens or None,
        hosts=frozenset(host for host in members(held, "hosts") if isinstance(host, str)),
    )


def act(message: Any) -> Act:
    if not isinstance(message, dict) or len(message) != 1:
        raise Unreadable("an act has one member")
    [kind] = message
    return Act(kind, member(message, kind, dict))


def instruction(message: Any) -> Instruction:
    return Instruction(
        id=member(message, "id", str),
        device=member(message, "device", str),
        attempt=member(message, "attempt", int),
        expires=member(message, "expires", int),
        acts=tuple(act(one) for one in member(message, "acts", list)),
        cancel=member(message, "cancel", bool, False),
    )


def call(message: Any) -> Call:
    return Call(
        after=member(message, "after", int),
        address=member(message, "address", str, "") or None,
        below=tuple(call(one) for one in members(message, "below")),
    )


def mailbox(message: Any) -> Mailbox:
    return Mailbox(
        etag=member(message, "etag", str),
        instructions=tuple(instruction(one) for one in member(message, "instructions", list)),
        schedule=schedule(message),
        more=member(message, "more", bool, False),
        calls=tuple(call(one) for one in members(message, "calls")),
    )


def formal_code(message: Any) -> str:
    code = member(message, "formalCode", str)
    if not formal_code_is_right(code):
        raise Unreadable("the formal code is damaged")
    return code


def reply(conversation: str, message: Any) -> Reply:
    """The reply to this conversation, or `Unreadable`."""
    match conversation:
        case "poll":
            return mailbox(message)
        case "enrol":
            devices = tuple(
                member(one, "device", str) for one in member(message, "devices", list)
            )
            registration = member(message, "registration", str)
            return Enrolled(registration, formal_code(message), devices, schedule(message))
        case "rotate":
            return Rotated(formal_code(message), schedule(message))
        case "reportStatus":
            results = member(message, "results", list)
            words = tuple(member(one, "result", str) for one in results)
            return Reported(words, schedule(message))
        case "acknowledge":
            member(message, "acknowledgements", list)
            return Acknowledged(schedule(message))
    raise Unreadable(f"no reply to {conversation}")


def refusal(message: Any, status: int) -> Refused:
    """A refusal of the registry, or one of a later version. spec: ERR-004

    The registry's temporary words are those that come with 429 and 5xx, so that the status tells of
    every word.
    """
    word = member(message, "code", str)
    temporary = word in TEMPORARY or status == 429 or status >= 500
    return Refused(word, temporary, member(message, "retryAfter", int, 0))
