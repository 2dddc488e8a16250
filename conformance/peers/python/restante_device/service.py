"""Carrying out `register-service`: which URLs a device goes to, how often it tries (10.8, 13.3)."""

import re
from urllib.parse import urlsplit

from .messages import Act
from .waiting import Backoff
from .world import Registration, Verdict, World

GIVEN_UP_AFTER = 43_200
URL_CHARACTERS = 512
HOST = re.compile(r"(?=.{1,253}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*")


def objection(url: str, hosts: frozenset[str]) -> str | None:
    """Why a device goes nowhere by this URL. spec: SVC-050, SVC-051, MAIL-013"""
    if len(url) > URL_CHARACTERS or not url.isascii() or re.search(r"[\s\\]", url):
        return "the URL cannot be read"
    if not url.startswith("https://"):
        return "the URL does not begin with https://"
    if "#" in url:
        return "the URL holds a fragment"
    parts = urlsplit(url)
    if "@" in parts.netloc:
        return "the URL holds a user name"
    try:
        host, _ = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return "the URL cannot be read"
    if not HOST.fullmatch(host) or host.rsplit(".", 1)[-1].isdigit():
        return "the URL names no host"
    if host not in hosts:
        return "the schedule does not name this host"
    return None


class ServiceAct:
    """One act: presented until somebody has answered, or for twelve hours."""

    def __init__(self, world: World, act: Act, device: str, hosts: frozenset[str]) -> None:
        self._world = world
        self._backoff = Backoff()
        self._pair = Registration("", device, "")
        self._given_up_at: float | None = None
        self._under_way = False
        self.result: tuple[str, str | None] | None = None
        url, code = act.particulars.get("url"), act.particulars.get("code")
        if not isinstance(url, str) or not isinstance(code, str) or not 1 <= len(code) <= 64:
            self.result = ("rejected", "there is no URL or no code to register with")
        elif why := objection(url, hosts):
            self.result = ("rejected", why)
        else:
            self._pair = Registration(url, device, code)

    def work(self, cancelled: bool) -> None:
        """Presents the pair where it is time to. spec: SVC-055, SVC-058, MAIL-015"""
        now = self._world.now()
        if self.result or self._under_way:
            return
        if cancelled:
            self.result = ("omitted", None)
        elif self._given_up_at is not None and now >= self._given_up_at:
            self.result = ("failed", "nobody has answered for twelve hours")
        elif now >= self._backoff.until:
            self._given_up_at = self._given_up_at or now + GIVEN_UP_AFTER
            self._under_way = True
            self._world.register(self._pair)

    def answered(self, verdict: Verdict, retry_after: int) -> None:
        """What came of the latest try. spec: SVC-054, SVC-056, SVC-057, MAIL-014"""
        self._under_way = False
        match verdict:
            case Verdict.TAKEN:
                self.result = ("done", None)
            case Verdict.REFUSED:
                self.result = ("failed", "the registration was refused")
            case Verdict.LATER:
                self._backoff.failed(self._world.now(), retry_after)

    def deadline(self) -> float | None:
        if self.result or self._under_way:
            return None
        until = self._backoff.until
        return until if self._given_up_at is None else min(until, self._given_up_at)
