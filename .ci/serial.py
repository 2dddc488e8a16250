"""Frames of serial lines by an implementation that is not ours: chapter 15 on Python's own library.

  serial.py check   answers every case of spec/vectors/serial-frame.json, and says which differ
  serial.py make    writes that file anew

Nothing here was taken from the Rust code; it follows the chapter alone.
"""
import json
import pathlib
import struct
import sys
import zlib

PATH = pathlib.Path(__file__).resolve().parent.parent / "spec/vectors/serial-frame.json"
FRAME = 1_024


def direction(origin, target):
    return zlib.crc32(struct.pack(">II", origin, target))


def content(frame):
    """The frame's bytes, before they are coded."""
    (kind, of), = frame.items()
    if kind == "hello":
        return struct.pack(">BBII", 1, 1, of["from"], of["to"]) + of["takes"].to_bytes(3, "big")
    if kind == "data":
        place = bytes.fromhex(of["link"]) + bytes([of["number"]])
        return b"\2" + place + of["length"].to_bytes(3, "big") + of["offset"].to_bytes(3, "big") + bytes.fromhex(of["bytes"])
    return b"\3" + bytes.fromhex(of["link"]) + bytes([of["number"]]) + of["arrived"].to_bytes(3, "big")


def frame(data):
    """The frame that the bytes are, or None."""
    three = lambda at: int.from_bytes(data[at:at + 3], "big")
    if len(data) >= 13 and data[0] == 1:
        origin, target = struct.unpack(">II", data[2:10])
        if data[1] != 1 or origin == 0:
            return None
        return {"hello": {"from": origin, "to": target, "takes": three(10)}}
    if len(data) > 12 and data[0] == 2:
        if three(9) + len(data) - 12 > three(6):
            return None
        return {"data": {"link": data[1:5].hex(), "number": data[5], "length": three(6), "offset": three(9),
                         "bytes": data[12:].hex()}}
    if len(data) == 9 and data[0] == 3:
        return {"acknowledgement": {"link": data[1:5].hex(), "number": data[5], "arrived": three(6)}}
    return None


def cobs(data):
    out = bytearray([0])
    at = 0
    for place, byte in enumerate(data):
        if byte:
            out.append(byte)
            if len(out) - at == 255:
                out[at] = 255
                if place + 1 < len(data):
                    at = len(out)
                    out.append(0)
                else:
                    at = None
        else:
            out[at] = len(out) - at
            at = len(out)
            out.append(0)
    if at is not None:
        out[at] = len(out) - at
    return bytes(out)


def uncobs(data):
    out, at = bytearray(), 0
    while at < len(data):
        code = data[at]
        run = data[at + 1:at + code]
        if code == 0 or len(run) != code - 1:
            return None
        out += run
        at += code
        if code < 255 and at < len(data):
            out.append(0)
    return bytes(out)


def line(data):
    checked = data + struct.pack(">I", zlib.crc32(data))
    return b"\0" + cobs(checked).replace(b"++", b"++-") + b"\0"


def read(text):
    """The frame on a line, between two zeros, or None."""
    if len(text) < 2 or len(text) > FRAME or text[0] or text[-1] or 0 in text[1:-1]:
        return None
    parts = text[1:-1].split(b"++")
    if any(not part.startswith(b"-") for part in parts[1:]):
        return None
    checked = uncobs(parts[0] + b"".join(b"++" + part[1:] for part in parts[1:]))
    if checked is None or len(checked) < 4 or zlib.crc32(checked[:-4]) != int.from_bytes(checked[-4:], "big"):
        return None
    return frame(checked[:-4])


def answer(given):
    """What a case yields; None where it is invalid."""
    if "direction" in given:
        return {"link": f"{direction(given['direction']['from'], given['direction']['to']):08x}"}
    if "write" in given:
        return {"line": line(content(given["write"])).hex()}
    found = read(bytes.fromhex(given["read"]))
    return found and {"frame": found}


def check():
    suite, wrong = json.loads(PATH.read_text()), []
    for case in suite["cases"]:
        made = answer(case["input"])
        if made != case.get("expected") or (case["result"] == "valid") != (made is not None):
            wrong.append(f"serial-frame {case['tcId']}: {case['notes']}")
    if suite != anew():
        wrong.append("spec/vectors/serial-frame.json is not what serial.py makes")
    print("\n".join(wrong) if wrong else f"serial: {len(suite['cases'])} vectors agree")
    return 1 if wrong else 0


# What follows makes the file.

DEVICE, CENTER = 0x5EA1ED01, 0xC0FFEE02
UP, DOWN = f"{direction(DEVICE, CENTER):08x}", f"{direction(CENTER, DEVICE):08x}"


def data(fragment, length=None, offset=0, number=0):
    length = len(fragment) + offset if length is None else length
    return {"data": {"link": UP, "number": number, "length": length, "offset": offset, "bytes": fragment.hex()}}


