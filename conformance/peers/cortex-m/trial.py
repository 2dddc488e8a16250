#!/usr/bin/env python3
"""The firmware against a real center, over a line: it enrols, reports, and loses its power.

    python3 trial.py [--center PROGRAM] [--cuts N]

Starts a center with a serial port, ties the emulated board's UART to the other end, and types a
code at the panel. Then the power fails N times at whatever moment, in the middle of enrolments too.
Whatever was lost, the device ends up registered once.
"""

import argparse
import json
import os
import random
import select
import subprocess
import sys
import tempfile
import threading
import time
import tty
from pathlib import Path

from board import HERE, ME, Board

IN_USE = "the formal access code is in use"
PATIENCE = 60
"""Seconds in which what has to come comes, on a machine that is busy."""


class Cable:
    """Two terminals, of which each gets what is written to the other."""

    def __init__(self) -> None:
        self.ends = [os.openpty(), os.openpty()]
        for _, port in self.ends:
            tty.setraw(port)
        self.names = [os.ttyname(port) for _, port in self.ends]
        threading.Thread(target=self.carry, daemon=True).start()

    def carry(self) -> None:
        """Carries bytes for as long as this runs."""
        (left, _), (right, _) = self.ends
        while True:
            ready, _, _ = select.select([left, right], [], [])
            for end in ready:
                os.write(right if end == left else left, os.read(end, 4_096))


class Center:
    """A center with a serial port."""

    def __init__(self, program: Path, folder: Path, port: str) -> None:
        self.program = program
        self.folder = folder
        self.run("init", "--dir", str(folder))
        config = folder / "restante.toml"
        listen = '[http]\nlisten = ["127.0.0.1:0"]\n'
        text = config.read_text().replace("[http]\n", listen, 1)
        config.write_text(f'{text}\n[[serial]]\nport = "{port}"\n')
        log = (folder / "log").open("w")
        ready = folder / "ready.json"
        self.serving = subprocess.Popen(
            [program, "serve", "--config", config, "--ready-file", ready], stdout=log, stderr=log
        )
        until(ready.exists, "the center is ready")

    def run(self, *words: str) -> str:
        """Asks the center something."""
        command = [self.program, *words]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return done.stdout

    def ask(self, *words: str) -> object:
        """The same, about this center's own data."""
        config = str(self.folder / "restante.toml")
        return json.loads(self.run(*words, "--config", config, "--json"))

    def stop(self) -> None:
        """Stops it."""
        self.serving.terminate()
        self.serving.wait()


def until(holds: object, what: str) -> None:
    """Waits until something is so."""
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            sys.exit(f"trial: it did not come to this in {PATIENCE} s: {what}")
        time.sleep(0.05)


def main() -> None:
    """Plays it."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--center", type=Path, default=HERE / "../../../target/debug/restante-center")
    words.add_argument("--cuts", type=int, default=20)
    words.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    given = words.parse_args()
    print(f"trial: {given.cuts} power cuts, --seed {given.seed}")
    with tempfile.TemporaryDirectory(prefix="restante-trial-") as folder:
        play(Path(folder), given.center.resolve(), given.cuts, random.Random(given.seed))


def play(folder: Path, program: Path, cuts: int, chance: random.Random) -> None:
    """The trial, in this folder."""
    cable = Cable()
    center = Center(program, folder / "center", cable.names[0])
    said: list[str] = []
    (folder / "board").mkdir()
    board = Board(cable.names[1], folder / "board", said.append)
    try:
        code = center.ask("code", "issue", "--user", "Anna Weber")["code"]
        board.be(ME)
        board.switch_on()
        assert board.type(f"code {code[:-1]}").startswith("no: "), "a code that is cut short"
        for cut in range(cuts):
            # Every fifth time the device has forgotten all, so that it enrols again.
            if cut % 5 == 0:
                board.switch_off()
                board.forget()
                board.switch_on()
                assert board.type(f"code {code}") == "yes", "the code is taken"
            time.sleep(chance.uniform(0, 1.5))
            board.switch_off()
            board.switch_on()
        until(lambda: IN_USE in said, "the formal code is in use")
        status = {"state": "idle", "counters": {"total": {"mediaSheetsCompleted": 42}}}
        assert board.type(f"status {json.dumps(status)}") == "yes", "the status is taken"
        whose = ("--user", "Anna Weber")
        reported = lambda: [  # noqa: E731
            row for row in center.ask("devices", "list", *whose) if row.get("latest")
        ]
        until(reported, "the status is reported")
        devices = center.ask("devices", "list", *whose)
        assert len(devices) == 1, devices
        print(f"trial: {len(devices)} device, registered and reporting, after {cuts} power cuts")
    except BaseException:
        print("\n".join(["the panel said:", *said[-20:]]), file=sys.stderr)
        print((folder / "center/log").read_text()[-2_000:], file=sys.stderr)
        raise
    finally:
        board.switch_off()
        center.stop()


if __name__ == "__main__":
    main()
