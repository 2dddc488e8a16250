//! What a provider's own server asks of a center and says to it, and how the answers read.

use restante_core::wire::provider::{ProviderReply, ProviderRequest};

use super::SendError;
use super::exchange::{Asked, Got};
use crate::route::Operation;

pub(super) fn asked(request: &ProviderRequest) -> Result<Asked, SendError> {
    use ProviderRequest as Request;
    Ok(match request {
        Request::List(list) => Asked::new(Operation::ListHandovers)
            .at(&list.service)
            .asking("after", list.after),
        Request::Give(body) => Asked::new(Operation::GiveCodes)
            .at(&body.service)
            .saying_the_rest(body),
        Request::Report(body) => Asked::new(Operation::ReportEntitlements)
            .at(&body.service)
            .saying_the_rest(body),
        Request::Settle(body) => Asked::new(Operation::SettleHandovers)
            .at(&body.service)
            .saying_the_rest(body),
        _ => return Err(SendError::no_route()),
    })
}

pub(super) fn replied(request: &ProviderRequest, got: &Got) -> Result<ProviderReply, SendError> {
    use {ProviderReply as Reply, ProviderRequest as Request};
    Ok(match request {
        Request::List(_) => Reply::Handovers(got.message()?),
        Request::Give(_) => Reply::Given(got.message()?),
        Request::Report(_) => Reply::Reported(got.message()?),
        Request::Settle(_) => Reply::Settled(got.message()?),
        _ => return Err(SendError::no_route()),
    })
}
