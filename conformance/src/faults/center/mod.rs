//! The faults of a center, by what they are about.

mod acknowledgements;
mod addresses;
mod calls;
mod catalogue;
mod clock;
mod codes;
mod collation;
mod delivery;
mod enrolment;
mod first_use;
mod given;
mod handovers;
mod holdings;
mod http;
mod instructing;
mod mail;
mod mailbox;
mod membership;
mod messages;
mod planning;
mod progress;
mod refusals;
mod rotation;
mod sealed;
mod services;
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
    addresses::FAULTS,
    mailbox::FAULTS,
    delivery::FAULTS,
    acknowledgements::FAULTS,
    instructing::FAULTS,
    catalogue::FAULTS,
    services::FAULTS,
    collation::FAULTS,
    progress::FAULTS,
    planning::FAULTS,
    calls::FAULTS,
    handovers::FAULTS,
    given::FAULTS,
    mail::FAULTS,
    sealed::FAULTS,
    holdings::FAULTS,
    refusals::FAULTS,
    messages::FAULTS,
    http::FAULTS,
    sockets::FAULTS,
];