def frames():
    yield "the first hello", {"hello": {"from": DEVICE, "to": 0, "takes": 65_615}}
    yield "a hello in return", {"hello": {"from": CENTER, "to": DEVICE, "takes": 65_615}}
    yield "a hello of a small device", {"hello": {"from": 1, "to": CENTER, "takes": 2_127}}
    yield "a message in one fragment", data(b"sealed")
    yield "the first of two fragments", data(b"sealed", length=10)
    yield "the second", data(b"text", length=10, offset=6)
    yield "the message after it", data(b"sealed", number=1)
    yield "a message of zeros", data(bytes(20))
    yield "one zero at the end", data(b"sealed\0")
    yield "runs of every length about 254", data(b"\0".join(b"\x11" * length for length in (1, 253, 254, 4)))
    yield "two blocks of 254 and no zero", data(b"\x11" * 508)
    yield "the longest fragment", data(b"\x22" * 640, length=65_615, offset=64_975)
    for count in (1, 2, 3, 4, 5, 640):
        yield f"a fragment of {count} plus signs", data(b"+" * count)
    yield "a modem's escape and a command", data(b"+++ATH\r")
    yield "what is put in, in the message itself", data(b"++-++--")
    yield "an acknowledgement of a part", {"acknowledgement": {"link": DOWN, "number": 0, "arrived": 6}}
    yield "an acknowledgement of the longest message", {"acknowledgement": {"link": DOWN, "number": 255, "arrived": 65_615}}


def spoiled():
    whole = line(content(data(b"sealed ++ text")))
    yield "one bit of the kind", whole[:2] + bytes([whole[2] ^ 1]) + whole[3:]
    for at in (3, 8, 14, 20, len(whole) - 2):
        yield f"one bit of byte {at}", whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1:]
        yield f"byte {at} lost", whole[:at] + whole[at + 1:]
        yield f"byte {at} twice", whole[:at + 1] + whole[at:]
    yield "cut in the middle", whole[:12] + b"\0"
    yield "without what is put in after two plus signs", whole.replace(b"++-", b"++")
    yield "something else put in", whole.replace(b"++-", b"+++")
    yield "two plus signs at the end and nothing put in", b"\0++\0"
    yield "nothing", b"\0\0"
    yield "what a modem says", b"\0\r\nCONNECT 9600\r\n\0"
    yield "longer than a frame", b"\0" + b"\x11" * 1_100 + b"\0"


def no_frames():
    hello, fragment = content(next(iter(frames()))[1]), content(data(b"sealed"))
    yield "a hello of version 2", hello[:1] + b"\2" + hello[2:]
    yield "a hello of nobody", hello[:2] + bytes(4) + hello[6:]
    yield "a hello that is too short", hello[:-1]
    yield "a kind that there is not", b"\4" + hello[1:]
    yield "kind 0", b"\0" + hello[1:]
    yield "no fragment", fragment[:12]
    yield "a fragment beyond the end of its message", fragment + b"!"
    yield "an acknowledgement with a byte too many", content({"acknowledgement": {"link": DOWN, "number": 0, "arrived": 6}}) + b"\0"
    yield "an acknowledgement that is too short", b"\3" + bytes(7)
    yield "no content", b""


def anew():
    cases = []

    def add(notes, flag, given):
        expected = answer(given)
        case = {"tcId": len(cases) + 1, "notes": notes, "flags": [flag],
                "result": "valid" if expected is not None else "invalid", "input": given}
        cases.append(case if expected is None else case | {"expected": expected})
        assert (expected is None) == (flag in ("Damaged", "Content")), notes

    add("from the device to the center", "Direction", {"direction": {"from": DEVICE, "to": CENTER}})
    add("from the center to the device", "Direction", {"direction": {"from": CENTER, "to": DEVICE}})
    for notes, said in frames():
        add(notes, "Writes", {"write": said})
        add(notes, "Reads", {"read": line(content(said)).hex()})
    hello = content(next(iter(frames()))[1])
    add("a hello with more behind it", "Reads", {"read": line(hello + b"later").hex()})
    for notes, text in spoiled():
        add(notes, "Damaged", {"read": text.hex()})
    for notes, said in no_frames():
        add(notes, "Content", {"read": line(said).hex()})
    return {
        "title": "Frames on serial lines",
        "source": "Restante, chapter 15; computed by an independent implementation",
        "flags": {
            "Direction": "two sessions yield this check number",
            "Writes": "a frame and its bytes on the line",
            "Reads": "bytes on the line and the frame that they are",
            "Damaged": "no frame: the line has altered it, or it never was one",
            "Content": "whole, and no frame that there is in this version",
        },
        "cases": cases,
    }


if __name__ == "__main__":
    if sys.argv[1:] == ["make"]:
        PATH.write_text(json.dumps(anew(), indent=2) + "\n")
    elif sys.argv[1:] == ["check"]:
        sys.exit(check())
    else:
        sys.exit(__doc__)
