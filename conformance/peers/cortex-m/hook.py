#!/usr/bin/env python3
"""The kit's hook for the firmware: switches the emulated board on and off, and is its person.

    LINE=/dev/pts/7 python3 hook.py

The board's first serial port is tied to the terminal that LINE names, its second one is the panel.
What the board keeps lies in a folder of its own (BOARD, or one that is made for this run). A reset
is a power cut: the emulator is killed, whatever it is doing, and started again.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from board import ME, Board, Unable


def done(board: Board, verb: str, given: dict) -> dict:
    """What becomes of one request of the kit."""
    if verb == "start":
        board.switch_off()
        board.forget()
        me = given.get("device") or ME
        board.be(me)
        board.switch_on()
        return {"ok": {"identification": me["identification"]}}
    if verb == "enter-code":
        said = board.type(f"code {given['code']}")
        if said == "yes":
            return {"ok": {"accepted": True}}
        return {"ok": {"accepted": False, "says": said.removeprefix("no: ")}}
    if verb == "reset":
        if given.get("when") is not None:
            return {"unsupported": "power fails when it fails"}
        board.switch_off()
        if given.get("factory"):
            board.forget()
        board.switch_on()
        return {"ok": {}}
    if verb == "stop":
        board.switch_off()
        return {"ok": {}}
    if verb == "set-status":
        return typed(board, f"status {json.dumps(given['status'])}")
    if verb == "set-address":
        return typed(board, f"address {given['address']}")
    if verb == "ask" and given.get("what") in ("rotate", "leave"):
        return typed(board, given["what"])
    return {"unsupported": f"the board has nothing for {verb}"}


def typed(board: Board, command: str) -> dict:
    """What the board says to a command."""
    said = board.type(command)
    return {"ok": {}} if said == "yes" else {"error": said.removeprefix("no: ")}


def tell(said: str) -> None:
    """What the board's panel says is for whoever runs this."""
    print(f"panel: {said}", file=sys.stderr, flush=True)


def main() -> None:
    """Answers the kit, line by line."""
    line = os.environ.get("LINE")
    if line is None:
        sys.exit("hook.py: LINE names the terminal that the board's first serial port is tied to")
    folder = os.environ.get("BOARD") or tempfile.mkdtemp(prefix="restante-board-")
    board = Board(line, Path(folder), tell)
    try:
        for asked in sys.stdin:
            request = json.loads(asked)
            try:
                outcome = done(board, request["verb"], request.get("with") or {})
            except Unable as why:
                outcome = {"error": str(why)}
            print(json.dumps({"id": request["id"], **outcome}), flush=True)
    finally:
        board.switch_off()


if __name__ == "__main__":
    main()
