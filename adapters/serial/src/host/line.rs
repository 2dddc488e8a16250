//! A link at work: one task that reads, writes and keeps time.
//!
//! Messages that come are handed over before anything else is read, so that a reader that does not
//! come for them makes the other end wait, and nothing piles up. Bytes that are to be written are
//! bounded the same way.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;
use std::vec::Vec;

use restante_core::Uptime;
use restante_core::entropy::Seed;
use restante_core::limits::FRAME_BYTES;
use restante_core::machine::Machine as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::port::is_gone;
use crate::{Failure, Input, Link, Output, SendError};

/// What is behind a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A cable.
    Cable,
    /// A modem, which says `NO CARRIER` when the line is lost.
    Modem,
}

/// A link at work. It ends when this is dropped.
#[derive(Debug)]
pub struct Line {
    to_send: mpsc::Sender<Wish>,
    arrived: mpsc::Receiver<Vec<u8>>,
    task: JoinHandle<LineError>,
}

/// Why a line has ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// The port is gone: unplugged, or its device switched off.
    #[error("the serial port has gone away")]
    Gone,
    /// The modem has lost the other one.
    #[error("the modem has lost the carrier")]
    CarrierLost,
    /// Reading or writing failed.
    #[error("the serial port failed: {0}")]
    Port(#[source] io::Error),
    /// Nobody holds it any more.
    #[error("the line was closed")]
    Closed,
}

/// Why a message was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendFailure {
    /// It cannot be sent.
    #[error(transparent)]
    NotSent(#[from] SendError),
    /// It was given up.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// There is no line any more.
    #[error("the line has ended")]
    Ended,
}

struct Wish {
    message: Vec<u8>,
    outcome: oneshot::Sender<Result<(), SendFailure>>,
}

