//! The faults of a gateway, by what they are about.

mod calling;
mod enrolling;
mod growing;
mod handing;
mod lan;
mod poll_requests;
mod reporting;
mod services;

use super::Fault;

/// All of them.
pub(super) const FAULTS: &[&[Fault]] = &[
    calling::FAULTS,
    enrolling::FAULTS,
    growing::FAULTS,
    reporting::FAULTS,
    handing::FAULTS,
    lan::FAULTS,
    services::FAULTS,
    poll_requests::FAULTS,
];
