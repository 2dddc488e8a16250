"""Sealed envelopes by an implementation that is not ours: chapter 14 on pyca/cryptography.

  sealed.py check   answers every case of spec/vectors/sealed.json and sealed-lane.json, and says
                    which differ
  sealed.py make    writes these files anew

Nothing here was taken from the Rust code; it follows the chapter alone.
"""
import hashlib
import hmac
import json
import pathlib
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "spec/vectors"
KINDS = {"request": 1, "reply": 2, "answer": 3, "challenge": 4, "enrolment": 5, "enrolled": 6}
LANES = {"conversation": 1, "mail": 2}
NAMES = {number: name for name, number in KINDS.items()}
HEADER, TAG, MESSAGE = 47, 16, 65_536


def hkdf(salt, secret, info):
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(secret)


def fields(key, kind, lane, counter):
    epoch = 0 if kind in ("enrolment", "enrolled") else key["epoch"]
    start = struct.pack(">BBIB", 1, KINDS[kind], epoch, LANES[lane])
    return start + bytes.fromhex(key["sender"]) + struct.pack(">Q", counter)


def seal(key, kind, lane, counter, text, fresh=b"", bound=b"", nonce=bytes(12)):
    secret = bytes.fromhex(key["secret"])
    start = fields(key, kind, lane, counter)
    info = start + bound + fresh + hashlib.sha256(text).digest()
    header = start + hkdf(b"restante salt 1", secret, info)[:16]
    one = ChaCha20Poly1305(hkdf(b"restante sealed 1", secret, header))
    return header + one.encrypt(nonce, text, header + bound)


def drawn(seed):
    return hmac.new(seed, b"sealed" + bytes(5), hashlib.sha256).digest()


def read(envelope):
    """The header, or None where the bytes are no envelope."""
    if not HEADER + TAG <= len(envelope):
        return None
    version, kind, epoch, lane, sender, counter, salt = struct.unpack(">BBIB16sQ16s", envelope[:HEADER])
    if version != 1 or kind not in NAMES or lane not in LANES.values():
        return None
    name = NAMES[kind]
    initial = name in ("enrolment", "enrolled")
    if initial != (epoch == 0) or initial != (counter == 0):
        return None
    if lane == LANES["mail"] and name != "request":
        return None
    most = {"challenge": 24, "answer": 16 + MESSAGE}.get(name, MESSAGE)
    if len(envelope) - HEADER - TAG > most:
        return None
    return {"kind": name, "epoch": epoch, "lane": lane, "sender": sender.hex(), "counter": counter}


def opened(case):
    """What an open case yields, or None."""
    key, envelope = case["key"], bytes.fromhex(case["envelope"])
    header = read(envelope)
    if header is None or (header["sender"], header["epoch"]) != (key["sender"], key["epoch"]):
        return None
    bound = b""
    if case["by"] == "center":
        if header["kind"] not in ("request", "answer", "enrolment"):
            return None
    else:
        request = bytes.fromhex(case["request"])
        asked, bound = read(request), request[-TAG:]
        if (asked["lane"], asked["counter"]) != (header["lane"], header["counter"]):
            return None
        replies = ("enrolled",) if asked["kind"] == "enrolment" else ("reply", "challenge")
        if header["kind"] not in replies:
            return None
    start = envelope[:HEADER]
    one = ChaCha20Poly1305(hkdf(b"restante sealed 1", bytes.fromhex(key["secret"]), start))
    try:
        text = one.decrypt(bytes(12), envelope[HEADER:], start + bound)
    except InvalidTag:
        return None
    yields = {"kind": header["kind"], "lane": header["lane"], "counter": header["counter"]}
    if header["kind"] == "challenge":
        if len(text) != 24:
            return None
        return yields | {"nonce": text[:16].hex(), "floor": struct.unpack(">Q", text[16:])[0]}
    if header["kind"] == "answer":
        if len(text) < 16:
            return None
        yields["nonce"], text = text[:16].hex(), text[16:]
    return yields | {"message": text.hex()}


