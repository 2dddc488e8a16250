//! What people's programs ask, and what they get back.

use reqwest::header::HeaderValue;
use restante_core::code::AccessToken;
use restante_core::wire::instruct::{CancelInstruction, ListInstructions};
use restante_core::wire::people::{ListDevices, ListReadings, PeopleReply, PeopleRequest};
use restante_core::wire::plan::ListPollLinks;

use super::exchange::Asked;
use super::{Client, SendError, provider, services};
use crate::authorization;
use crate::route::Operation;

impl Client {
    /// Asks one thing with an access token and waits for the reply.
    ///
    /// # Errors
    /// [`SendError`]: refused by the center, or lost on the way.
    pub async fn ask(
        &self,
        token: &AccessToken,
        request: &PeopleRequest,
    ) -> Result<PeopleReply, SendError> {
        self.ask_with(Some(authorization::of_people(token)), request)
            .await
    }

    /// Asks one thing without a token, through the console's socket of [`Client::at_socket`]:
    /// whoever can open it is the operator.
    ///
    /// # Errors
    /// [`SendError`]: refused by the center, or lost on the way.
    pub async fn ask_as_operator(&self, request: &PeopleRequest) -> Result<PeopleReply, SendError> {
        self.ask_with(None, request).await
    }

    async fn ask_with(
        &self,
        credential: Option<HeaderValue>,
        request: &PeopleRequest,
    ) -> Result<PeopleReply, SendError> {
        use {PeopleReply as Reply, PeopleRequest as Request};
        let asked = asked(request)?.expecting(PAGE_BYTES);
        let got = self.exchange(credential, asked).await?;
        Ok(match request {
            Request::IssueCode(_) => Reply::CodeIssued(got.message()?),
            Request::ListCodes(_) => Reply::Codes(got.message()?),
            Request::RevokeCode(_) => Reply::CodeRevoked(got.message()?),
            Request::IssueToken(_) => Reply::TokenIssued(got.message()?),
            Request::ListTokens(_) => Reply::Tokens(got.message()?),
            Request::RevokeToken(_) => Reply::TokenRevoked(got.message()?),
            Request::ListDevices(_) => Reply::Devices(got.message()?),
            Request::ListReadings(_) => Reply::Readings(got.message()?),
            Request::Instruct(_) => Reply::Instructed(got.message()?),
            Request::ListInstructions(_) => Reply::Instructions(got.message()?),
            Request::CancelInstruction(_) => Reply::InstructionCancelled(got.message()?),
            Request::AcceptClock(_) => Reply::ClockAccepted(got.message()?),
            Request::PlanPolls(_) => Reply::PollsPlanned(got.message()?),
            Request::ListPollLinks(_) => Reply::PollLinks(got.message()?),
            Request::Services(request) => Reply::Services(services::replied(request, &got)?),
            Request::Provider(request) => Reply::Provider(provider::replied(request, &got)?),
            _ => return Err(SendError::no_route()),
        })
    }
}

fn asked(request: &PeopleRequest) -> Result<Asked, SendError> {
    use PeopleRequest as Request;
    Ok(match request {
        Request::IssueCode(body) => Asked::new(Operation::IssueCode).saying(body),
        Request::ListCodes(list) => Asked::new(Operation::ListCodes).asking("after", list.after),
        Request::RevokeCode(revoke) => Asked::new(Operation::RevokeCode).at(&revoke.grant),
        Request::IssueToken(body) => Asked::new(Operation::IssueToken).saying(body),
        Request::ListTokens(list) => Asked::new(Operation::ListTokens).asking("after", list.after),
        Request::RevokeToken(revoke) => Asked::new(Operation::RevokeToken).at(&revoke.token),
        Request::ListDevices(list) => devices(list),
        Request::ListReadings(list) => readings(list),
        Request::Instruct(body) => Asked::new(Operation::Instruct).saying(body),
        Request::ListInstructions(list) => instructions(list),
        Request::CancelInstruction(cancel) => cancellation(cancel),
        Request::AcceptClock(body) => Asked::new(Operation::AcceptClock).saying(body),
        Request::PlanPolls(body) => Asked::new(Operation::PlanPolls).saying(body),
        Request::ListPollLinks(list) => poll_links(list),
        Request::Services(request) => services::asked(request)?,
        Request::Provider(request) => provider::asked(request)?,
        _ => return Err(SendError::no_route()),
    })
}

fn devices(list: &ListDevices) -> Asked {
    Asked::new(Operation::ListDevices)
        .asking("customer", list.customer)
        .asking("user", list.user.as_ref())
        .asking("after", list.after)
}

fn readings(list: &ListReadings) -> Asked {
    Asked::new(Operation::ListReadings)
        .at(&list.device)
        .asking("customer", list.customer)
        .asking("after", list.after)
}

fn instructions(list: &ListInstructions) -> Asked {
    Asked::new(Operation::ListInstructions)
        .at(&list.device)
        .asking("customer", list.customer)
        .asking("after", list.after)
}

fn poll_links(list: &ListPollLinks) -> Asked {
    Asked::new(Operation::ListPollLinks)
        .at(&list.tag)
        .asking("customer", list.customer)
        .asking("after", list.after)
}

fn cancellation(cancel: &CancelInstruction) -> Asked {
    Asked::new(Operation::CancelInstruction)
        .at(&cancel.instruction)
        .asking("device", Some(cancel.device))
        .asking("customer", cancel.customer)
}

/// Bytes of one page: a hundred services for 256 models each, every field as long as it may be.
const PAGE_BYTES: usize = 8 * 1024 * 1024;
