//! `--find-address`: at which address of the LAN this host can be asked to poll, looked for again
//! and again, since routers number a LAN anew at any time.
//!
//! It is the address from which the system would reach the center; nothing is sent to find it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::Url;
use restante_core::device::Input;
use restante_core::id::LanAddress;
use restante_core::registrant::Standing;
use tokio::net::{UdpSocket, lookup_host};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::say;

/// A search at work; it ends when this is dropped.
pub(super) struct Finding(JoinHandle<()>);

impl Drop for Finding {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Finding {
    /// Begins to look for the address of what listens `at` a place, where a center is known.
    pub(super) fn begin(
        standing: &Standing,
        at: SocketAddr,
        inbox: mpsc::Sender<Input>,
    ) -> Option<Self> {
        let center = match standing {
            Standing::Enrolled { holding }
            | Standing::Rotating { holding, .. }
            | Standing::Leaving { holding } => &holding.center,
            Standing::Enrolling { attempt, .. } => &attempt.center,
            _ => return None,
        };
        let center = place_of(center.as_str())?;
        Some(Self(tokio::spawn(look(center, at, inbox))))
    }
}

/// The host and port of a center's address.
fn place_of(center: &str) -> Option<String> {
    let url = Url::parse(center).ok()?;
    Some(format!(
        "{}:{}",
        url.host_str()?,
        url.port_or_known_default()?
    ))
}

async fn look(center: String, at: SocketAddr, inbox: mpsc::Sender<Input>) {
    let mut known = None;
    loop {
        match found(&center, at).await {
            Some(address) if known.as_ref() != Some(&address) => {
                say::line(format!("it can be asked to poll at {address}"));
                known = Some(address.clone());
                if inbox.send(Input::AddressChanged(address)).await.is_err() {
                    return;
                }
            }
            Some(_) => {}
            None => tracing::info!("the network has no way to the center; its address stays"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Where it can be asked now: at the one address where it listens, or, where it listens at all of
/// them, at the one from which the center is reached.
async fn found(center: &str, at: SocketAddr) -> Option<LanAddress> {
    let ip = match at.ip() {
        ip if ip.is_unspecified() => towards(center).await?,
        ip => ip,
    };
    let text = match at.port() {
        443 => ip.to_string(),
        port => SocketAddr::new(ip, port).to_string(),
    };
    LanAddress::new(text).ok()
}

async fn towards(center: &str) -> Option<IpAddr> {
    let center = lookup_host(center).await.ok()?.next()?;
    let any: IpAddr = match center {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await.ok()?;
    socket.connect(center).await.ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// How long a change of the address can go unnoticed.
const EVERY: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_center_has_its_port() {
        let places = [
            ("https://center.example/", "center.example:443"),
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("https://[2001:db8::1]:8443/x", "[2001:db8::1]:8443"),
        ];
        for (center, place) in places {
            assert_eq!(place_of(center).as_deref(), Some(place));
        }
    }

    #[tokio::test]
    async fn what_listens_everywhere_is_found_where_the_center_is_reached() {
        for (at, address) in [
            ("0.0.0.0:8443", "127.0.0.1:8443"),
            ("0.0.0.0:443", "127.0.0.1"),
            ("192.0.2.7:8443", "192.0.2.7:8443"),
        ] {
            let at = at.parse().expect("a place");
            let found = found("127.0.0.1:9", at).await;
            assert_eq!(found.map(|it| it.to_string()).as_deref(), Some(address));
        }
    }
}