def sealed(case):
    """What a seal case yields."""
    bound = bytes.fromhex(case["request"])[-TAG:] if "request" in case else b""
    envelope = seal(case["key"], case["kind"], case["lane"], case["counter"], bytes.fromhex(case["message"]),
                    bytes.fromhex(case["fresh"]), bound)
    return {"envelope": envelope.hex()}


def judged(case):
    """What a center makes of a request in a lane, and of the lane's record."""
    record, present = case["record"], case["present"]
    envelope = bytes.fromhex(case["envelope"])
    request, tag = opened({"by": "center"} | case), envelope[-TAG:].hex()
    counter, current = request["counter"], record["generation"] == present["generation"]
    if counter == record["counter"]:
        return {"verdict": "repeated" if tag == record["tag"] else "clone"}
    after = record | {"counter": counter, "tag": tag}
    ahead, seen = counter - record["counter"], int(record["seen"], 16)
    if request["lane"] == LANES["conversation"]:
        nonce = made_nonce(case, record)
        if ahead > 0 and request.get("nonce", nonce if current else "") == nonce:
            return {"verdict": "accept", "record": after}
        return {"verdict": "challenge", "nonce": nonce, "floor": record["counter"]}
    if not current or ahead <= -64:
        return {"verdict": "late"}
    if ahead > 0:
        window = (seen << ahead) % 2**64 | 1
        return {"verdict": "accept", "record": after | {"seen": f"{window:016x}"}}
    if seen >> -ahead & 1:
        return {"verdict": "repeated"}
    return {"verdict": "accept", "record": record | {"seen": f"{seen | 1 << -ahead:016x}"}}


def made_nonce(case, record):
    header, present = bytes.fromhex(case["envelope"])[:HEADER], case["present"]
    said = (b"restante challenge 1" + struct.pack(">I", present["generation"]) + header[7:23] + header[2:6]
            + header[6:7] + struct.pack(">Q", record["counter"]) + bytes.fromhex(record["tag"]))
    return hmac.new(bytes.fromhex(present["secret"]), said, hashlib.sha256).digest()[:16].hex()


def answer(given):
    """What a case yields, whatever it asks; None where it is invalid."""
    if "seal" in given:
        return sealed(given["seal"])
    return opened(given["open"]) if "open" in given else judged(given)


def check():
    wrong, count = [], 0
    for name, anew in SUITES.items():
        suite = json.loads((VECTORS / f"{name}.json").read_text())
        for case in suite["cases"]:
            made = answer(case["input"])
            if made != case.get("expected") or (case["result"] == "valid") != (made is not None):
                wrong.append(f"{name} {case['tcId']}: {case['notes']}")
        if suite != anew():
            wrong.append(f"spec/vectors/{name}.json is not what sealed.py makes")
        count += len(suite["cases"])
    print("\n".join(wrong) if wrong else f"sealed: {count} vectors agree")
    return 1 if wrong else 0


# What follows makes the file.

def secret(label):
    return hashlib.sha256(b"sealed vectors: " + label.encode()).digest()


def make_key(epoch):
    return {"sender": secret("registration")[:16].hex(), "epoch": epoch, "secret": secret(f"epoch {epoch}").hex()}


POLL, POLLED = b'{"poll":{}}', b'{"polled":"unchanged"}'
KEY, NEXT = make_key(1), make_key(2)
ENROL = {"sender": "32f9dce95a4680c9c7f5ba7c7bc1bc5b", "epoch": 0,
         "secret": "98882c7834052065fef9044917d93e1483bbd6483e6956c39ecd81d0c4dfdc92"}
ENROLMENT = b'{"enrol":{"request":"req-5zkf1g0rcvk7n467fze15qg2ym","devices":[]}}'
NONCE = secret("nonce")[:16]


