//! The faults of a center, by what they are about.

mod clock;
mod codes;
mod enrolment;
mod first_use;
mod holdings;
mod http;
mod mailbox;
mod membership;
mod messages;
mod refusals;
mod rotation;
mod sockets;
mod status;
mod throttle;
mod tokens;

use super::Fault;

/// All of them.
pub(super) const FAULTS: &[&[Fault]] = &[
    codes::FAULTS,
    throttle::FAULTS,
    tokens::FAULTS,
    enrolment::FAULTS,
    first_use::FAULTS,
    membership::FAULTS,
    rotation::FAULTS,
    clock::FAULTS,
    status::FAULTS,
    mailbox::FAULTS,
    holdings::FAULTS,
    refusals::FAULTS,
    messages::FAULTS,
    http::FAULTS,
    sockets::FAULTS,
];
