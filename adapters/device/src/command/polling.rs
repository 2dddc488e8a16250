//! `--polling`: the place on the LAN where a running device or gateway can be asked to poll.
//!
//! What is heard goes into the loop like anything else that happens; where too much waits there, it
//! is passed over, as the machine passes over most of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::Path;

use restante_core::wire::PollRequest;
use restante_http::server::{PollingListener, Tls};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::CommandError;
use crate::act::FromWorld;
use crate::cli::Polling;
use crate::say;

/// A listener at work; it ends when this is dropped.
pub(super) struct Listening {
    /// Where it listens.
    pub(super) at: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Listens where the command line says, if it does.
pub(super) async fn listen<I: FromWorld>(
    polling: &Polling,
    inbox: mpsc::Sender<I>,
) -> Result<Option<Listening>, CommandError> {
    let Some(at) = polling.polling else {
        return Ok(None);
    };
    let tls = tls(polling, &at.ip().to_string())?;
    let network = |why: String| CommandError::Network {
        doing: "listening for poll requests".to_owned(),
        why,
    };
    let listener = PollingListener::bind(at, &tls).await;
    let listener = listener.map_err(|why| network(why.to_string()))?;
    let at = listener.local_addr();
    say::line(format!("poll requests are heard at {at}"));
    let heard = move |request| {
        if inbox.try_send(I::poll_requested(request)).is_err() {
            tracing::info!("a poll request is passed over: too much waits");
        }
    };
    let served = listener.serve(heard, std::future::pending());
    let task = tokio::spawn(served);
    Ok(Some(Listening { at, task }))
}

/// Listens for many devices: the first at this address, each further one at the next; `heard` is
/// told the place of the one that is asked.
pub(super) async fn listen_for_many(
    first: SocketAddrV4,
    heard: impl Fn(usize, PollRequest) + Send + Sync + 'static,
) -> Result<Listening, CommandError> {
    let polling = Polling {
        polling: None,
        polling_certificate: None,
        polling_key: None,
    };
    let tls = tls(&polling, &first.ip().to_string())?;
    let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, first.port()));
    let listener = PollingListener::bind(everywhere, &tls).await;
    let listener = listener.map_err(|why| CommandError::Network {
        doing: "listening for poll requests".to_owned(),
        why: why.to_string(),
    })?;
    say::line(format!("poll requests are heard from {first} on"));
    let heard = move |at: IpAddr, request| {
        let place = match at.to_canonical() {
            IpAddr::V4(at) => at.to_bits().checked_sub(first.ip().to_bits()),
            IpAddr::V6(_) => None,
        };
        if let Some(place) = place {
            heard(place as usize, request);
        }
    };
    let served = listener.serve_many(heard, std::future::pending());
    let at = SocketAddr::V4(first);
    let task = tokio::spawn(served);
    Ok(Listening { at, task })
}

/// The certificate that was given, or a new one for this address.
fn tls(polling: &Polling, address: &str) -> Result<Tls, CommandError> {
    let unfit = |why: String| CommandError::Value(format!("the polling certificate: {why}"));
    let (chain, key) = match (&polling.polling_certificate, &polling.polling_key) {
        (Some(chain), Some(key)) => (read(chain)?, read(key)?),
        _ => {
            let made = rcgen::generate_simple_self_signed([address.to_owned()]);
            let made = made.map_err(|why| unfit(why.to_string()))?;
            let key = made.signing_key.serialize_pem();
            (made.cert.pem().into_bytes(), key.into_bytes())
        }
    };
    Tls::from_pem(&chain, &key).map_err(|why| unfit(why.to_string()))
}

fn read(path: &Path) -> Result<Vec<u8>, CommandError> {
    std::fs::read(path).map_err(|why| CommandError::File {
        path: path.display().to_string(),
        why,
    })
}
