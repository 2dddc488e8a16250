//! Carries requests and answers, each as its fate says.

use restante_core::id::{CorrelationId, Note};
use restante_core::registrant::ServiceAnswer;
use restante_core::time::Seconds;

use crate::link::Leg;
use crate::machine::Event as Input;
use crate::mail::{Mail, Origin};
use crate::parcel::{Letter, Parcel};
use crate::world::{Event, World};

impl World {
    /// Sends a request on its way.
    pub(crate) fn post(&mut self, origin: Origin, parcel: Parcel) -> usize {
        let fate = self.weather.fate(&mut self.own.rng, &mut self.coverage);
        let number = self.mail.len();
        self.tell(|| format!("{origin} sends {number}: {parcel}, {fate:?}"));
        self.mail.push(Mail {
            party: self.party,
            origin,
            parcel,
            fate,
        });
        match fate.request {
            Leg::Arrives(after) => self.schedule(after, Event::Arrive(number)),
            Leg::Lost | Leg::Altered => self.no_answer(number),
            Leg::Cut(share) => self.post_cut(number, share),
        }
        if let Some(after) = fate.again {
            self.post_again(number, after);
        }
        number
    }

    /// The request ends in the middle. The center's transport sees that, and the line is broken.
    fn post_cut(&mut self, number: usize, share: u16) {
        let cut = self.mail[number].cut(share);
        let copy = self.mail.len();
        self.mail.push(cut);
        self.schedule(20, Event::Arrive(copy));
        self.no_answer(number);
    }

    /// The line delivers the request once more; nobody waits for the answer.
    fn post_again(&mut self, number: usize, after: u64) {
        let copy = self.mail[number].copy();
        let again = self.mail.len();
        self.mail.push(copy);
        self.schedule(after, Event::Arrive(again));
    }

    pub(crate) fn no_answer(&mut self, mail: usize) {
        if self.mail[mail].fate.told {
            let after = self.own.rng.u64(10..3_000);
            self.schedule(after, Event::Reply { mail, bytes: None });
        }
    }

    pub(crate) fn arrive(&mut self, mail: usize) {
        let correlation = CorrelationId::from_bytes(u128::from(self.own.letters).to_be_bytes());
        self.own.letters += 1;
        if self.is_twin() {
            self.dice.letter(self.own.letters);
        }
        let up: Vec<usize> = (0..self.nodes.len())
            .filter(|it| self.nodes[*it].is_up())
            .collect();
        let Some(node) = self.own.rng.choice(up) else {
            self.coverage.note("line: no center there");
            return self.no_answer(mail);
        };
        match self.mail[mail].parcel.open(correlation) {
            Err(refusal) => {
                self.coverage.note("transport: unreadable");
                self.answer(mail, Some(Letter::Refused(*refusal)));
            }
            Ok(call) => self.begin_call(node, Some(mail), call),
        }
    }

    /// Sends an answer on its way.
    pub(crate) fn answer(&mut self, mail: usize, letter: Option<Letter>) {
        let Some(letter) = letter else { return };
        let bytes = letter.to_bytes();
        self.note_told(&bytes);
        match self.mail[mail].fate.reply {
            Leg::Arrives(after) => {
                let bytes = Some(bytes);
                self.schedule(after, Event::Reply { mail, bytes });
            }
            Leg::Lost => self.no_answer(mail),
            Leg::Cut(share) => {
                let keep = bytes.len() * usize::from(share) / 1_000;
                let bytes = Some(bytes[..keep].to_vec());
                self.schedule(20, Event::Reply { mail, bytes });
            }
            Leg::Altered => self.schedule(20, Event::Reply { mail, bytes: None }),
        }
    }

    pub(crate) fn reply(&mut self, mail: usize, bytes: Option<Vec<u8>>) {
        let letter = bytes.as_deref().and_then(Letter::read);
        let origin = self.mail[mail].origin.clone();
        match origin {
            Origin::Unit {
                unit,
                boot,
                exchange,
            } => {
                if !self.units[unit].is_on() || self.units[unit].boots() != boot {
                    self.coverage.note("line: answer to nobody");
                    return;
                }
                let input = match letter {
                    Some(Letter::Device(reply)) => Input::Replied(exchange, reply),
                    Some(Letter::Refused(refusal)) => Input::Refused(exchange, refusal),
                    _ => Input::LinkFailed(exchange),
                };
                self.unit(unit, input);
            }
            Origin::Errand {
                unit,
                boot,
                exchange,
            } => {
                if self.units[unit].is_on() && self.units[unit].boots() == boot {
                    self.unit(unit, Input::ServiceAnswered(exchange, of_service(letter)));
                }
            }
            Origin::Person(errand) => self.person_hears(errand, letter),
            Origin::Stranger | Origin::Line => {}
        }
    }
}

/// What a service's server has said, as the client of a device reads it (chapter SVC).
fn of_service(letter: Option<Letter>) -> ServiceAnswer {
    match letter {
        Some(Letter::Registered(registered)) => ServiceAnswer::Registered(registered),
        Some(Letter::Refused(refusal)) => match refusal.code.http_status() {
            408 | 425 | 429 | 500.. => {
                ServiceAnswer::Later(refusal.wait().unwrap_or(Seconds::ZERO))
            }
            _ => ServiceAnswer::Refused(Note::new(refusal.code.word()).expect("a word")),
        },
        _ => ServiceAnswer::Nothing,
    }
}
