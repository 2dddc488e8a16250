"""Sealed envelopes and their cipher against the specification's vectors."""

import unittest
from typing import Any

from restante_device import aead
from restante_device.sealed import (
    UP, Fields, Kind, Lane, Secret, enrol_secret, seal, unseal, unseal_return,
)  # fmt: skip

from .test_codes import cases


def secret_of(key: dict[str, Any]) -> Secret:
    return Secret(bytes.fromhex(key["sender"]), key["epoch"], bytes.fromhex(key["secret"]))


def told(given: dict[str, Any]) -> dict[str, Any] | None:
    """What opening a vector's envelope yields, in the vector's own words."""
    secret, envelope = secret_of(given["key"]), bytes.fromhex(given["envelope"])
    if "request" in given:
        opened = unseal_return(secret, bytes.fromhex(given["request"]), envelope)
    else:
        opened = unseal(secret, envelope)
        opened = opened if opened and opened.fields.kind in UP else None
    if opened is None:
        return None
    kind, text = opened.fields.kind, opened.text
    said: dict[str, Any] = {"kind": kind.name.lower(), "lane": int(opened.fields.lane)}
    said["counter"] = opened.fields.counter
    if kind in (Kind.ANSWER, Kind.CHALLENGE):
        said["nonce"], text = text[:16].hex(), text[16:]
    if kind == Kind.CHALLENGE:
        return said | {"floor": int.from_bytes(text, "big")}
    return said | {"message": text.hex()}


class Sealed(unittest.TestCase):
    def test_envelopes_are_sealed_and_opened_as_the_vectors_say(self) -> None:
        for case in cases("sealed"):
            with self.subTest(case["tcId"], notes=case["notes"]):
                if given := case["input"].get("seal"):
                    self.assertEqual(self.sealed(given), case["expected"]["envelope"])
                else:
                    expected = case["expected"] if case["result"] == "valid" else None
                    self.assertEqual(told(case["input"]["open"]), expected)

    def sealed(self, given: dict[str, Any]) -> str:
        secret = secret_of(given["key"])
        kind, lane = Kind[given["kind"].upper()], Lane[given["lane"].upper()]
        fields = Fields(kind, secret.epoch, lane, secret.sender, given["counter"])
        text, fresh = bytes.fromhex(given["message"]), bytes.fromhex(given["fresh"])
        bound = bytes.fromhex(given.get("request", ""))[-16:]
        return seal(secret, fields, text, fresh, bound).hex()

    def test_a_provisional_code_yields_enrol_id_and_enrol_key(self) -> None:
        for case in cases("provisional-code"):
            if case["result"] == "valid":
                secret = enrol_secret(case["expected"]["code"])
                self.assertEqual(secret.sender.hex(), case["expected"]["enrolId"])
                self.assertEqual(secret.key.hex(), case["expected"]["enrolKey"])

    def test_the_cipher_is_that_of_the_vectors(self) -> None:
        for case in cases("chacha20-poly1305"):
            with self.subTest(case["tcId"]):
                given = {name: bytes.fromhex(value) for name, value in case["input"].items()}
                text = aead.opened(given["key"], given["nonce"], given["aad"], given["sealed"])
                if case["result"] != "valid":
                    self.assertIsNone(text)
                    continue
                self.assertEqual(text.hex(), case["expected"]["plaintext"])
                again = aead.sealed(given["key"], given["nonce"], given["aad"], text)
                self.assertEqual(again, given["sealed"])


if __name__ == "__main__":
    unittest.main()