class Exchange:
    """One envelope of each kind."""

    def __init__(self):
        fresh = drawn(secret("seed"))
        up = lambda kind, text, counter=65: seal(KEY, kind, "conversation", counter, text, fresh)
        down = lambda kind, text, request, counter=65: seal(
            KEY, kind, "conversation", counter, text, fresh, request[-TAG:])
        self.request, self.other = up("request", POLL), up("request", POLL + b" ")
        self.reply, self.swapped = down("reply", POLLED, self.request), down("reply", POLLED, self.other)
        floor = NONCE + struct.pack(">Q", 4711)
        self.challenge = down("challenge", floor, self.request)
        self.long_challenge = down("challenge", floor + b"\0", self.request)
        self.short_challenge = down("challenge", floor[:-1], self.request)
        self.answer, self.short_answer = up("answer", NONCE + POLL, 4736), up("answer", NONCE[:15], 4736)
        self.mail = seal(KEY, "request", "mail", 3, POLL, fresh)
        self.enrolment = seal(ENROL, "enrolment", "conversation", 0, ENROLMENT)
        self.enrolled = seal(ENROL, "enrolled", "conversation", 0, b"{}", fresh, self.enrolment[-TAG:])
        self.unbound = up("reply", POLLED)
        self.nonce_one = seal(KEY, "request", "conversation", 65, POLL, fresh, nonce=b"\1" + bytes(11))
        self.under_next = seal(NEXT, "request", "conversation", 65, POLL, fresh)


def flipped(envelope, at, bit=0):
    altered = bytearray(envelope)
    altered[at] ^= 1 << bit
    return bytes(altered)


def changed(envelope, at, value):
    return envelope[:at] + value + envelope[at + len(value):]


def open_cases(e):
    center = lambda envelope, key=KEY: {"by": "center", "key": key, "envelope": envelope.hex()}
    device = lambda envelope, request=e.request, key=KEY: {
        "by": "device", "key": key, "request": request.hex(), "envelope": envelope.hex()}
    yield "a request", "Opens", center(e.request)
    yield "the answer to a challenge", "Opens", center(e.answer)
    yield "a mail", "Opens", center(e.mail)
    yield "an enrolment under the enrol key of chapter 2.5", "Opens", center(e.enrolment, ENROL)
    yield "a request of the next epoch", "Opens", center(e.under_next, NEXT)
    yield "a reply", "Opens", device(e.reply)
    yield "a challenge", "Opens", device(e.challenge)
    yield "the reply to an enrolment", "Opens", device(e.enrolled, e.enrolment, ENROL)
    places = [("version", 0), ("kind", 1), ("epoch", 5), ("lane", 6), ("sender", 7), ("counter", 30),
              ("salt", 46), ("first byte of the text", 47), ("last byte of the text", -17),
              ("first byte of the tag", -16), ("last byte of the tag", -1)]
    for name, at in places:
        yield f"one bit of the {name} differs in a request", "Altered", center(flipped(e.request, at, 1))
        yield f"one bit of the {name} differs in a reply", "Altered", device(flipped(e.reply, at, 1))
        yield f"one bit of the {name} differs in an enrolment", "Altered", center(flipped(e.enrolment, at, 1), ENROL)
    for length in (0, 46, 62, 63, len(e.request) - 1):
        yield f"only the first {length} bytes of a request", "Length", center(e.request[:length])
    yield "one byte more than a request", "Length", center(e.request + b"\0")
    yield "a challenge with one byte more inside", "Length", device(e.long_challenge)
    yield "a challenge with one byte less inside", "Content", device(e.short_challenge)
    yield "an answer without a whole nonce", "Content", center(e.short_answer)
    yield "a reply is no request", "Direction", center(e.reply)
    yield "a request is no reply, though it comes back", "Direction", device(e.request)
    yield "a reply under the kind of a request", "Direction", center(changed(e.reply, 1, b"\1"))
    yield "a challenge under the kind of a reply", "Direction", device(changed(e.challenge, 1, b"\2"))
    yield "an answer under the kind of a request", "Direction", center(changed(e.answer, 1, b"\1"))
    yield "a conversation's request in the lane of mails", "Lane", center(changed(e.request, 6, b"\2"))
    yield "a mail in the lane of conversations", "Lane", center(changed(e.mail, 6, b"\1"))
    yield "a reply in the lane of mails", "Lane", device(changed(e.reply, 6, b"\2"))
    yield "lane 0", "Lane", center(changed(e.request, 6, b"\0"))
    yield "a request of the former epoch", "Epoch", center(e.request, NEXT)
    yield "a request of the former epoch under the next one's number", "Epoch", center(changed(e.request, 5, b"\2"), NEXT)
    yield "epoch 0 in a request", "Epoch", center(changed(e.request, 2, bytes(4)), KEY | {"epoch": 0})
    yield "counter 0 in a request", "Counter", center(changed(e.request, 23, bytes(8)))
    yield "a counter in an enrolment", "Counter", center(changed(e.enrolment, 30, b"\1"), ENROL)
    yield "another sender's secret", "Sender", center(e.request, KEY | {"secret": NEXT["secret"]})
    yield "another sender", "Sender", center(e.request, KEY | {"sender": ENROL["sender"]})
    yield "the reply to another request with the same counter", "Bound", device(e.swapped)
    yield "a reply that is bound to nothing", "Bound", device(e.unbound)
    yield "the reply to an enrolment, by a request that waits", "Bound", device(e.enrolled)
    yield "a nonce of the cipher that is not zero", "Nonce", center(e.nonce_one)


