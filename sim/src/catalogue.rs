//! The services of the world, and the URLs at which devices register for them.
//!
//! The center is the provider as well. A device goes to a service's server on another line than to
//! the center, with nothing but the pair (chapter SVC); the URL tells which service it is.

use restante_core::id::ServiceId;
use restante_core::wire::{Host, Hosts, ServiceUrl};

/// The service with this number, modulo how many there are.
///
/// # Panics
/// Never: the names are given here.
#[must_use]
pub fn service(number: usize) -> ServiceId {
    ServiceId::new(NAMES[number % NAMES.len()]).expect("a service's id")
}

/// Where devices register for the service with this number.
///
/// # Panics
/// Never: the names are given here.
#[must_use]
pub fn url(number: usize) -> ServiceUrl {
    let name = NAMES[number % NAMES.len()];
    ServiceUrl::new(format!("https://{name}.example/register")).expect("a URL")
}

/// The number of the service to which a URL leads.
#[must_use]
pub fn number_at(text: &str) -> Option<usize> {
    (0..NAMES.len()).find(|number| url(*number).as_str() == text)
}

/// The hosts that the center names in its schedules.
///
/// # Panics
/// Never: the names are given here.
#[must_use]
pub fn hosts() -> Hosts {
    let host = |number| url(number).host().parse::<Host>().expect("a host");
    Hosts::new((0..NAMES.len()).map(host)).expect("two hosts")
}

/// How many services there are.
pub const SERVICES: usize = NAMES.len();
const NAMES: [&str; 2] = ["pull-print", "supply-watch"];
