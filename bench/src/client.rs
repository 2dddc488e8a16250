//! A client that costs next to nothing: requests are written as bytes that were made beforehand,
//! and of a response only its status and its length are read.
//!
//! The client shares the machine with the server, so that what it costs blurs every ratio towards
//! one. A full HTTP client would cost more than the server under test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::{Failure, facts};

/// Where one connection takes its requests from.
pub(crate) trait Requests: Send + 'static {
    /// The next request, head and body; `None` where there is no more to ask.
    fn next(&mut self) -> Option<Vec<u8>>;
}

/// How fast requests were answered, and at what cost.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    /// Requests per second.
    pub(crate) rate: f64,
    /// Microseconds of processor time for each, the client's included.
    pub(crate) micros: f64,
}

/// Asks on `clients` connections for `span`.
///
/// # Errors
/// A connection that breaks, or a response with another status than `status`.
pub(crate) async fn pace<R: Requests>(
    address: SocketAddr,
    clients: Vec<R>,
    status: u16,
    span: Duration,
) -> Result<Pace, Failure> {
    let mut asking = Asking::start(address, clients, status).await?;
    let before = facts::processor_micros();
    tokio::time::sleep(span).await;
    let spent = facts::processor_micros().zip(before);
    let (rate, answered) = (asking.rate(), asking.answered.load(Ordering::Relaxed));
    asking.stop.store(true, Ordering::Relaxed);
    asking.end().await?;
    let micros = spent.map_or(f64::NAN, |(after, before)| after - before);
    Ok(Pace {
        rate,
        micros: micros / answered.max(1) as f64,
    })
}

/// Asks until nobody has anything more to ask.
///
/// # Errors
/// As [`pace`].
pub(crate) async fn all<R: Requests>(
    address: SocketAddr,
    clients: Vec<R>,
    status: u16,
) -> Result<Pace, Failure> {
    let mut asking = Asking::start(address, clients, status).await?;
    let before = facts::processor_micros();
    asking.end().await?;
    let spent = facts::processor_micros().zip(before);
    let answered = asking.answered.load(Ordering::Relaxed);
    let micros = spent.map_or(f64::NAN, |(after, before)| after - before);
    Ok(Pace {
        rate: asking.rate(),
        micros: micros / answered.max(1) as f64,
    })
}

/// What is answered to these requests, one after the other on one connection.
///
/// # Errors
/// A connection that breaks.
pub(crate) async fn responses(
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
) -> Result<Vec<Vec<u8>>, Failure> {
    let mut socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let mut answers = Vec::with_capacity(requests.len());
    for request in requests {
        let mut buffer = Vec::with_capacity(1024);
        exchange(&mut socket, &request, &mut buffer).await?;
        answers.push(buffer);
    }
    Ok(answers)
}

/// Connections that ask.
struct Asking {
    begun: Instant,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    connections: Vec<JoinHandle<Result<(), Failure>>>,
}

impl Asking {
    async fn start<R: Requests>(
        address: SocketAddr,
        clients: Vec<R>,
        status: u16,
    ) -> Result<Self, Failure> {
        let stop = Arc::new(AtomicBool::new(false));
        let answered = Arc::new(AtomicU64::new(0));
        let mut connections = Vec::new();
        for requests in clients {
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            let socket = TcpStream::connect(address).await?;
            socket.set_nodelay(true)?;
            connections.push(tokio::spawn(ask(socket, requests, status, stop, answered)));
        }
        let begun = Instant::now();
        Ok(Self {
            begun,
            stop,
            answered,
            connections,
        })
    }

    fn rate(&self) -> f64 {
        let answered = self.answered.load(Ordering::Relaxed);
        answered as f64 / self.begun.elapsed().as_secs_f64()
    }

    /// Waits until the last answer is there.
    async fn end(&mut self) -> Result<(), Failure> {
        for connection in self.connections.drain(..) {
            connection.await??;
        }
        Ok(())
    }
}

async fn ask<R: Requests>(
    mut socket: TcpStream,
    mut requests: R,
    status: u16,
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
) -> Result<(), Failure> {
    let expected = format!("HTTP/1.1 {status}");
    let mut buffer = Vec::with_capacity(8 * 1024);
    while !stop.load(Ordering::Relaxed) {
        let Some(request) = requests.next() else {
            break;
        };
        exchange(&mut socket, &request, &mut buffer).await?;
        if !buffer.starts_with(expected.as_bytes()) {
            let text = String::from_utf8_lossy(&buffer).into_owned();
            return Err(format!("expected {expected}, got: {text}").into());
        }
        answered.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Sends one request and reads the response to it.
async fn exchange(
    socket: &mut TcpStream,
    request: &[u8],
    buffer: &mut Vec<u8>,
) -> Result<(), Failure> {
    socket.write_all(request).await?;
    buffer.clear();
    while !is_whole(buffer) {
        if socket.read_buf(buffer).await? == 0 {
            return Err("the server closed the connection".into());
        }
    }
    Ok(())
}

/// Whether head and body are there. A response without a length has no body here.
fn is_whole(response: &[u8]) -> bool {
    let Some(head) = response.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let length = length(&response[..head]).unwrap_or(0);
    response.len() >= head + 4 + length
}

fn length(head: &[u8]) -> Option<usize> {
    let name = b"content-length: ";
    let at = head
        .windows(name.len())
        .position(|some| some.eq_ignore_ascii_case(name))?;
    let digits = head[at + name.len()..]
        .split(|byte| *byte == b'\r')
        .next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}
