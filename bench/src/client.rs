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

use crate::Failure;

/// Where one connection takes its requests from.
pub(crate) trait Requests: Send + 'static {
    /// The next request, head and body.
    fn next(&mut self) -> Vec<u8>;
}

/// Asks on `clients` connections for `span`; requests answered per second.
///
/// # Errors
/// A connection that breaks, or a response with another status than `status`.
pub(crate) async fn rate<R: Requests>(
    address: SocketAddr,
    clients: Vec<R>,
    status: u16,
    span: Duration,
) -> Result<f64, Failure> {
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
    tokio::time::sleep(span).await;
    let (count, spent) = (answered.load(Ordering::Relaxed), begun.elapsed());
    stop.store(true, Ordering::Relaxed);
    for connection in connections {
        connection.await??;
    }
    Ok(count as f64 / spent.as_secs_f64())
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
        socket.write_all(&requests.next()).await?;
        buffer.clear();
        while !is_whole(&buffer) {
            if socket.read_buf(&mut buffer).await? == 0 {
                return Err("the server closed the connection".into());
            }
        }
        if !buffer.starts_with(expected.as_bytes()) {
            let text = String::from_utf8_lossy(&buffer).into_owned();
            return Err(format!("expected {expected}, got: {text}").into());
        }
        answered.fetch_add(1, Ordering::Relaxed);
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
