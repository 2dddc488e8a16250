//! The center's end of serial lines: cables, and modems that devices call.
//!
//! One task for each port: it opens the port, has a modem take a call, hands what arrives to
//! whoever takes envelopes, and sends what comes back. Where a port is missing, taken or lost it
//! says so once, in the log and until it changes, and tries again, later each time. Serves spec
//! chapter 15.

use std::sync::Arc;
use std::time::Duration;

use restante_core::limits::SEALED_BYTES;
use restante_http::server::{Answer, Drained};
use restante_serial::host::{self, DialError, Kind, LineError, PortError};
use restante_serial::modem::{Call, Number, Script};
use restante_serial::{Link, Pace};
use restante_store::{Entropy, SystemEntropy};
use tokio::sync::watch;

use crate::config::{Behind, SerialLine};
use crate::envelopes::Envelopes;

/// Serves a line until the center stops.
pub(crate) async fn serve<A: Answer>(
    line: SerialLine,
    envelopes: Arc<Envelopes<A>>,
    mut stopped: watch::Receiver<bool>,
) -> Drained {
    let mut served = Served {
        name: line.port.display().to_string(),
        line,
        said: String::new(),
        pause: PAUSE,
    };
    tokio::select! {
        never = served.go_on(&envelopes) => match never {},
        // A request that is in work is decided; its reply is cut off, and asked for again.
        _ = stopped.wait_for(|stopped| *stopped) => Drained { cut: 0 },
    }
}

/// A line, and what was said about it last.
struct Served {
    line: SerialLine,
    name: String,
    said: String,
    pause: Duration,
}

/// Why there is no line.
#[derive(Debug, thiserror::Error)]
enum NoLine {
    #[error(transparent)]
    Port(#[from] PortError),
    #[error("{port}: {why}")]
    Dial { port: String, why: DialError },
}

/// What never comes.
enum Never {}

impl Served {
    async fn go_on<A: Answer>(&mut self, envelopes: &Envelopes<A>) -> Never {
        loop {
            match self.opened().await {
                Ok(line) => self.carry(line, envelopes).await,
                Err(why) => {
                    self.tell(&why);
                    tokio::time::sleep(self.pause).await;
                    self.pause = self.pause.saturating_mul(2).min(PAUSE_MAX);
                }
            }
        }
    }

    /// Opens the port and, where a modem is behind it, waits until it has taken a call.
    async fn opened(&mut self) -> Result<host::Line, NoLine> {
        let speed = self.line.speed;
        let is_modem = matches!(self.line.behind, Behind::Modem { .. });
        let mut port = host::Port::open(&self.line.port, speed, is_modem)?;
        let (kind, pace, first) = match &self.line.behind {
            Behind::Cable => (Kind::Cable, Pace::cable(speed), Vec::new()),
            Behind::Modem { answer } => {
                tracing::info!(port = self.name, "the modem waits for calls");
                let dialled = taken(&mut port, answer).await.map_err(|why| {
                    port.hang_up();
                    let port = self.name.clone();
                    NoLine::Dial { port, why }
                })?;
                tracing::info!(
                    port = self.name,
                    answer = dialled.answer,
                    "a call was taken"
                );
                (Kind::Modem, Pace::modem(speed), dialled.rest)
            }
        };
        self.said.clear();
        self.pause = PAUSE;
        if kind == Kind::Cable {
            tracing::info!(port = self.name, "the serial line is open");
        }
        let drawn = SystemEntropy::new().id().unwrap_or_default();
        let [a, b, c, d, ..] = drawn;
        let link = Link::new(u32::from_be_bytes([a, b, c, d]), pace, SEALED_BYTES);
        Ok(host::Line::start(port, link, kind, first))
    }

    /// Takes envelopes until the line ends.
    async fn carry<A: Answer>(&mut self, mut line: host::Line, envelopes: &Envelopes<A>) {
        while let Some(envelope) = line.next().await {
            let Some(back) = envelopes.take(&self.name, envelope).await else {
                continue;
            };
            if let Err(why) = line.send(back).await {
                // The device says its request again and hears the same.
                tracing::info!(port = self.name, %why, "a reply was not delivered");
            }
        }
        match line.ended().await {
            LineError::CarrierLost => tracing::info!(port = self.name, "the call is over"),
            why => self.tell(&why),
        }
    }

    /// Says what is wrong, unless that was said last.
    fn tell(&mut self, why: &impl ToString) {
        let why = why.to_string();
        if self.said != why {
            tracing::warn!(why, "a serial line is not served; it is tried again");
            self.said = why;
        }
    }
}

/// Waits for a call and takes it, as the script says.
async fn taken(port: &mut host::Port, answer: &Script) -> Result<host::Dialled, DialError> {
    let call = Call::new(answer.clone(), Number::default());
    host::dial(port, call).await
}

/// The pause after the first failure; each one after that is twice as long.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause: somebody who plugs an adapter in does not want to wait longer.
const PAUSE_MAX: Duration = Duration::from_secs(30);
