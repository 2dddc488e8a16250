//! From the parts of a request to the message that they make: path, query, headers and body.
//!
//! What stands where is the route table's business; the types are the core's. A member that stands
//! in the path is put among those of the query or the body before the message is read. Serves spec
//! chapter HTTP.

use axum::http::{HeaderMap, HeaderValue, Uri};
use restante_core::decision::Message;
use restante_core::id::{CustomerId, DeviceId, HandoverId};
use restante_core::wire::enrol::MaxMessage;
use restante_core::wire::instruct::{CancelInstruction, ListInstructions};
use restante_core::wire::json::{self, JsonError};
use restante_core::wire::people::{ListReadings, PeopleRequest, RevokeCode, RevokeToken};
use restante_core::wire::plan::ListPollLinks;
use restante_core::wire::provider::{ListHandovers, ProviderRequest};
use restante_core::wire::services::{ListTargets, ServicesRequest};
use restante_core::wire::{DeviceRequest, Leave, Poll, PollTag, Refusal, RefusalCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::intake::Seen;
use crate::route::{Access, Operation, Route};

/// The parts of a request that a message is made of.
pub(super) struct Sent<'a> {
    /// What stands in the path in the parameter's place.
    pub(super) parameter: &'a str,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
    pub(super) seen: &'a Seen,
}

