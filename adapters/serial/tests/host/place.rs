//! Pseudo-terminals, and the relay between two of them that loses, repeats and alters bytes.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fastrand::Rng;
use restante_core::limits::SEALED_BYTES;
use restante_serial::host::{Kind, Line};
use restante_serial::{Link, Pace};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serial2_tokio::SerialPort;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// What the relay does, as one chance in so many; zero is never.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Noise {
    /// To a bit.
    pub(crate) bit: u32,
    /// To a byte, which is lost.
    pub(crate) loss: u32,
    /// To a byte, which comes twice.
    pub(crate) twice: u32,
}

/// Two ports that have nothing to do with each other, but for the relay.
pub(crate) struct Noisy {
    pub(crate) left: SerialPort,
    pub(crate) right: SerialPort,
    /// While this is set, nothing passes.
    pub(crate) is_cut: Arc<AtomicBool>,
}

/// A pair of pseudo-terminals, as raw as a serial line is.
pub(crate) fn pair() -> (SerialPort, SerialPort) {
    let (controller, mut port) = SerialPort::pair().expect("a pseudo-terminal");
    let mut settings = port.get_configuration().expect("settings");
    settings.set_raw();
    port.set_configuration(&settings).expect("raw");
    (controller, port)
}

/// The name of a pseudo-terminal, which exists as long as the file is open.
pub(crate) fn named() -> (File, PathBuf) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
    let controller = openpt(flags).expect("a pseudo-terminal");
    grantpt(&controller).expect("granted");
    unlockpt(&controller).expect("unlocked");
    let name = ptsname(&controller, Vec::new()).expect("a name");
    let name = PathBuf::from(name.into_string().expect("ASCII"));
    (File::from(controller), name)
}

pub(crate) fn noisy(seed: u64, noise: Noise) -> Noisy {
    let ((left_relay, left), (right_relay, right)) = (pair(), pair());
    let is_cut = Arc::new(AtomicBool::new(false));
    let (left_in, left_out) = tokio::io::split(left_relay);
    let (right_in, right_out) = tokio::io::split(right_relay);
    tokio::spawn(relay(
        left_in,
        right_out,
        noise,
        Rng::with_seed(seed),
        Arc::clone(&is_cut),
    ));
    tokio::spawn(relay(
        right_in,
        left_out,
        noise,
        Rng::with_seed(!seed),
        Arc::clone(&is_cut),
    ));
    Noisy {
        left,
        right,
        is_cut,
    }
}

async fn relay(
    mut from: tokio::io::ReadHalf<SerialPort>,
    mut to: tokio::io::WriteHalf<SerialPort>,
    noise: Noise,
    mut rng: Rng,
    is_cut: Arc<AtomicBool>,
) {
    let mut buffer = [0; 64];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if is_cut.load(Ordering::Relaxed) {
            continue;
        }
        let spoiled = spoil(&buffer[..read], noise, &mut rng);
        if to.write_all(&spoiled).await.is_err() {
            return;
        }
    }
}

fn spoil(bytes: &[u8], noise: Noise, rng: &mut Rng) -> Vec<u8> {
    let mut out = Vec::new();
    let mut happens = |one_in: u32| one_in > 0 && rng.u32(0..one_in) == 0;
    for byte in bytes {
        if happens(noise.loss) {
            continue;
        }
        let wrong = (0..8).map(|bit| u8::from(happens(noise.bit)) << bit);
        out.push(byte ^ wrong.fold(0, |all, bit| all | bit));
        if happens(noise.twice) {
            out.push(*byte);
        }
    }
    out
}

/// Pseudo-terminals are as fast as the machine, so that only the turnaround counts.
pub(crate) fn line(port: SerialPort, session: u32) -> Line {
    let link = Link::new(session, Pace::new(4_000_000, 25), SEALED_BYTES);
    Line::start(port, link, Kind::Cable, Vec::new())
}

/// Messages of several lengths; the first byte tells which.
pub(crate) fn messages(seed: u64) -> Vec<Vec<u8>> {
    let mut rng = Rng::with_seed(seed);
    let lengths = [1, 63, 300, 2_000, 640, 5_000];
    let message = |(number, length): (u8, usize)| {
        let mut bytes: Vec<u8> = (0..length).map(|_| rng.u8(..)).collect();
        bytes[0] = number;
        bytes
    };
    (0..).zip(lengths).map(message).collect()
}
