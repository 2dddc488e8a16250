//! Poll requests over real sockets: what people plan, and the tag that a poll bears.

use restante_core::center::{Call, Message, Reply};
use restante_core::code::Presented;
use restante_core::id::{ApplicationId, CustomerId, DeviceId, RequestId};
use restante_core::time::{Seconds, Timestamp};
use restante_core::wire::people::{DateTime, Page, PeopleReply, PeopleRequest};
use restante_core::wire::plan::{
    ListPollLinks, PlanFirst, PlanOf, PlanPolls, PlanShape, PollLink, PollLinkRow, PollLinkState,
    PollPlan,
};
use restante_core::wire::services::Devices;
use restante_core::wire::{
    Below, DeviceReply, DeviceRequest, ETag, Mailbox, Poll, PollCall, PollReply, PollTag, Schedule,
};

use crate::stand::{Plan, formal, token};

fn tag() -> PollTag {
    PollTag::from_bytes(&[0xfb; 16])
}

fn plan(of: PlanOf, shape: PlanShape) -> PlanPolls {
    PlanPolls {
        request: RequestId::from_bytes([3; 16]),
        customer: Some(CustomerId::from_bytes([8; 16])),
        of,
        shape,
        first: PlanFirst::MostCapable,
        widths: vec![3, 4],
        per_minute: Some(60),
    }
}

fn planned() -> PollPlan {
    let time = DateTime(Timestamp::from_millis(1_800_000_000_000));
    PollPlan {
        tag: tag(),
        made: time,
        expires: time,
        devices: 2,
        left_out: 1,
        layers: 1,
        per_minute: 60,
        lasts: Seconds::new(1),
        links: vec![PollLink {
            device: DeviceId::from_bytes([9; 16]),
            link: "https://192.0.2.1/doPolling?tag=x".into(),
        }],
    }
}

fn row() -> PollLinkRow {
    PollLinkRow {
        number: 1,
        device: DeviceId::from_bytes([9; 16]),
        model: "C 5000".parse().ok(),
        address: "[2001:db8::1]:444".parse().ok(),
        state: PollLinkState::BehindGateway,
        caller: Some(DeviceId::from_bytes([7; 16])),
        after: Some(Seconds::new(1)),
        link: None,
    }
}

fn exchanges() -> Vec<(PeopleRequest, PeopleReply)> {
    let devices = PlanOf::Devices(Devices(vec![DeviceId::from_bytes([9; 16])]));
    let application = PlanOf::Application(ApplicationId::from_bytes([6; 16]));
    let list = |after| {
        PeopleRequest::ListPollLinks(ListPollLinks {
            tag: tag(),
            customer: Some(CustomerId::from_bytes([8; 16])),
            after,
        })
    };
    let page = |next| {
        let rows = vec![row()];
        PeopleReply::PollLinks(Page { rows, next })
    };
    vec![
        (
            PeopleRequest::PlanPolls(plan(devices, PlanShape::Each)),
            PeopleReply::PollsPlanned(planned()),
        ),
        (
            PeopleRequest::PlanPolls(plan(application, PlanShape::Roots(2))),
            PeopleReply::PollsPlanned(planned()),
        ),
        (list(None), page(Some(1))),
        (list(Some(1)), page(None)),
    ]
}

#[tokio::test]
async fn plans_and_their_links_travel_unchanged() {
    let stand = Plan::default()
        .start(|call: &Call| {
            let mut all = exchanges().into_iter();
            let asked = all.find(|(request, _)| call.message == Message::People(request.clone()));
            Ok(Reply::People(asked.expect("one of them").1))
        })
        .await;
    for (request, reply) in exchanges() {
        let got = stand.client().ask(&token(), &request).await;
        assert_eq!(got.as_ref(), Ok(&reply), "{request:?}");
        let call = stand.calls().pop().expect("a call");
        assert_eq!(call.message, Message::People(request));
    }
}

#[tokio::test]
async fn a_poll_with_a_tag_is_shown_the_mailbox_and_its_calls_whatever_it_has_seen() {
    let mailbox = Mailbox {
        etag: ETag::from_bytes(&[5; 16]),
        instructions: Vec::new(),
        more: false,
        schedule: Schedule::every(Seconds::DAY),
        calls: vec![PollCall {
            address: None,
            after: Seconds::new(2),
            below: vec![Below {
                address: "192.0.2.4".parse().expect("an address"),
                after: Seconds::new(3),
            }],
        }],
    };
    let shown = DeviceReply::Polled(PollReply::Mailbox(mailbox));
    let told = shown.clone();
    let stand = Plan::default()
        .start(move |_: &Call| Ok(Reply::Device(told.clone())))
        .await;
    let poll = Poll {
        have: Some(ETag::from_bytes(&[5; 16])),
        max_message: None,
        tag: Some(tag()),
    };
    let request = DeviceRequest::Poll(poll);
    let code = Presented::Formal(formal());
    let got = stand.client().send(&code, &request).await;
    assert_eq!(got, Ok(shown));
    let call = stand.calls().pop().expect("a call");
    let Message::Device(DeviceRequest::Poll(poll)) = call.message else {
        panic!("{:?}", call.message);
    };
    assert_eq!(poll.tag, Some(tag()));
}
