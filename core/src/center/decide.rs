//! The center itself: keys, policy and cryptography, and which message leads to which conversation.

use alloc::vec::Vec;

use crate::crypto::Crypto;
use crate::entropy::Seed;
use crate::record::{Pause, Records};
use crate::time::Timestamp;
use crate::wire::people::{PeopleReply, PeopleRequest};
use crate::wire::provider::{ProviderReply, ProviderRequest};
use crate::wire::services::{ServicesReply, ServicesRequest};
use crate::wire::{DeviceReply, DeviceRequest, ETag, json};

use super::work::{Stop, Work};
use super::{Call, Decide, Decision, Keys, Policy, poll};

/// The center: everything that a decision needs besides the records.
#[derive(Clone, Debug)]
pub struct Center<C> {
    pub(super) crypto: C,
    pub(super) keys: Keys,
    pub(super) policy: Policy,
    /// What the tags of mailboxes say of the policy: the schedule as it would be at one certain
    /// moment, so that they stay the same while the policy does.
    pub(super) timetable: Vec<u8>,
    /// The tag of an empty mailbox under that policy.
    pub(super) etag: ETag,
}

impl<C: Crypto> Center<C> {
    /// A center with these keys and these choices of its operator.
    #[must_use]
    pub fn new(crypto: C, keys: Keys, policy: Policy) -> Self {
        let policy = policy.bounded();
        let timetable = json::to_bytes(&policy.schedule(Timestamp::EPOCH));
        let etag = poll::etag(&crypto, &timetable, core::iter::empty());
        Self {
            crypto,
            keys,
            policy,
            timetable,
            etag,
        }
    }

    /// Its keys.
    #[must_use]
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Its operator's choices, within the protocol's bounds.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }
}

impl<C: Crypto + Send + Sync> Decide for Center<C> {
    fn decide(
        &self,
        now: Timestamp,
        seed: &Seed,
        call: &Call,
        records: &Records,
    ) -> Result<Decision, Pause> {
        Work::new(self, now, seed, call, records).decide()
    }
}

impl<C: Crypto> Work<'_, C> {
    pub(super) fn device(&mut self, request: &DeviceRequest) -> Result<DeviceReply, Stop> {
        Ok(match request {
            DeviceRequest::Enrol(message) => DeviceReply::Enrolled(self.enrol(message)?),
            DeviceRequest::Poll(message) => DeviceReply::Polled(self.poll(message)?),
            DeviceRequest::Acknowledge(message) => {
                DeviceReply::Acknowledged(self.acknowledge(message)?)
            }
            DeviceRequest::ReportStatus(message) => {
                DeviceReply::StatusReported(self.report(message)?)
            }
            DeviceRequest::Rotate(_) => DeviceReply::Rotated(self.rotate()?),
            DeviceRequest::AddDevices(message) => {
                DeviceReply::DevicesAdded(self.add_devices(message)?)
            }
            DeviceRequest::RemoveDevices(message) => {
                DeviceReply::DevicesRemoved(self.remove_devices(message)?)
            }
            DeviceRequest::Leave(_) => DeviceReply::Left(self.leave()?),
        })
    }

    pub(super) fn people(&mut self, request: &PeopleRequest) -> Result<PeopleReply, Stop> {
        Ok(match request {
            PeopleRequest::IssueCode(message) => PeopleReply::CodeIssued(self.issue_code(message)?),
            PeopleRequest::ListCodes(message) => PeopleReply::Codes(self.list_codes(message)?),
            PeopleRequest::RevokeCode(message) => {
                PeopleReply::CodeRevoked(self.revoke_code(message)?)
            }
            PeopleRequest::IssueToken(message) => {
                PeopleReply::TokenIssued(self.issue_token(message)?)
            }
            PeopleRequest::ListTokens(message) => PeopleReply::Tokens(self.list_tokens(message)?),
            PeopleRequest::RevokeToken(message) => {
                PeopleReply::TokenRevoked(self.revoke_token(message)?)
            }
            PeopleRequest::ListDevices(message) => {
                PeopleReply::Devices(self.list_devices(message)?)
            }
            PeopleRequest::ListReadings(message) => {
                PeopleReply::Readings(self.list_readings(message)?)
            }
            PeopleRequest::Instruct(message) => PeopleReply::Instructed(self.instruct(message)?),
            PeopleRequest::ListInstructions(message) => {
                PeopleReply::Instructions(self.list_instructions(message)?)
            }
            PeopleRequest::CancelInstruction(message) => {
                PeopleReply::InstructionCancelled(self.cancel_instruction(message)?)
            }
            PeopleRequest::AcceptClock(_) => PeopleReply::ClockAccepted(self.accept_clock()?),
            PeopleRequest::PlanPolls(message) => {
                PeopleReply::PollsPlanned(self.plan_polls(message)?)
            }
            PeopleRequest::ListPollLinks(message) => {
                PeopleReply::PollLinks(self.list_poll_links(message)?)
            }
            PeopleRequest::Services(request) => {
                PeopleReply::Services(self.about_services(request)?)
            }
            PeopleRequest::Provider(request) => PeopleReply::Provider(self.provider(request)?),
        })
    }

    fn provider(&mut self, request: &ProviderRequest) -> Result<ProviderReply, Stop> {
        use {ProviderReply as Reply, ProviderRequest as Request};
        Ok(match request {
            Request::List(message) => Reply::Handovers(self.list_handovers(message)?),
            Request::Give(message) => Reply::Given(self.give_codes(message)?),
            Request::Report(message) => Reply::Reported(self.report_entitlements(message)?),
            Request::Settle(message) => Reply::Settled(self.settle_handovers(message)?),
        })
    }

    fn about_services(&mut self, request: &ServicesRequest) -> Result<ServicesReply, Stop> {
        use {ServicesReply as Reply, ServicesRequest as Request};
        Ok(match request {
            Request::Define(message) => Reply::Defined(self.define_service(message)?),
            Request::List(message) => Reply::Services(self.list_services(message)?),
            Request::Apply(message) => Reply::Applied(self.apply(message)?),
            Request::Choose(message) => Reply::Application(self.choose(message)?),
            Request::ListApplications(message) => {
                Reply::Applications(self.list_applications(message)?)
            }
            Request::ListTargets(message) => Reply::Targets(self.list_targets(message)?),
            Request::CancelApplication(message) => {
                Reply::Application(self.cancel_application(message)?)
            }
            Request::StopUse(message) => Reply::UseStopped(self.stop_use(message)?),
            Request::ListEntitlements(message) => {
                Reply::Entitlements(self.list_entitlements(message)?)
            }
        })
    }
}
