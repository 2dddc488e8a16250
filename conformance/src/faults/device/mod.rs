//! The faults of a device, by what they are about.

mod calls;
mod codes;
mod enrolling;
mod http;
mod instructions;
mod keeping;
mod mailing;
mod patience;
mod poll_requests;
mod polling;
mod refusals;
mod replies;
mod reporting;
mod rotating;
mod services;

use super::Fault;

/// All of them.
pub(super) const FAULTS: &[&[Fault]] = &[
    codes::FAULTS,
    enrolling::FAULTS,
    keeping::FAULTS,
    patience::FAULTS,
    refusals::FAULTS,
    replies::FAULTS,
    rotating::FAULTS,
    polling::FAULTS,
    reporting::FAULTS,
    instructions::FAULTS,
    services::FAULTS,
    mailing::FAULTS,
    poll_requests::FAULTS,
    calls::FAULTS,
    http::FAULTS,
];
