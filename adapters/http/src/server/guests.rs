//! How many connections there are, in all and from each source, and who may open one more.
//!
//! A source is an IPv4 address or an IPv6 /64, because a site has one of either. The map holds only
//! sources that are connected, so that it is bounded by the connections there may be in all.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The connections there are.
pub(super) struct Guests {
    seats: Arc<Semaphore>,
    per_source: usize,
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A place for one connection; free again when dropped.
pub(super) struct Seat {
    _permit: OwnedSemaphorePermit,
}

/// One connection of one source, counted until dropped.
pub(super) struct Guest {
    source: Option<IpAddr>,
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
    _seat: Seat,
}

impl Guests {
    /// At most `all` connections, of which at most `per_source` from one source.
    pub(super) fn new(all: usize, per_source: usize) -> Self {
        Self {
            seats: Arc::new(Semaphore::new(all.min(Semaphore::MAX_PERMITS))),
            per_source,
            counts: Arc::default(),
        }
    }

    /// Waits until there is a place for one more connection.
    pub(super) async fn seat(&self) -> Seat {
        let permit = Arc::clone(&self.seats).acquire_owned().await;
        Seat {
            _permit: permit.expect("the semaphore is never closed"),
        }
    }

    /// Takes a connection in, unless its source has too many. A proxy speaks for many sources and
    /// is not counted as one.
    // spec: HTTP-021
    pub(super) fn admit(&self, seat: Seat, peer: IpAddr, is_proxy: bool) -> Option<Guest> {
        let source = (!is_proxy).then(|| prefix(peer));
        if let Some(source) = source {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(source).or_default();
            if *count >= self.per_source {
                return None;
            }
            *count += 1;
        }
        Some(Guest {
            source,
            counts: Arc::clone(&self.counts),
            _seat: seat,
        })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let Some(source) = self.source else {
            return;
        };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&source);
            }
        }
    }
}

/// What counts as one source.
pub(super) fn prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_source_is_bounded_and_gets_its_places_back() {
        let guests = Guests::new(8, 2);
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        let first = guests.admit(guests.seat().await, ip("2001:db8::1"), false);
        let second = guests.admit(guests.seat().await, ip("2001:db8::2"), false);
        assert!(first.is_some() && second.is_some());
        let full = guests.admit(guests.seat().await, ip("2001:db8::3"), false);
        assert!(full.is_none(), "the same /64");
        let other = guests.admit(guests.seat().await, ip("2001:db8:0:1::1"), false);
        assert!(other.is_some(), "another /64");
        drop(first);
        let again = guests.admit(guests.seat().await, ip("2001:db8::3"), false);
        assert!(again.is_some());
        drop((second, other, again));
        assert!(guests.counts.lock().expect("not poisoned").is_empty());
    }

    #[tokio::test]
    async fn a_declared_proxy_is_bounded_by_the_whole_alone() {
        let guests = Guests::new(3, 1);
        let proxy: IpAddr = "10.0.0.1".parse().expect("an address");
        let mut kept = Vec::new();
        for _ in 0..3 {
            kept.push(
                guests
                    .admit(guests.seat().await, proxy, true)
                    .expect("a place"),
            );
        }
        let waiting = tokio::time::timeout(std::time::Duration::from_millis(20), guests.seat());
        assert!(waiting.await.is_err(), "there is no fourth place");
        kept.pop();
        guests.seat().await;
    }
}
