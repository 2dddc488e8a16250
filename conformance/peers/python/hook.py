#!/usr/bin/env python3
"""The hook: does to a device what the protocol does not, one line of JSON at a time.

The device is in this process. Its clock stands still but for `advance`, and while an exchange is
under way no time passes. `docs/hook.md` says what the lines mean.
"""

import json
import math
import queue
import ssl
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from restante_device import client, mail
from restante_device.codes import MistypedCode
from restante_device.device import Device, Identity
from restante_device.listener import Listener
from restante_device.messages import Request
from restante_device.store import Memory, Store
from restante_device.world import PeerCall, PowerFailed, Registration

IDENTIFICATION = {
    "vendor": "ACME",
    "model": "M1001",
    "serial": "P10010101",
    "functions": ["scanner", "printer", "fax"],
}
CONTACTS = {"address": "192.0.2.1"}


class Unsupported(Exception):
    """The hook cannot do this."""


class Bench:
    """A device on a bench: its world, and the hands that do things to it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._events: queue.Queue[Callable[[], None]] = queue.Queue()
        self._clock = 0.0
        self._under_way = 0
        self._lock = threading.Lock()
        self._boots = 0
        self._cut: str | None = None
        self._identity = Identity(IDENTIFICATION, CONTACTS)
        self._device: Device | None = None
        self._status: dict[str, Any] | None = None
        self._shown: list[str] = []
        self._center = ""
        self._trust: ssl.SSLContext | None = None
        self._mail_server: mail.MailServer | None = None
        self._listener = Listener(self._heard)

    # The device's world.

    def now(self) -> float:
        return self._clock

    def keep(self, memory: Memory) -> None:
        cut, self._cut = self._cut, None
        if cut != "keeping":
            self._store.keep(memory)
        if cut:
            raise PowerFailed

    def send(self, request: Request) -> None:
        def exchange() -> Callable[[Device], None]:
            reply = client.ask_center(request, self._trusted())
            return lambda device: device.answered(reply)

        self._start(exchange)

    def register(self, registration: Registration) -> None:
        def exchange() -> Callable[[Device], None]:
            if self._mail_server:
                verdict, later = mail.post(registration, self._mail_server), 0
            else:
                verdict, later = client.register(registration, self._trusted())
            return lambda device: device.registered(verdict, later)

        self._start(exchange)

    def call(self, call: PeerCall) -> None:
        def exchange() -> Callable[[Device], None]:
            taken = client.call_peer(call)
            return lambda device: device.called(call.number, taken)

        self._start(exchange)

    def show(self, text: str) -> None:
        self._shown.append(text)

    def _trusted(self) -> ssl.SSLContext:
        return self._trust or client.trusting(None)

    # What happens to it.

    def _start(self, exchange: Callable[[], Callable[[Device], None]]) -> None:
        """Runs an exchange beside; what comes of it is nobody's once the power was off."""
        self._busy(1)
        boots = self._boots

        def run() -> None:
            happened = exchange()

            def over() -> None:
                self._busy(-1)
                if boots == self._boots:
                    self._give(happened)

            self._events.put(over)

        threading.Thread(target=run, daemon=True).start()

    def _heard(self, target: str | None) -> None:
        """Somebody on the LAN asks for a poll: announced first, and taken in after the answer."""
        if target is None:
            self._busy(1)
            return

        def asked() -> None:
            self._busy(-1)
            self._give(lambda device: device.asked_to_poll(target))

        self._events.put(asked)

    def _busy(self, more: int) -> None:
        with self._lock:
            self._under_way += more

    def _give(self, happened: Callable[[Device], None]) -> None:
        """Something happens to the device, in the midst of which its power can fail."""
        if self._device is None:
            return
        try:
            happened(self._device)
        except PowerFailed:
            self._switch_off()
            self._switch_on()

    def _switch_off(self) -> None:
        self._device = None
        self._cut = None
        self._boots += 1
        self._shown.clear()

    def _switch_on(self) -> None:
        device = Device(self._identity, self._store.read(), self)
        self._device = device
        if self._status is not None:
            self._give(lambda device: device.reads(self._status or {}))
        self._give(lambda device: device.tick())

    # What the kit asks for.

    def do(self, verb: str, given: dict[str, Any]) -> dict[str, Any]:
        deeds = {
            "start": self._do_start,
            "reset": self._do_reset,
            "stop": self._do_stop,
            "enter-code": self._do_enter_code,
            "advance": self._do_advance,
            "state": self._do_state,
            "set-status": self._do_set_status,
            "set-address": self._do_set_address,
            "ask": self._do_ask,
        }
        if verb not in deeds:
            raise Unsupported(f"it does not know {verb}")
        return deeds[verb](given)

    def _do_start(self, given: dict[str, Any]) -> dict[str, Any]:
        """As new, told where the center is and whom to trust."""
        self._switch_off()
        self._store.clear()
        self._status, self._cut = None, None
        seat = given.get("device") or {"identification": IDENTIFICATION, "contacts": CONTACTS}
        self._identity = Identity(
            seat["identification"], seat.get("contacts", {}), given.get("maxMessage")
        )
        self._center = given.get("center", "")
        self._trust = client.trusting(given.get("certificates"))
        self._mail_server = None
        if told := given.get("mail"):
            host, _, port = told["server"].rpartition(":")
            self._mail_server = mail.MailServer(
                host, int(port), told["from"], told["to"], told.get("tls", True)
            )
        self._switch_on()
        return {"identification": seat["identification"], "polling": self._listener.url}

    def _do_reset(self, given: dict[str, Any]) -> dict[str, Any]:
        """Off and on again, now or at the next moment at which it keeps something."""
        if when := given.get("when"):
            self._cut = when
            return {}
        self._switch_off()
        if given.get("factory"):
            self._store.clear()
        self._switch_on()
        return {}

    def _do_stop(self, given: dict[str, Any]) -> dict[str, Any]:
        self._switch_off()
        return {}

    def _do_enter_code(self, given: dict[str, Any]) -> dict[str, Any]:
        center = given.get("center") or self._center
        says: list[str] = []

        def typed(device: Device) -> None:
            try:
                device.code_typed(given["code"], center)
            except MistypedCode as wrong:
                says.append(str(wrong))

        self._give(typed)
        return {"accepted": False, "says": says[0]} if says else {"accepted": True}

    def _do_advance(self, given: dict[str, Any]) -> dict[str, Any]:
        """Lets whole seconds pass, until something is under way."""
        began = self._clock
        until = began + given.get("seconds", 0)
        while self._device and not self._under_way:
            deadline = self._device.deadline()
            if deadline is None or deadline > until:
                self._clock = until
                break
            self._clock = max(self._clock, math.ceil(deadline))
            self._give(lambda device: device.tick())
        if not self._device:
            self._clock = until
        return {"passed": int(self._clock - began), "busy": self._under_way > 0}

    def _do_state(self, given: dict[str, Any]) -> dict[str, Any]:
        memory = self._store.read()
        state = {"on": self._device is not None, "shown": self._shown, "boot": memory.boot}
        if self._device:
            state["phase"] = self._device.phase
        if memory.need:
            state["need"] = memory.need
        return state

    def _do_set_status(self, given: dict[str, Any]) -> dict[str, Any]:
        self._status = given["status"]
        self._give(lambda device: device.reads(given["status"]))
        return {}

    def _do_set_address(self, given: dict[str, Any]) -> dict[str, Any]:
        address = given["address"]
        contacts = self._identity.contacts | {"address": address}
        self._identity = Identity(
            self._identity.identification, contacts, self._identity.max_message
        )
        self._give(lambda device: device.is_at(address))
        return {}

    def _do_ask(self, given: dict[str, Any]) -> dict[str, Any]:
        match given.get("what"):
            case "rotate":
                self._give(lambda device: device.ask_to_rotate())
            case "leave":
                self._give(lambda device: device.ask_to_leave())
            case other:
                raise Unsupported(f"a device is not asked to {other}")
        return {}

    def serve(self) -> None:
        """Takes in lines and whatever else happens, one after the other, until the kit is gone."""
        threading.Thread(target=self._read, daemon=True).start()
        while True:
            self._events.get()()

    def _read(self) -> None:
        for line in sys.stdin:
            self._events.put(lambda line=line: self._line(line))
        self._events.put(sys.exit)

    def _line(self, line: str) -> None:
        asked = json.loads(line)
        answer: dict[str, Any] = {"id": asked["id"]}
        try:
            answer["ok"] = self.do(asked["verb"], asked.get("with") or {})
        except Unsupported as why:
            answer["unsupported"] = str(why)
        except (KeyError, ValueError, TypeError) as wrong:
            answer["error"] = f"`with` is wrong: {wrong!r}"
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        Bench(Store(Path(folder, "memory.json"))).serve()
