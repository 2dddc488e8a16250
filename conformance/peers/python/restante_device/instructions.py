"""What a mailbox asks for: carried out in order, and told of until that is answered (5.7)."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Protocol

from .messages import Act, Instruction, Mailbox
from .service import ServiceAct
from .world import Verdict, World

WORDS_IN_A_MESSAGE = 64
REMEMBERED = 64
NOTE_CHARACTERS = 256


class Errands(Protocol):
    """What an act has the device itself do; it says `errand_over` afterwards."""

    def report_at_once(self) -> None: ...

    def rotate_at_once(self) -> None: ...


@dataclass
class Result:
    outcome: str
    detail: str | None = None

    def json(self) -> dict[str, str]:
        detail = {"detail": self.detail[:NOTE_CHARACTERS]} if self.detail else {}
        return {"outcome": self.outcome} | detail


@dataclass
class Task:
    """An instruction that this device was shown."""

    instruction: Instruction
    begun_by: float
    begun: bool = False
    results: list[Result] = field(default_factory=list)
    said: str = ""

    @property
    def over(self) -> bool:
        return len(self.results) == len(self.instruction.acts)

    @property
    def progress(self) -> str:
        """The word to say now. spec: MBX-051, MBX-056"""
        if not self.over:
            return "taken"
        outcomes = {result.outcome for result in self.results}
        if outcomes == {"done"}:
            return "done"
        return "failed" if "failed" in outcomes else "rejected"

    @property
    def final_word_said(self) -> bool:
        return self.over and self.said == self.progress

    def omit_the_rest(self) -> None:
        missing = len(self.instruction.acts) - len(self.results)
        self.results += [Result("omitted")] * missing


class Duty:
    """The instructions that a device was shown and has not done with."""

    def __init__(self, world: World, errands: Errands) -> None:
        self._world = world
        self._errands = errands
        self._tasks: dict[str, Task] = {}
        self._finished: OrderedDict[str, Task] = OrderedDict()
        self._service: ServiceAct | None = None
        self._errand: str | None = None
        self.more = False
        self.hosts: frozenset[str] = frozenset()

    def shown(self, mailbox: Mailbox, device: str) -> list[str]:
        """Takes up a mailbox: what it does not show and was not begun is nothing any more.

        spec: MBX-055, MBX-057, MBX-061
        """
        own = [one for one in mailbox.instructions if one.device == device]
        kept = {id: task for id, task in self._tasks.items() if task.begun}
        shown: dict[str, Task] = {}
        for one in own:
            known = self._tasks.get(one.id) or self._finished.pop(one.id, None)
            kept.pop(one.id, None)
            task = known or Task(one, 0)
            if task.final_word_said:
                task.said = ""
            task.instruction, task.begun_by = one, self._world.now() + one.expires
            shown[one.id] = task
        self._tasks = kept | shown
        self.more = mailbox.more
        return list(shown)

    def work(self, device: str) -> None:
        """Carries out what can be carried out now, in order. spec: MBX-050"""
        for task in self._tasks.values():
            if not task.over and not self._carried_out(task, device):
                return

    def _carried_out(self, task: Task, device: str) -> bool:
        """Goes on with an instruction, and says whether it is over. spec: MBX-053, MBX-054"""
        late = self._world.now() >= task.begun_by
        if not task.begun and (task.instruction.cancel or late):
            task.begun = True
            task.omit_the_rest()
        task.begun = True
        while not task.over:
            number = len(task.results)
            result = self._act(task.instruction, number, device)
            if result:
                task.results.append(result)
                self._service = self._errand = None
            elif len(task.results) == number:
                return False
        return True

    def _act(self, instruction: Instruction, number: int, device: str) -> Result | None:
        """One act's result, or nothing while it is under way. spec: MBX-013, MBX-060"""
        act: Act = instruction.acts[number]
        begun = self._service is not None or self._errand is not None
        if instruction.cancel and not begun:
            return Result("omitted")
        match act.kind:
            case "notify":
                text = act.particulars.get("text")
                if not isinstance(text, str):
                    return Result("rejected", "there is no text to show")
                self._world.show(text)
                return Result("done")
            case "report-status" | "rotate-code":
                if not begun:
                    self._errand = act.kind
                    report = act.kind == "report-status"
                    errands = self._errands
                    errands.report_at_once() if report else errands.rotate_at_once()
                return None
            case "register-service":
                if self._service is None:
                    self._service = ServiceAct(self._world, act, device, self.hosts)
                self._service.work(instruction.cancel)
                return Result(*self._service.result) if self._service.result else None
        return Result("rejected", f"this device carries out no act of kind {act.kind}")

    def errand_over(self, kind: str, outcome: str, detail: str | None = None) -> None:
        """The device has reported or rotated, or did so in vain. spec: MBX-058, MBX-059"""
        if self._errand != kind:
            return
        self._errand = None
        for task in self._tasks.values():
            if task.begun and not task.over:
                task.results.append(Result(outcome, detail))
                return

    def registered(self, verdict: Verdict, retry_after: int) -> None:
        if self._service:
            self._service.answered(verdict, retry_after)

    def words(self) -> list[dict[str, Any]]:
        """What is to be acknowledged: the furthest word of each that was not answered yet."""
        unsaid = [task for task in self._tasks.values() if task.said != task.progress]
        return [
            {
                "instruction": task.instruction.id,
                "device": task.instruction.device,
                "attempt": task.instruction.attempt,
                "progress": task.progress,
            }
            | ({"results": [one.json() for one in task.results]} if task.over else {})
            for task in unsaid[:WORDS_IN_A_MESSAGE]
        ]

    def heard(self, words: list[dict[str, Any]]) -> None:
        """These words were answered, and need not be said again. spec: MBX-052"""
        for word in words:
            if task := self._tasks.get(word["instruction"]):
                task.said = word["progress"]
                if task.final_word_said:
                    self._finished[word["instruction"]] = self._tasks.pop(word["instruction"])
        while len(self._finished) > REMEMBERED:
            self._finished.popitem(last=False)

    def asks_for_more(self) -> bool:
        """All is done with, and the mailbox holds more. spec: MBX-061"""
        return self.more and not self._tasks

    def said_all(self, instructions: list[str]) -> bool:
        """Whether the final words on all of these were answered. spec: POL-060"""
        return not any(id in self._tasks for id in instructions)

    def deadline(self) -> float | None:
        return self._service.deadline() if self._service else None
