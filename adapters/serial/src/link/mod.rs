//! The machine of one end of a serial line.
//!
//! It is driven like every machine of the core: what happened and when goes in, what is to be done
//! comes out, and [`Machine::deadline`] says when to come back. Both ends are the same and either
//! may restart at any moment. A message arrives once, in its order, or its sender is told that it
//! failed and whether it can have arrived all the same. Serves spec sections 15.3 to 15.5.

mod incoming;
mod outgoing;
mod pace;

use alloc::vec::Vec;

use restante_core::Uptime;
use restante_core::entropy::Seed;
use restante_core::limits::{FRAME_TRIES, SEALED_BYTES};
use restante_core::machine::Machine;

use crate::frame::{Cutter, Direction, Frame, Session, encode};
use incoming::Incoming;
use outgoing::{Cut, Outgoing};
pub use pace::Pace;

/// What can happen to an end of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The line is there: a port was opened, a call was answered.
    Opened,
    /// These bytes came.
    Received(Vec<u8>),
    /// The deadline has passed.
    TimePassed,
    /// This message is to reach the other end.
    Send(Vec<u8>),
    /// The line is gone: a port vanished, the carrier was lost.
    Lost,
}

/// What an end of a line wants done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// These bytes go to the line. They are at most one frame.
    Write(Vec<u8>),
    /// This message has come. It is acknowledged by what is written next, and never handed up again
    /// in this session of the other end.
    Arrived(Vec<u8>),
    /// The message that was to be sent is with the other end.
    Delivered,
    /// The message that was to be sent is given up.
    Failed(Failure),
}

/// Why a message was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The other end says nothing, or nothing that could be read.
    #[error("the other end of the line does not answer{}", or_may_have(*.may_have_arrived))]
    NoAnswer {
        /// Whether all of it had been sent.
        may_have_arrived: bool,
    },
    /// The line went away.
    #[error("the line was lost{}", or_may_have(*.may_have_arrived))]
    LineLost {
        /// Whether all of it had been sent.
        may_have_arrived: bool,
    },
    /// The other end has restarted after all of the message had been sent, and does not know
    /// whether it had handed it up.
    #[error("the other end of the line has restarted; the message may have arrived")]
    Restarted,
    /// The other end takes no message as long as this.
    #[error("the other end of the line takes messages of at most {takes} bytes")]
    TooLong {
        /// Bytes of the longest that it takes.
        takes: u32,
    },
}

const fn or_may_have(arrived: bool) -> &'static str {
    if arrived {
        "; the message may have arrived"
    } else {
        ""
    }
}

/// Why a message is not taken. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// Another message is on its way.
    #[error("another message is on its way")]
    Busy,
    /// No envelope is as short or as long as this.
    #[error("a message on a serial line has 1 to {SEALED_BYTES} bytes, and this one has {0}")]
    Length(usize),
}

/// What a line has been through, for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Data frames that were sent.
    pub sent: u64,
    /// Frames that were sent again because nothing had come back.
    pub again: u64,
    /// Frames that came damaged, noise between frames included.
    pub damaged: u64,
}

/// One end of a line.
#[derive(Clone, Debug)]
pub struct Link {
    pace: Pace,
    takes: u32,
    session: Session,
    stage: Stage,
    outgoing: Option<Outgoing>,
    cut: Cut,
    cutter: Cutter,
    figures: Figures,
}

/// Whether the other end is known.
///
/// ```text
///           a hello of the other end          a hello of its next session
///   Apart ───────────────────────────▶ Joined ──────────┐
///     ▲                                  │  ▲           │
///     └──────────────────────────────────┘  └───────────┘
///          a message failed; the line was lost
/// ```
#[derive(Clone, Debug)]
enum Stage {
    /// Nothing has been heard of it in this session.
    Apart,
    /// It has said which session it is in.
    Joined(Joined),
}

/// What holds between two sessions.
#[derive(Clone, Debug)]
struct Joined {
    session: Session,
    takes: u32,
    /// The number of the message that is going or goes next.
    number: u8,
    incoming: Incoming,
}

