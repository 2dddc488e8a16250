"""Laws of the device's parts that the kit sees only from outside, or not at all."""

import tempfile
import unittest
from pathlib import Path

from restante_device.poll_requests import PollRequest, PollRequests, read_link
from restante_device.service import objection
from restante_device.store import Enrolment, Holding, Memory, Store
from restante_device.waiting import late, place

HOSTS = frozenset({"service.example"})


class Kept(unittest.TestCase):
    def test_what_was_kept_is_read_again_and_a_torn_write_changes_nothing(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "memory.json")
            memory = Memory(
                boot=3,
                enrolment=Enrolment("https://center.example", "code", "req-0", [{}], 1),
                holding=Holding("https://center.example", "reg-0", "dev-0", "rfc1.a", "rfc1.b"),
            )
            Store(path).keep(memory)
            path.with_suffix(".new").write_bytes(b'{"boot": 4')
            self.assertEqual(Store(path).read(), memory)


class Links(unittest.TestCase):
    def test_links_are_read_by_their_forms_and_bounds(self) -> None:
        read = read_link("/doPolling/?tag=a_-&pollreq=192.0.2.2,%5B2001:db8::1%5D&after=30&x=&x=")
        self.assertEqual(read, PollRequest("a_-", ("192.0.2.2", "[2001:db8::1]"), 30))
        self.assertEqual(read_link("/doPolling?pollreq="), PollRequest(addresses=()))
        for broken in ["tag=", "tag=a&tag=a", "after=86401", "after=-1", "pollreq=a,,b", "tag=%4"]:
            self.assertIsNone(read_link("/doPolling?" + broken), broken)
        self.assertIsNone(read_link("/doPolling?x=" + "a" * 2048))

    def test_the_rate_admits_three_and_then_one_in_thirty_seconds(self) -> None:
        requests, polled = PollRequests(), []
        for second in range(300):
            requests.heard(PollRequest(tag=f"t{second}"), second)
            if asked := requests.next(second):
                requests.polled(asked, second)
                requests.answered(asked)
                polled.append(second)
        self.assertEqual(polled, [0, 1, 2, 30, 60, 90, 120, 150, 180, 210, 240, 270])


class Urls(unittest.TestCase):
    def test_a_device_goes_to_the_hosts_of_its_schedule_alone(self) -> None:
        for url in ["https://service.example/r", "https://SERVICE.example:8443/r?a=b"]:
            self.assertIsNone(objection(url, HOSTS), url)
        for url in [
            "http://service.example/r", "https://192.0.2.1/r", "https://[2001:db8::1]/r",
            "https://u@service.example/r", "https://service.example/r#f", "https://other.example/",
            "https://service.example\\@other.example/", "https://service.example:x/", "https://",
        ]:  # fmt: skip
            self.assertIsNotNone(objection(url, HOSTS | {"192.0.2.1", "2001:db8::1"}), url)


class Places(unittest.TestCase):
    def test_places_are_spread_and_stay_within_the_tolerance(self) -> None:
        places = [place(f"reg-{number}") for number in range(1000)]
        self.assertTrue(all(0 <= one < 1 for one in places))
        for tenth in range(10):
            self.assertGreater(sum(tenth <= one * 10 < tenth + 1 for one in places), 50)
        self.assertTrue(0 <= late(86_400, "reg-1") < 300)
        self.assertTrue(0 <= late(160, "reg-1") < 10)


if __name__ == "__main__":
    unittest.main()
