//! What people's programs ask about services, and how the answers read.

use restante_core::wire::services::{
    ListEntitlements, ListServices, ListTargets, ServicesReply, ServicesRequest,
};

use super::SendError;
use super::exchange::{Asked, Got};
use crate::route::Operation;

pub(super) fn asked(request: &ServicesRequest) -> Result<Asked, SendError> {
    use ServicesRequest as Request;
    Ok(match request {
        Request::Define(body) => Asked::new(Operation::DefineService).saying(body),
        Request::List(list) => services(list),
        Request::Apply(body) => Asked::new(Operation::Apply).saying(body),
        Request::Choose(body) => Asked::new(Operation::Choose)
            .at(&body.application)
            .saying_the_rest(body),
        Request::ListApplications(list) => Asked::new(Operation::ListApplications)
            .asking("customer", list.customer)
            .asking("after", list.after),
        Request::ListTargets(list) => targets(list),
        Request::CancelApplication(body) => Asked::new(Operation::CancelApplication)
            .at(&body.application)
            .saying_the_rest(body),
        Request::StopUse(body) => Asked::new(Operation::StopUse)
            .at(&body.service)
            .saying_the_rest(body),
        Request::ListEntitlements(list) => entitlements(list),
        _ => return Err(SendError::no_route()),
    })
}

pub(super) fn replied(request: &ServicesRequest, got: &Got) -> Result<ServicesReply, SendError> {
    use {ServicesReply as Reply, ServicesRequest as Request};
    Ok(match request {
        Request::Define(_) => Reply::Defined(got.message()?),
        Request::List(_) => Reply::Services(got.message()?),
        Request::Apply(_) => Reply::Applied(got.message()?),
        Request::Choose(_) | Request::CancelApplication(_) => Reply::Application(got.message()?),
        Request::ListApplications(_) => Reply::Applications(got.message()?),
        Request::ListTargets(_) => Reply::Targets(got.message()?),
        Request::StopUse(_) => Reply::UseStopped(got.message()?),
        Request::ListEntitlements(_) => Reply::Entitlements(got.message()?),
        _ => return Err(SendError::no_route()),
    })
}

fn services(list: &ListServices) -> Asked {
    Asked::new(Operation::ListServices)
        .asking("customer", list.customer)
        .asking("unused", list.unused.then_some(true))
        .asking("after", list.after.as_ref())
}

fn targets(list: &ListTargets) -> Asked {
    Asked::new(Operation::ListTargets)
        .at(&list.application)
        .asking("customer", list.customer)
        .asking("after", list.after)
}

fn entitlements(list: &ListEntitlements) -> Asked {
    Asked::new(Operation::ListEntitlements)
        .asking("service", Some(&list.service))
        .asking("customer", list.customer)
        .asking("after", list.after)
}