impl Link {
    /// An end that has just started. `drawn` is random, `takes` the longest message in bytes that
    /// this end can hold.
    #[must_use]
    pub fn new(drawn: u32, pace: Pace, takes: usize) -> Self {
        let takes = u32::try_from(takes.min(SEALED_BYTES)).unwrap_or(u32::MAX);
        Self {
            pace,
            takes,
            session: Session::new(drawn),
            stage: Stage::Apart,
            outgoing: None,
            cut: Cut::FIRST,
            cutter: Cutter::default(),
            figures: Figures::default(),
        }
    }

    /// Whether a message can be sent now.
    #[must_use]
    pub const fn is_free(&self) -> bool {
        self.outgoing.is_none()
    }

    /// What the line has been through.
    #[must_use]
    pub const fn figures(&self) -> Figures {
        Figures {
            damaged: self.cutter.damaged(),
            ..self.figures
        }
    }

    fn send(
        &mut self,
        now: Uptime,
        message: Vec<u8>,
        out: &mut Vec<Output>,
    ) -> Result<(), SendError> {
        if message.is_empty() || message.len() > SEALED_BYTES {
            return Err(SendError::Length(message.len()));
        }
        if self.outgoing.is_some() {
            return Err(SendError::Busy);
        }
        self.outgoing = Some(Outgoing::new(message, now));
        self.go_on(now, out);
        Ok(())
    }

    /// Says the next thing for the message that waits: a hello until the other end is known, and
    /// then a fragment.
    fn go_on(&mut self, now: Uptime, out: &mut Vec<Output>) {
        let hello = self.hello();
        let Some(outgoing) = &mut self.outgoing else {
            return;
        };
        let frame = match &self.stage {
            Stage::Apart => hello,
            Stage::Joined(joined) if outgoing.length() > joined.takes => {
                let takes = joined.takes;
                self.outgoing = None;
                out.push(Output::Failed(Failure::TooLong { takes }));
                return;
            }
            Stage::Joined(joined) => {
                let (offset, bytes) = outgoing.fragment(self.cut.bytes());
                self.figures.sent = self.figures.sent.saturating_add(1);
                Frame::Data {
                    link: Direction::new(self.session, joined.session),
                    number: joined.number,
                    length: outgoing.length(),
                    offset,
                    bytes,
                }
            }
        };
        let line = encode(&frame.to_bytes());
        outgoing.tries = outgoing.tries.saturating_add(1);
        outgoing.again_at = now.after_millis(self.pace.wait(line.len(), outgoing.tries));
        out.push(Output::Write(line));
    }

    /// Nothing came back in time.
    fn time_passed(&mut self, now: Uptime, out: &mut Vec<Output>) {
        let Some(outgoing) = &self.outgoing else {
            return;
        };
        if now < outgoing.again_at {
            return;
        }
        if outgoing.tries >= FRAME_TRIES {
            let may_have_arrived = outgoing.may_have_arrived();
            self.begin_anew();
            out.push(Output::Failed(Failure::NoAnswer { may_have_arrived }));
            return;
        }
        self.figures.again = self.figures.again.saturating_add(1);
        self.cut.lost();
        self.go_on(now, out);
    }

    fn lost(&mut self, out: &mut Vec<Output>) {
        let failure = self.outgoing.as_ref().map(|outgoing| Failure::LineLost {
            may_have_arrived: outgoing.may_have_arrived(),
        });
        self.begin_anew();
        out.extend(failure.map(Output::Failed));
    }

    /// Another session, in which nothing of the former counts: what is still on the line can no
    /// longer be taken for a part of what comes.
    fn begin_anew(&mut self) {
        self.session = self.session.next();
        self.stage = Stage::Apart;
        self.outgoing = None;
        self.cut = Cut::FIRST;
        self.cutter.clear();
    }

    fn take(&mut self, now: Uptime, frame: Frame, out: &mut Vec<Output>) {
        match frame {
            Frame::Hello { from, to, takes } => self.greeted(now, (from, to), takes, out),
            Frame::Data {
                link,
                number,
                length,
                offset,
                bytes,
            } => {
                let takes = (length, self.takes);
                let Some((joined, answer)) = self.joined(link, out) else {
                    return;
                };
                let Some(taken) = joined.incoming.take(number, takes, offset, &bytes) else {
                    return;
                };
                out.extend(taken.message.map(Output::Arrived));
                let acknowledgement = Frame::Acknowledgement {
                    link: answer,
                    number,
                    arrived: taken.arrived,
                };
                out.push(written(&acknowledgement));
            }
            Frame::Acknowledgement {
                link,
                number,
                arrived,
            } => {
                if let Some((joined, _)) = self.joined(link, out)
                    && joined.number == number
                {
                    self.acknowledged(now, arrived, out);
                }
            }
        }
    }