impl Line {
    /// Sets a link to work over what reads and writes. `first` is what has come already, behind a
    /// modem's `CONNECT`.
    #[must_use]
    pub fn start<S>(stream: S, link: Link, kind: Kind, first: Vec<u8>) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (to_send, wishes) = mpsc::channel(1);
        let (hand_over, arrived) = mpsc::channel(1);
        let work = Work {
            link,
            kind,
            began: Instant::now(),
            wishes,
            wish: None,
            come: VecDeque::new(),
            to_write: Vec::new(),
            tail: Vec::new(),
        };
        let task = tokio::spawn(work.run(stream, first, hand_over));
        Self {
            to_send,
            arrived,
            task,
        }
    }

    /// Sends a message, after those that wait already, and waits for its end: that it is with the
    /// other end, or why not.
    ///
    /// # Errors
    /// If it was not delivered, or nobody knows.
    pub async fn send(&self, message: Vec<u8>) -> Result<(), SendFailure> {
        let (outcome, end) = oneshot::channel();
        let wish = Wish { message, outcome };
        let sent = self.to_send.send(wish).await;
        sent.map_err(|_| SendFailure::Ended)?;
        end.await.unwrap_or(Err(SendFailure::Ended))
    }

    /// The next message that has come; `None` when the line has ended.
    pub async fn next(&mut self) -> Option<Vec<u8>> {
        self.arrived.recv().await
    }

    /// Waits until the line has ended, and says why.
    pub async fn ended(mut self) -> LineError {
        self.arrived.close();
        (&mut self.task).await.unwrap_or(LineError::Closed)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the task holds.
struct Work {
    link: Link,
    kind: Kind,
    began: Instant,
    wishes: mpsc::Receiver<Wish>,
    /// Who waits for the message that is on its way.
    wish: Option<oneshot::Sender<Result<(), SendFailure>>>,
    /// Messages that have come and were not taken yet.
    come: VecDeque<Vec<u8>>,
    to_write: Vec<u8>,
    /// The last bytes that came, as many as a modem's word has.
    tail: Vec<u8>,
}

/// What a modem says when the line is lost. A sealed message holds it by chance once in 2^112.
const NO_CARRIER: &[u8] = b"\r\nNO CARRIER\r\n";
/// Bytes that wait to be written before nothing more is read: an answer each to the smallest frames
/// of one read.
const TO_WRITE: usize = 4 * FRAME_BYTES;
/// Bytes of one read.
const READ: usize = 256;
/// The time to sleep where there is no deadline; any deadline comes with something that happens.
const LONG: Duration = Duration::from_secs(3_600);

impl Work {
    async fn run<S>(
        mut self,
        stream: S,
        first: Vec<u8>,
        hand_over: mpsc::Sender<Vec<u8>>,
    ) -> LineError
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let error = match self.carry(stream, first, &hand_over).await {
            Ok(()) => LineError::Closed,
            Err(error) => error,
        };
        // The link is asked whether what was on its way can have arrived.
        let _fits_always = self.tell(Input::Lost);
        for message in self.come.drain(..) {
            // It was acknowledged, so that it is handed over, unless nobody wants it any more.
            let _nobody_there = hand_over.send(message).await;
        }
        error
    }

    async fn carry<S>(
        &mut self,
        stream: S,
        first: Vec<u8>,
        hand_over: &mpsc::Sender<Vec<u8>>,
    ) -> Result<(), LineError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut buffer = [0; READ];
        let _fits_always = self.tell(Input::Opened);
        self.received(&first)?;
        loop {
            let sleep = self.sleep();
            let may_read = self.come.is_empty() && self.to_write.len() < TO_WRITE;
            tokio::select! {
                read = reader.read(&mut buffer), if may_read => {
                    let read = read.map_err(gone)?;
                    if read == 0 {
                        return Err(LineError::Gone);
                    }
                    self.received(buffer.get(..read).unwrap_or_default())?;
                }
                written = writer.write(&self.to_write), if !self.to_write.is_empty() => {
                    let written = written.map_err(gone)?;
                    self.to_write.drain(..written.min(self.to_write.len()));
                }
                place = hand_over.reserve(), if !self.come.is_empty() => {
                    if let (Ok(place), Some(message)) = (place, self.come.pop_front()) {
                        place.send(message);
                    }
                }
                wish = self.wishes.recv(), if self.link.is_free() => match wish {
                    Some(wish) => self.send(wish),
                    None => return Ok(()),
                },
                () = tokio::time::sleep(sleep) => {
                    let _fits_always = self.tell(Input::TimePassed);
                }
            }
        }
    }

    fn send(&mut self, wish: Wish) {
        self.wish = Some(wish.outcome);
        if let Err(error) = self.tell(Input::Send(wish.message)) {
            self.done(Err(error.into()));
        }
    }

    fn received(&mut self, bytes: &[u8]) -> Result<(), LineError> {
        let _fits_always = self.tell(Input::Received(bytes.to_vec()));
        self.tail.extend_from_slice(bytes);
        let mut words = self.tail.windows(NO_CARRIER.len());
        if self.kind == Kind::Modem && words.any(|word| word == NO_CARRIER) {
            return Err(LineError::CarrierLost);
        }
        let before = self.tail.len().saturating_sub(NO_CARRIER.len());
        self.tail.drain(..before);
        Ok(())
    }

    fn tell(&mut self, input: Input) -> Result<(), SendError> {
        let mut out = Vec::new();
        // A link draws nothing after its beginning.
        let seed = Seed::new([0; 32]);
        self.link.handle(self.now(), &seed, input, &mut out)?;
        for output in out {
            match output {
                Output::Write(bytes) => self.to_write.extend(bytes),
                Output::Arrived(message) => self.come.push_back(message),
                Output::Delivered => self.done(Ok(())),
                Output::Failed(failure) => self.done(Err(failure.into())),
            }
        }
        Ok(())
    }

    fn done(&mut self, end: Result<(), SendFailure>) {
        if let Some(wish) = self.wish.take() {
            // Whoever waited may have gone.
            let _gone = wish.send(end);
        }
    }

    /// How long there is nothing to do, if nothing happens.
    fn sleep(&self) -> Duration {
        let until = |at: Uptime| at.as_millis().saturating_sub(self.now().as_millis());
        let millis = self.link.deadline().map(until);
        millis.map_or(LONG, Duration::from_millis)
    }

    fn now(&self) -> Uptime {
        let elapsed = self.began.elapsed().as_millis();
        Uptime::from_millis(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }
}

fn gone(error: io::Error) -> LineError {
    if is_gone(&error) {
        LineError::Gone
    } else {
        LineError::Port(error)
    }
}
