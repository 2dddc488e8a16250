//! Carries a dial script out over a port: on the way to a line, or away from one.

use std::io;
use std::string::String;
use std::time::Duration;
use std::vec::Vec;

use restante_core::Uptime;
use restante_core::entropy::Seed;
use restante_core::machine::Machine as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::Instant;

use super::port::is_gone;
use crate::modem::{Call, CallError, CallInput, CallOutput};

/// A line that a modem has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialled {
    /// What the modem said last, such as `CONNECT 9600`.
    pub answer: String,
    /// What has come behind that, from the other end.
    pub rest: Vec<u8>,
}

/// Why a script was not carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// The modem did not say what was expected.
    #[error(transparent)]
    Script(#[from] CallError),
    /// The port is gone: unplugged, or its device switched off.
    #[error("the serial port has gone away")]
    Gone,
    /// Reading or writing failed.
    #[error("the serial port failed: {0}")]
    Port(#[source] io::Error),
}

impl From<io::Error> for DialError {
    fn from(error: io::Error) -> Self {
        if is_gone(&error) {
            Self::Gone
        } else {
            Self::Port(error)
        }
    }
}

/// Carries a script out.
///
/// # Errors
/// If the modem did not do as the script says, or the port failed.
pub async fn dial<S>(stream: &mut S, mut call: Call) -> Result<Dialled, DialError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let began = Instant::now();
    let mut input = CallInput::Begin;
    let mut buffer = [0; 256];
    loop {
        let mut out = Vec::new();
        let elapsed = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let now = Uptime::from_millis(elapsed);
        let Ok(()) = call.handle(now, &Seed::new([0; 32]), input, &mut out);
        for output in out {
            match output {
                CallOutput::Write(bytes) => stream.write_all(&bytes).await?,
                CallOutput::Done { answer, rest } => return Ok(Dialled { answer, rest }),
                CallOutput::Failed(error) => return Err(error.into()),
            }
        }
        let sleep = call.deadline().map_or(Duration::MAX, |at| {
            Duration::from_millis(at.as_millis().saturating_sub(elapsed))
        });
        input = match tokio::time::timeout(sleep, stream.read(&mut buffer)).await {
            Ok(Ok(0)) => return Err(DialError::Gone),
            Ok(read) => CallInput::Received(buffer.get(..read?).unwrap_or_default().to_vec()),
            Err(_) => CallInput::TimePassed,
        };
    }
}
