//! The line between a sender and the center: it loses, repeats, delays, cuts and alters.
//!
//! The line is authenticated, as TLS is. A message that was altered or cut on its way therefore
//! breaks the line: the sender hears of it, or hears nothing, but the center's decisions never see
//! altered text. What the center does see is the first copy late, the second copy early, and bytes
//! that end in the middle.

use fastrand::Rng;

use crate::coverage::Coverage;

/// How bad the line is: how many exchanges in a thousand meet each fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// The request does not arrive.
    pub drop_request: u32,
    /// The answer does not arrive.
    pub drop_reply: u32,
    /// The request arrives a second time, at some later time.
    pub repeat: u32,
    /// The request or the answer takes minutes, so that others overtake it.
    pub delay: u32,
    /// The request ends in the middle.
    pub cut_request: u32,
    /// The answer ends in the middle.
    pub cut_reply: u32,
    /// The request is altered.
    pub alter_request: u32,
    /// The answer is altered.
    pub alter_reply: u32,
}

/// What becomes of one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// What becomes of the request.
    pub request: Leg,
    /// What becomes of the answer.
    pub reply: Leg,
    /// After how many milliseconds the request arrives once more, if it does.
    pub again: Option<u64>,
    /// Whether a sender whose exchange fails hears of it, rather than nothing.
    pub told: bool,
}

/// What becomes of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leg {
    /// It arrives after so many milliseconds.
    Arrives(u64),
    /// It does not arrive.
    Lost,
    /// It ends in the middle: so many thousandths of it arrive.
    Cut(u16),
    /// It is altered, which the line notices.
    Altered,
}

impl Weather {
    /// No fault at all.
    pub const FAIR: Self = Self {
        drop_request: 0,
        drop_reply: 0,
        repeat: 0,
        delay: 0,
        cut_request: 0,
        cut_reply: 0,
        alter_request: 0,
        alter_reply: 0,
    };

    /// A line as it may be for one whole history, fair ones included.
    #[must_use]
    pub fn draw(rng: &mut Rng) -> Self {
        let worst = [0, 40, 150, 400][rng.usize(0..4)];
        let mut some = || if rng.bool() { rng.u32(0..=worst) } else { 0 };
        Self {
            drop_request: some(),
            drop_reply: some(),
            repeat: some(),
            delay: some(),
            cut_request: some() / 2,
            cut_reply: some() / 2,
            alter_request: some() / 2,
            alter_reply: some() / 2,
        }
    }

    /// What becomes of the next exchange.
    pub fn fate(&self, rng: &mut Rng, coverage: &mut Coverage) -> Fate {
        let mut meets = |share: u32, word: &'static str| {
            let met = share > 0 && rng.u32(0..1_000) < share;
            if met {
                coverage.note(word);
            }
            met
        };
        let lost = meets(self.drop_request, "link: request dropped");
        let cut = meets(self.cut_request, "link: request cut");
        let altered = meets(self.alter_request, "link: request altered");
        let late = meets(self.delay, "link: request delayed");
        let reply_lost = meets(self.drop_reply, "link: reply dropped");
        let reply_cut = meets(self.cut_reply, "link: reply cut");
        let reply_altered = meets(self.alter_reply, "link: reply altered");
        let reply_late = meets(self.delay, "link: reply delayed");
        let again = meets(self.repeat, "link: request repeated");
        Fate {
            request: leg(rng, lost, cut, altered, late),
            reply: leg(rng, reply_lost, reply_cut, reply_altered, reply_late),
            again: again.then(|| span(rng, &[50, 5_000, 600_000, 20_000_000])),
            told: rng.bool(),
        }
    }
}

fn leg(rng: &mut Rng, lost: bool, cut: bool, altered: bool, late: bool) -> Leg {
    let after = if late {
        span(rng, &[2_000, 60_000, 300_000])
    } else {
        rng.u64(5..80)
    };
    match (lost, cut, altered) {
        (true, ..) => Leg::Lost,
        (_, true, _) => Leg::Cut(rng.u16(0..1_000)),
        (.., true) => Leg::Altered,
        _ => Leg::Arrives(after),
    }
}

/// A time of up to one of these lengths.
fn span(rng: &mut Rng, lengths: &[u64]) -> u64 {
    let longest = lengths[rng.usize(0..lengths.len())];
    rng.u64(1..=longest)
}