def seal_cases(e):
    def case(kind, key, counter, message, request=None, lane="conversation", fresh=None):
        seed = secret("seed")
        given = {"kind": kind, "key": key, "lane": lane, "counter": counter, "message": message.hex(),
                 "seed": seed.hex(), "fresh": (drawn(seed) if fresh is None else fresh).hex()}
        return given | ({"request": request.hex()} if request else {})
    yield "a request", case("request", KEY, 65, POLL)
    yield "an empty request", case("request", KEY, 1, b"")
    yield "a mail", case("request", KEY, 3, POLL, lane="mail")
    yield "a reply", case("reply", KEY, 65, POLLED, e.request)
    yield "another reply to the same request, with the same randomness", case("reply", KEY, 65, POLLED + b" ", e.request)
    yield "a challenge", case("challenge", KEY, 65, NONCE + struct.pack(">Q", 4711), e.request)
    yield "an enrolment, without any randomness", case("enrolment", ENROL, 0, ENROLMENT, fresh=b"")
    yield "the reply to an enrolment", case("enrolled", ENROL, 0, b"{}", e.enrolment)


class Cases(list):
    """The cases of a file, as they are added."""

    def add(self, notes, flag, given):
        expected = answer(given)
        case = {"tcId": len(self) + 1, "notes": notes, "flags": [flag],
                "result": "valid" if expected is not None else "invalid", "input": given}
        self.append(case if expected is None else case | {"expected": expected})


def sealed_suite():
    cases, exchange = Cases(), Exchange()
    for notes, given in seal_cases(exchange):
        cases.add(notes, "Seals", {"seal": given})
    for notes, flag, given in open_cases(exchange):
        cases.add(notes, flag, {"open": given})
        assert (cases[-1]["result"] == "valid") == (flag == "Opens"), notes
    return {
        "title": "Sealed envelopes",
        "source": "Restante, chapter 14; computed by an independent implementation",
        "flags": {
            "Seals": "message and key yield this envelope; fresh is drawn from the seed for \"sealed\"",
            "Opens": "an envelope and what is in it",
            "Altered": "one bit differs",
            "Length": "too few bytes or too many",
            "Content": "it opens and does not hold what its kind holds",
            "Direction": "an envelope of another kind, or under another kind's number",
            "Lane": "another lane, or none that there is",
            "Epoch": "another epoch, or none that there is",
            "Counter": "a counter where there is none, or none where there is one",
            "Sender": "another sender's",
            "Bound": "what was sealed in return for something else",
            "Nonce": "sealed with another nonce than zero",
        },
        "cases": cases,
    }


