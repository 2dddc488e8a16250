"""The specification's vectors of codes: what a device takes is what the chapters call right."""

import json
import unittest
from pathlib import Path

from restante_device.codes import MistypedCode, formal_code_is_right, new_request_id, typed_code

VECTORS = Path(__file__).resolve().parents[4] / "spec" / "vectors"


def cases(name: str) -> list[dict]:
    return json.loads((VECTORS / f"{name}.json").read_text())["cases"]


class Codes(unittest.TestCase):
    def test_provisional_codes_are_read_as_the_vectors_say(self) -> None:
        for case in cases("provisional-code"):
            with self.subTest(case["tcId"]):
                text = case["input"]["text"]
                if case["result"] == "valid":
                    self.assertEqual(typed_code(text), case["expected"]["code"])
                else:
                    self.assertRaises(MistypedCode, typed_code, text)

    def test_formal_codes_are_right_where_the_vectors_say_so(self) -> None:
        for case in cases("formal-code"):
            with self.subTest(case["tcId"]):
                right = formal_code_is_right(case["input"]["text"])
                self.assertEqual(right, case["result"] == "valid")

    def test_request_ids_have_the_form_of_identifiers(self) -> None:
        self.assertRegex(new_request_id(), r"^req-[0-7][0-9a-hjkmnp-tv-z]{25}$")


if __name__ == "__main__":
    unittest.main()
