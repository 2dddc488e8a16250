//! What a center makes of a request in a lane (chapters 14.5 and 14.6).

use restante_core::seal::{Challenge, Envelope, Present, Received, Request, Verdict};
use serde::Deserialize;

use crate::sealed::Key;
use crate::suite::{Hex, run};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    key: Key,
    present: Center,
    record: Record,
    envelope: Hex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Center {
    generation: u32,
    secret: Hex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    generation: u32,
    counter: u64,
    tag: Hex,
    seen: Hex,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "verdict", rename_all = "lowercase")]
enum Judged {
    Accept { record: Record },
    Repeated,
    Clone,
    Challenge { nonce: Hex, floor: u64 },
    Late,
}

impl Record {
    fn received(&self) -> Received {
        Received {
            generation: self.generation,
            counter: self.counter,
            tag: self.tag.array(),
            seen: u64::from_be_bytes(self.seen.array()),
        }
    }
}

#[test]
fn a_lane_accepts_repeats_challenges_and_notices_a_clone() {
    run("sealed-lane", 28, |crypto, case: &_| {
        let (given, judged): (&Given, &Judged) = (&case.input, case.expected());
        assert!(case.valid(), "whatever opens is judged");
        let envelope = Envelope::parse(&given.envelope.0).expect("an envelope");
        let request = Request::open(&crypto, &given.key.sealing(), &envelope).expect("opens");
        let present = Present {
            generation: given.present.generation,
            secret: given.present.secret.array(),
        };
        let expected = match judged {
            Judged::Accept { record } => Verdict::Accept(record.received()),
            Judged::Repeated => Verdict::Repeated,
            Judged::Clone => Verdict::Clone,
            Judged::Challenge { nonce, floor } => Verdict::Challenge(Challenge {
                nonce: nonce.array(),
                floor: *floor,
            }),
            Judged::Late => Verdict::Late,
        };
        let verdict = given.record.received().judge(&crypto, &request, &present);
        assert_eq!(verdict, expected);
    });
}
