"""Non-volatile memory: one file, the old one or the new one, whenever the power fails."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass
class Enrolment:
    """An enrolment that has led to no formal code in use. spec: ENR-001, ENR-003"""

    center: str
    code: str
    request: str
    devices: list[dict[str, Any]]
    repeated: int = 0


@dataclass
class Holding:
    """A registration and the formal codes that open it. spec: ENR-004, ENR-028"""

    center: str
    registration: str
    device: str
    formal_code: str
    new_code: str | None = None
    used: bool = False
    leaving: bool = False


@dataclass
class Memory:
    """All that outlives a power cut. spec: STA-003"""

    boot: int = 0
    enrolment: Enrolment | None = None
    holding: Holding | None = None
    need: str | None = None


class Store:
    """The file in which the memory lies."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Memory:
        """What was kept last; a device that kept nothing is as new."""
        if not self._path.exists():
            return Memory()
        held = json.loads(self._path.read_bytes())
        enrolment, holding = held.pop("enrolment"), held.pop("holding")
        return Memory(
            enrolment=Enrolment(**enrolment) if enrolment else None,
            holding=Holding(**holding) if holding else None,
            **held,
        )

    def keep(self, memory: Memory) -> None:
        """Returns once the memory is on the disk: the content first, then its name."""
        written = self._path.with_suffix(".new")
        with open(written, "wb") as file:
            file.write(json.dumps(asdict(memory)).encode())
            file.flush()
            os.fsync(file.fileno())
        os.replace(written, self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def clear(self) -> None:
        """As new."""
        self._path.unlink(missing_ok=True)
