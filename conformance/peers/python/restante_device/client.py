"""The ways out: to the center, to a service's server, to the LAN's peers (chapters 7, 10, 11).

Each function opens one connection, says one thing and reads one answer. None follows a redirection,
which counts as no answer at the center and as a refusal at a service (HTTP-018, SVC-054).
"""

import http.client
import ipaddress
import json
import ssl
from urllib.parse import urlsplit

from . import messages
from .messages import Left, Lost, Reply, Request, Unchanged, Unreadable
from .world import PeerCall, Registration, Verdict

CENTER_PATIENCE = 120
SERVICE_PATIENCE = 60
PEER_PATIENCE = 10
ROUTES = {
    "enrol": ("POST", "/v1/enrolments"),
    "poll": ("GET", "/v1/mailbox"),
    "acknowledge": ("POST", "/v1/acknowledgements"),
    "reportStatus": ("POST", "/v1/status-reports"),
    "rotate": ("POST", "/v1/rotations"),
    "leave": ("DELETE", "/v1/registration"),
}
PASSING = {408, 425, 429}
FAILURES = (OSError, http.client.HTTPException, ssl.SSLError, ValueError)


def trusting(certificates: str | None) -> ssl.SSLContext:
    """TLS that verifies names, by these certificates or by the system's. spec: HTTP-017"""
    return ssl.create_default_context(cadata=certificates)


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def connection(url: str, trust: ssl.SSLContext, patience: float) -> http.client.HTTPConnection:
    """A connection to a URL's host. spec: HTTP-016"""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, parts.port, timeout=patience, context=trust)
    if parts.scheme == "http" and is_loopback(host):
        return http.client.HTTPConnection(host, parts.port, timeout=patience)
    raise ValueError("no credential travels over plain HTTP")


def ask_center(request: Request, trust: ssl.SSLContext) -> Reply:
    """Says one message to the center. spec: HTTP-002, HTTP-004"""
    try:
        line = connection(request.center, trust, CENTER_PATIENCE)
        try:
            method, path = ROUTES[request.conversation]
            path = urlsplit(request.center).path.rstrip("/") + path
            body = json.dumps(request.body).encode() if method == "POST" else None
            line.request(method, path, body, headers(request))
            response = line.getresponse()
            held = response.read(messages.MESSAGE_BYTES + 1)
        finally:
            line.close()
        return understood(request.conversation, response, held)
    except FAILURES:
        return Lost()


def headers(request: Request) -> dict[str, str]:
    """spec: HTTP-005, HTTP-026"""
    scheme = "Restante-Provisional" if request.conversation == "enrol" else "Bearer"
    fields = {"Authorization": f"{scheme} {request.credential}", "Accept": "application/json"}
    if ROUTES[request.conversation][0] == "POST":
        fields["Content-Type"] = "application/json"
    if request.conversation == "poll":
        if request.have is not None:
            fields["If-None-Match"] = f'"{request.have}"'
        if request.tag is not None:
            fields["Restante-Poll-Tag"] = request.tag
        if "maxMessage" in request.body:
            fields["Restante-Max-Message"] = str(request.body["maxMessage"])
    return fields


def understood(conversation: str, response: http.client.HTTPResponse, held: bytes) -> Reply:
    """What an answer says; raises where it says nothing. spec: MSG-011, HTTP-018"""
    status = response.status
    if len(held) > messages.MESSAGE_BYTES:
        raise Unreadable("it is larger than a message")
    if status == 304 and conversation == "poll":
        return Unchanged(int(response.headers["Restante-Next-Poll"] or ""))
    if status == 204 and conversation == "leave":
        return Left()
    if 200 <= status < 300:
        return messages.reply(conversation, json.loads(held))
    if status >= 400:
        return messages.refusal(json.loads(held), status)
    raise Unreadable("a redirection")


def register(registration: Registration, trust: ssl.SSLContext) -> tuple[Verdict, int]:
    """Presents a pair at its URL, and nothing else. spec: SVC-052, SVC-053, SVC-061"""
    try:
        parts = urlsplit(registration.url)
        line = connection(registration.url, trust, SERVICE_PATIENCE)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            pair = json.dumps({"device": registration.device, "code": registration.code})
            line.request("POST", target, pair.encode(), {"Content-Type": "application/json"})
            response = line.getresponse()
            held = response.read(messages.MESSAGE_BYTES + 1)
        finally:
            line.close()
        return verdict(registration, response, held)
    except FAILURES:
        return Verdict.LATER, 0


def verdict(
    registration: Registration, response: http.client.HTTPResponse, held: bytes
) -> tuple[Verdict, int]:
    """What a server that need not be a center has said (10.8)."""
    status = response.status
    if status in PASSING or status >= 500:
        seconds = response.headers["Retry-After"] or "0"
        return Verdict.LATER, int(seconds) if seconds.isdigit() else 0
    if status >= 300:
        return Verdict.REFUSED, 0
    said = json.loads(held)
    right = isinstance(said, dict) and said.get("device") == registration.device
    return (Verdict.TAKEN if right else Verdict.LATER), 0


def call_peer(call: PeerCall) -> bool:
    """Opens a link at a peer, by TLS or where there is none without. spec: POL-063, POL-068"""
    bare = call.address.count(":") > 1 and "[" not in call.address
    try:
        at = urlsplit("//" + (f"[{call.address}]" if bare else call.address))
        host, port = at.hostname or "", at.port
        unverified = ssl.create_default_context()
        unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
        line = http.client.HTTPSConnection(host, port, timeout=PEER_PATIENCE, context=unverified)
        try:
            line.connect()
        except (ssl.SSLError, ConnectionResetError):
            line = http.client.HTTPConnection(host, port, timeout=PEER_PATIENCE)
        try:
            line.request("GET", call.target)
            return line.getresponse().status == 204
        finally:
            line.close()
    except FAILURES:
        return False
