//! A serial port of this host, held by one program alone.
//!
//! Two programs on one port each get some of the bytes, and neither notices. So a port is locked as
//! other programs lock theirs (`flock`), and closed to those that do not (`TIOCEXCL`). 8 data bits,
//! no parity, one stop bit; no XON/XOFF, for frames hold both.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::pin::Pin;
use std::string::String;
use std::task::{Context, Poll};

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;
use rustix::termios::ioctl_tiocexcl;
use serial2_tokio::{FlowControl, SerialPort};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// An open port.
#[derive(Debug)]
pub struct Port {
    port: SerialPort,
    /// Holds the lock for as long as the port is open.
    _held: File,
}

/// Why a port cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PortError {
    /// Nothing has this name.
    #[error("{0}: there is no such port")]
    Missing(String),
    /// It is something else.
    #[error("{0}: this is no serial port")]
    NoPort(String),
    /// Another program has it.
    #[error("{0}: another program is using this port")]
    Taken(String),
    /// This user may not use it.
    #[error("{0}: this user may not use the port; its group often is dialout")]
    Denied(String),
    /// It cannot be as fast or as slow as this.
    #[error("{0}: the port cannot do {1} bits per second")]
    Speed(String, u32),
    /// Something else is wrong with it.
    #[error("{0}: {1}")]
    Other(String, io::Error),
}

impl Port {
    /// Opens a port at so many bits per second. `lines` says whether the wires RTS and CTS hold
    /// back what one side cannot take in yet; every modem and few cables have them.
    ///
    /// # Errors
    /// If there is no such port, or it cannot be had.
    pub fn open(path: &Path, bits_per_second: u32, lines: bool) -> Result<Self, PortError> {
        let name = path.display();
        let why = |error: io::Error| match (error.kind(), error.raw_os_error()) {
            (ErrorKind::NotFound, _) => PortError::Missing(std::format!("{name}")),
            (ErrorKind::PermissionDenied, _) => PortError::Denied(std::format!("{name}")),
            (_, Some(code)) if GONE.contains(&code) => PortError::Missing(std::format!("{name}")),
            (_, Some(code)) if code == Errno::NOTTY.raw_os_error() => {
                PortError::NoPort(std::format!("{name}"))
            }
            (ErrorKind::IsADirectory, _) => PortError::NoPort(std::format!("{name}")),
            (ErrorKind::WouldBlock | ErrorKind::ResourceBusy, _) => {
                PortError::Taken(std::format!("{name}"))
            }
            _ => PortError::Other(std::format!("{name}"), error),
        };
        let no_wait = OFlags::NONBLOCK | OFlags::NOCTTY;
        let flags = i32::try_from(no_wait.bits()).unwrap_or_default();
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(flags);
        let held = options.open(path).map_err(why)?;
        flock(&held, FlockOperation::NonBlockingLockExclusive)
            .map_err(|error| why(error.into()))?;
        let mut port = SerialPort::open(path, serial2_tokio::KeepSettings).map_err(why)?;
        ioctl_tiocexcl(&held).map_err(|error| why(error.into()))?;
        set(&mut port, lines, None).map_err(why)?;
        set(&mut port, lines, Some(bits_per_second))
            .map_err(|_| PortError::Speed(std::format!("{name}"), bits_per_second))?;
        Ok(Self { port, _held: held })
    }

    /// Lets DTR fall, upon which a modem hangs up. A cable has nothing to hang up, and a port
    /// without that wire takes no notice.
    pub fn hang_up(&self) {
        let _has_no_such_wire = self.port.set_dtr(false);
    }
}

/// Whether a port that was open says that its device is gone.
pub(super) fn is_gone(error: &io::Error) -> bool {
    let hung_up = |code: i32| code == Errno::IO.raw_os_error() || GONE.contains(&code);
    error.kind() == ErrorKind::BrokenPipe || error.raw_os_error().is_some_and(hung_up)
}

/// What a port says whose device is not there: no such device, no such address.
const GONE: [i32; 2] = [Errno::NODEV.raw_os_error(), Errno::NXIO.raw_os_error()];

fn set(port: &mut SerialPort, lines: bool, bits_per_second: Option<u32>) -> io::Result<()> {
    let mut settings = port.get_configuration()?;
    settings.set_raw();
    if let Some(bits) = bits_per_second {
        settings.set_baud_rate(bits)?;
    }
    if lines {
        settings.set_flow_control(FlowControl::RtsCts);
    }
    port.set_configuration(&settings)
}

impl AsyncRead for Port {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.port).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Port {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.port).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.port).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.port).poll_shutdown(cx)
    }
}