impl Sent<'_> {
    /// The message that the route makes of them.
    pub(super) fn message(&self, route: &Route) -> Result<Message, Refusal> {
        Ok(match route.access {
            Access::Anyone => return Err(Refusal::plain(RefusalCode::NotFound)),
            Access::Provisional | Access::Formal => Message::Device(self.of_device(route)?),
            Access::Token => Message::People(self.of_people(route)?),
            Access::Pair => Message::Register(self.id()?, self.json()?),
            Access::Sealed => Message::Sealed(self.body.to_vec()),
        })
    }

    fn of_device(&self, route: &Route) -> Result<DeviceRequest, Refusal> {
        use DeviceRequest as D;
        Ok(match route.operation {
            Operation::Enrol => D::Enrol(self.json()?),
            Operation::Poll => D::Poll(self.poll()?),
            Operation::Acknowledge => D::Acknowledge(self.json()?),
            Operation::ReportStatus => D::ReportStatus(self.json()?),
            Operation::Rotate => D::Rotate(self.json()?),
            Operation::AddDevices => D::AddDevices(self.json()?),
            Operation::RemoveDevices => D::RemoveDevices(self.json()?),
            Operation::Leave => D::Leave(Leave {}),
            _ => return Err(Refusal::plain(RefusalCode::NotFound)),
        })
    }

    fn of_people(&self, route: &Route) -> Result<PeopleRequest, Refusal> {
        use {PeopleRequest as P, ProviderRequest as Provider, ServicesRequest as S};
        Ok(match route.operation {
            Operation::IssueCode => P::IssueCode(self.json()?),
            Operation::ListCodes => P::ListCodes(self.query()?),
            Operation::RevokeCode => P::RevokeCode(RevokeCode { grant: self.id()? }),
            Operation::IssueToken => P::IssueToken(self.json()?),
            Operation::ListTokens => P::ListTokens(self.query()?),
            Operation::RevokeToken => P::RevokeToken(RevokeToken { token: self.id()? }),
            Operation::Instruct => P::Instruct(self.json()?),
            Operation::ListInstructions => P::ListInstructions(self.instructions()?),
            Operation::CancelInstruction => P::CancelInstruction(self.cancellation()?),
            Operation::AcceptClock => P::AcceptClock(self.json()?),
            Operation::ListDevices => P::ListDevices(self.query()?),
            Operation::ListReadings => P::ListReadings(self.readings()?),
            Operation::PlanPolls => P::PlanPolls(self.json()?),
            Operation::ListPollLinks => P::ListPollLinks(self.poll_links()?),
            Operation::DefineService => P::Services(S::Define(self.json()?)),
            Operation::ListServices => P::Services(S::List(self.query()?)),
            Operation::Apply => P::Services(S::Apply(self.json()?)),
            Operation::Choose => P::Services(S::Choose(self.json_at(route)?)),
            Operation::ListApplications => P::Services(S::ListApplications(self.query()?)),
            Operation::ListTargets => P::Services(S::ListTargets(self.targets()?)),
            Operation::CancelApplication => P::Services(S::CancelApplication(self.json_at(route)?)),
            Operation::StopUse => P::Services(S::StopUse(self.json_at(route)?)),
            Operation::ListEntitlements => P::Services(S::ListEntitlements(self.query()?)),
            Operation::ListHandovers => P::Provider(Provider::List(self.handovers()?)),
            Operation::GiveCodes => P::Provider(Provider::Give(self.json_at(route)?)),
            Operation::ReportEntitlements => P::Provider(Provider::Report(self.json_at(route)?)),
            Operation::SettleHandovers => P::Provider(Provider::Settle(self.json_at(route)?)),
            _ => return Err(Refusal::plain(RefusalCode::NotFound)),
        })
    }

    fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        json::parse(self.body).map_err(Refusal::from)
    }

    /// The body, with the member that stands in the path; the body's own of that name is passed
    /// over.
    fn json_at<T: DeserializeOwned>(&self, route: &Route) -> Result<T, Refusal> {
        let mut members: Map<String, Value> = self.json()?;
        if let Some(name) = route.parameter_name() {
            members.insert(name.into(), self.parameter.into());
        }
        serde_json::from_value(members.into()).map_err(|error| {
            let why = error.to_string();
            JsonError::Invalid { why }.into()
        })
    }

    fn query<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        axum::extract::Query::try_from_uri(self.uri)
            .map(|query| query.0)
            .map_err(|error| {
                let why = error.to_string();
                JsonError::Invalid { why }.into()
            })
    }

    /// An id that cannot be one names nothing, like one that nobody has.
    fn id<T: std::str::FromStr>(&self) -> Result<T, Refusal> {
        self.parameter
            .parse()
            .map_err(|_| Refusal::plain(RefusalCode::NotFound))
    }

    fn poll(&self) -> Result<Poll, Refusal> {
        let max_message = self.headers.get(crate::MAX_MESSAGE).map(max_message);
        Ok(Poll {
            have: self.seen.only().cloned(),
            max_message: max_message.transpose()?,
            tag: self
                .headers
                .get(crate::POLL_TAG)
                .map(poll_tag)
                .transpose()?,
        })
    }

    fn readings(&self) -> Result<ListReadings, Refusal> {
        let device = self.id()?;
        let PageOf { customer, after } = self.query()?;
        Ok(ListReadings {
            device,
            customer,
            after,
        })
    }

    fn instructions(&self) -> Result<ListInstructions, Refusal> {
        let device = self.id()?;
        let PageOf { customer, after } = self.query()?;
        Ok(ListInstructions {
            device,
            customer,
            after,
        })
    }

    fn targets(&self) -> Result<ListTargets, Refusal> {
        let application = self.id()?;
        let PageOf { customer, after } = self.query()?;
        Ok(ListTargets {
            application,
            customer,
            after,
        })
    }

    fn poll_links(&self) -> Result<ListPollLinks, Refusal> {
        let tag = self.id()?;
        let PageOf { customer, after } = self.query()?;
        Ok(ListPollLinks {
            tag,
            customer,
            after,
        })
    }

    fn handovers(&self) -> Result<ListHandovers, Refusal> {
        let service = self.id()?;
        let HandoversOf { after } = self.query()?;
        Ok(ListHandovers { service, after })
    }

    fn cancellation(&self) -> Result<CancelInstruction, Refusal> {
        let instruction = self.id()?;
        let CancellationOf { device, customer } = self.query()?;
        Ok(CancelInstruction {
            instruction,
            device,
            customer,
        })
    }
}

/// The members of a list that travel in the query where the path says what it is a list of.
#[derive(Deserialize)]
struct PageOf<After> {
    customer: Option<CustomerId>,
    after: Option<After>,
}

/// The members of [`ListHandovers`] that travel in the query.
#[derive(Deserialize)]
struct HandoversOf {
    after: Option<HandoverId>,
}

/// The members of [`CancelInstruction`] that travel in the query.
#[derive(Deserialize)]
struct CancellationOf {
    device: DeviceId,
    customer: Option<CustomerId>,
}

fn poll_tag(value: &HeaderValue) -> Result<PollTag, Refusal> {
    let invalid = |why: String| Refusal::new(RefusalCode::Invalid, why);
    let text = value.to_str().unwrap_or_default();
    text.parse()
        .map_err(|why| invalid(format!("Restante-Poll-Tag: {why}")))
}

fn max_message(value: &HeaderValue) -> Result<MaxMessage, Refusal> {
    let invalid = |why: String| Refusal::new(RefusalCode::Invalid, why);
    let bytes = value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| invalid("Restante-Max-Message is not a number of bytes".into()))?;
    MaxMessage::new(bytes).map_err(|error| invalid(error.to_string()))
}
