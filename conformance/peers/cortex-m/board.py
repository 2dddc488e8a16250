"""The emulated board: its power, its panel, and what it keeps."""

import json
import secrets
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIRMWARE = HERE / "target/thumbv7m-none-eabi/release/restante-cortex-m"
ME = {
    "identification": {
        "vendor": "ACME",
        "model": "M1001",
        "serial": "D10010101",
        "functions": ["scanner", "printer", "fax"],
    },
    "contacts": {"address": "192.0.2.1"},
}
"""Which device it is, unless somebody says otherwise."""
PATIENCE = 10
"""Seconds in which the panel answers."""


class Unable(Exception):
    """The board cannot do what was asked."""


class Board:
    """The emulated board."""

    def __init__(self, line: str, folder: Path, hears: Callable[[str], None]) -> None:
        """A board whose first serial port is tied to this terminal, which keeps what it keeps in
        this folder. Whatever the panel says, and is no answer, goes to `hears`."""
        self.line = line
        self.folder = folder
        self.hears = hears
        self.emulator: subprocess.Popen[bytes] | None = None
        self.answers: list[str] = []
        self.answered = threading.Condition()

    def switch_on(self) -> None:
        """Power comes."""
        semihosting = f"enable=on,target=native,arg=firmware,arg=seed={secrets.token_hex(32)}"
        self.answers.clear()
        self.emulator = subprocess.Popen(
            [
                "qemu-system-arm", "-M", "lm3s6965evb", "-display", "none", "-monitor", "none",
                "-chardev", f"serial,id=line,path={self.line}", "-serial", "chardev:line",
                "-chardev", "stdio,id=panel,signal=off", "-serial", "chardev:panel",
                "-semihosting-config", semihosting, "-kernel", str(FIRMWARE),
            ],
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        threading.Thread(target=self.listen, args=(self.emulator,), daemon=True).start()
        if self.answer() != "on":
            raise Unable(f"the board does not start: {self.answers}")

    def switch_off(self) -> None:
        """Power fails."""
        if self.emulator is not None:
            self.emulator.send_signal(signal.SIGKILL)
            self.emulator.wait()
            self.emulator = None

    def be(self, me: dict) -> None:
        """It is this device."""
        (self.folder / "device.json").write_text(json.dumps(me))

    def forget(self) -> None:
        """The memory is as it left the factory."""
        for file in self.folder.glob("memory*"):
            file.unlink()

    def type(self, command: str) -> str:
        """Types a line at the panel; what the board answers."""
        if self.emulator is None or self.emulator.stdin is None:
            raise Unable("the board is switched off")
        self.emulator.stdin.write(f"{command}\n".encode())
        self.emulator.stdin.flush()
        return self.answer()

    def answer(self) -> str:
        """The next line of the panel that answers something."""
        with self.answered:
            if not self.answered.wait_for(lambda: self.answers, PATIENCE):
                raise Unable("the panel does not answer")
            return self.answers.pop(0)

    def listen(self, emulator: subprocess.Popen[bytes]) -> None:
        """Reads the panel."""
        assert emulator.stdout is not None
        for raw in emulator.stdout:
            line = raw.decode(errors="replace").strip()
            if line in ("on", "yes") or line.startswith("no: "):
                with self.answered:
                    self.answers.append(line)
                    self.answered.notify()
            else:
                self.hears(line)