    /// What holds between the two sessions of a frame, and the direction of an answer. Where the
    /// frame is of other sessions, its sender is told which one this end is in; an echo of what
    /// this end has said is no reason to.
    fn joined(
        &mut self,
        link: Direction,
        out: &mut Vec<Output>,
    ) -> Option<(&mut Joined, Direction)> {
        let hello = self.hello();
        if let Stage::Joined(joined) = &mut self.stage {
            let back = Direction::new(self.session, joined.session);
            if link == Direction::new(joined.session, self.session) {
                return Some((joined, back));
            }
            if link == back {
                return None;
            }
        }
        out.push(written(&hello));
        None
    }

    fn greeted(
        &mut self,
        now: Uptime,
        (from, to): (Session, Option<Session>),
        takes: u32,
        out: &mut Vec<Output>,
    ) {
        if from == self.session {
            // An echo of this end's own.
            return;
        }
        let is_known = matches!(&self.stage, Stage::Joined(joined) if joined.session == from);
        if !is_known {
            self.stage = Stage::Joined(Joined {
                session: from,
                takes,
                number: 0,
                incoming: Incoming::default(),
            });
        }
        if to != Some(self.session) {
            out.push(written(&self.hello()));
        }
        if !is_known {
            self.begin_message_anew(now, out);
        }
    }

    /// The other end is in a session of which this one has not heard before, and has nothing of the
    /// message that waits. It has handed it up only if all of it had been sent.
    fn begin_message_anew(&mut self, now: Uptime, out: &mut Vec<Output>) {
        let Some(outgoing) = &mut self.outgoing else {
            return;
        };
        if outgoing.may_have_arrived() {
            self.outgoing = None;
            out.push(Output::Failed(Failure::Restarted));
            return;
        }
        outgoing.begin_anew();
        self.go_on(now, out);
    }

    fn acknowledged(&mut self, now: Uptime, arrived: u32, out: &mut Vec<Output>) {
        let Some(outgoing) = &mut self.outgoing else {
            return;
        };
        let at_first_try = outgoing.tries == 1;
        if !outgoing.arrived(arrived) {
            return;
        }
        self.cut.arrived(at_first_try);
        if !outgoing.is_delivered() {
            self.go_on(now, out);
            return;
        }
        self.outgoing = None;
        if let Stage::Joined(joined) = &mut self.stage {
            joined.number = joined.number.wrapping_add(1);
        }
        out.push(Output::Delivered);
    }

    const fn hello(&self) -> Frame {
        Frame::Hello {
            from: self.session,
            to: match &self.stage {
                Stage::Apart => None,
                Stage::Joined(joined) => Some(joined.session),
            },
            takes: self.takes,
        }
    }
}

/// A frame on its way to the line.
fn written(frame: &Frame) -> Output {
    Output::Write(encode(&frame.to_bytes()))
}

impl Machine for Link {
    type Input = Input;
    type Output = Output;
    type Error = SendError;

    fn handle(
        &mut self,
        now: Uptime,
        _seed: &Seed,
        input: Input,
        out: &mut Vec<Output>,
    ) -> Result<(), SendError> {
        match input {
            Input::Opened => out.push(written(&self.hello())),
            Input::Received(bytes) => {
                for byte in bytes {
                    if let Some(frame) = self.cutter.take(byte) {
                        self.take(now, frame, out);
                    }
                }
            }
            Input::TimePassed => self.time_passed(now, out),
            Input::Send(message) => self.send(now, message, out)?,
            Input::Lost => self.lost(out),
        }
        Ok(())
    }

    fn deadline(&self) -> Option<Uptime> {
        self.outgoing.as_ref().map(|outgoing| outgoing.again_at)
    }
}