def lane_cases():
    """What is judged: notes, the lane, the record, the present generation, counter and nonce."""
    tag = secret("last tag")[:16].hex()
    record = lambda counter, seen=0, generation=1, tag=tag: {
        "generation": generation, "counter": counter, "tag": tag if counter else "00" * 16, "seen": f"{seen:016x}"}
    now, past = "present", "former"
    yield "the first request", "conversation", record(0), 1, 1, None
    yield "the first request after a boot", "conversation", record(0), 1, 65, None
    yield "a higher counter", "conversation", record(65), 1, 66, None
    yield "the same request again", "conversation", record(65, tag="own"), 1, 65, None
    yield "another request with the last counter", "conversation", record(65), 1, 65, None
    yield "a lower counter", "conversation", record(65), 1, 64, None
    yield "a lower counter, and the present nonce", "conversation", record(65), 1, 64, now
    yield "a higher counter, and the present nonce", "conversation", record(65), 1, 129, now
    yield "a higher counter, and the nonce of a former record", "conversation", record(65), 1, 129, past
    yield "the same answer again", "conversation", record(129, tag="own"), 1, 129, past
    yield "a restored center, a higher counter", "conversation", record(65), 2, 66, None
    yield "a restored center that knows of no request", "conversation", record(0), 2, 66, None
    yield "a restored center, the present nonce", "conversation", record(65), 2, 129, now
    yield "a restored center, a recorded answer", "conversation", record(65), 2, 129, past
    yield "a restored center, the last request that it remembers", "conversation", record(65, tag="own"), 2, 65, None
    yield "the first mail", "mail", record(0), 1, 1, None
    yield "the next mail", "mail", record(1, 1), 1, 2, None
    yield "a mail that overtook two", "mail", record(2, 3), 1, 5, None
    yield "a mail as far ahead as the window is wide", "mail", record(5, 0b11001), 1, 69, None
    yield "a mail one short of that", "mail", record(5, 0b11001), 1, 68, None
    yield "a mail far ahead", "mail", record(5, 0b11001), 1, 5_000, None
    yield "a mail that was overtaken", "mail", record(5, 0b11001), 1, 4, None
    yield "the same mail once more", "mail", record(5, 0b11011), 1, 4, None
    yield "the latest mail once more", "mail", record(5, 0b11001, tag="own"), 1, 5, None
    yield "another mail with the last counter", "mail", record(5, 0b11001), 1, 5, None
    yield "the last mail in the window", "mail", record(100, 1), 1, 37, None
    yield "a mail just outside of it", "mail", record(100, 1), 1, 36, None
    yield "a restored center, the next mail", "mail", record(5, 0b11001), 2, 6, None


def lane_suite():
    cases = Cases()
    center = secret("center").hex()
    for notes, lane, record, generation, counter, nonce in lane_cases():
        given = {"key": KEY, "present": {"generation": generation, "secret": center}, "record": record}
        kind, text = "request", POLL
        if nonce:
            header = fields(KEY, "answer", lane, counter) + bytes(16)
            former = record | {"counter": record["counter"] - 1} if nonce == "former" else record
            tag = former["tag"] if former["tag"] != "own" else "00" * 16
            made = made_nonce({"envelope": header.hex()} | given, former | {"tag": tag})
            kind, text = "answer", bytes.fromhex(made) + POLL
        envelope = seal(KEY, kind, lane, counter, text, drawn(secret("seed")))
        if record["tag"] == "own":
            given["record"] = record | {"tag": envelope[-TAG:].hex()}
        cases.add(notes, "Mail" if lane == "mail" else "Conversation", given | {"envelope": envelope.hex()})
    return {
        "title": "What a center makes of a request in a lane",
        "source": "Restante, chapters 14.5 and 14.6; computed by an independent implementation",
        "flags": {
            "Conversation": "lane 1; nonces as section 14.6 makes them",
            "Mail": "lane 2; bit n of seen, from the right, says that the counter n below the highest has come",
        },
        "cases": cases,
    }


SUITES = {"sealed": sealed_suite, "sealed-lane": lane_suite}

if __name__ == "__main__":
    if sys.argv[1:] == ["make"]:
        for name, anew in SUITES.items():
            (VECTORS / f"{name}.json").write_text(json.dumps(anew(), indent=2) + "\n")
    elif sys.argv[1:] == ["check"]:
        sys.exit(check())
    else:
        sys.exit(__doc__)
