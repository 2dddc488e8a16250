//! Every route: what the client sends is what the center is asked, and what the center answers is
//! what the client returns.

use std::num::NonZeroU32;

use restante_core::center::{Call, Credential, Message, Reply};
use restante_core::code::Presented;
use restante_core::id::{
    CustomerId, DeviceId, GrantId, InstructionId, Model, RegistrationId, RequestId, Serial,
    TokenId, UserName, Vendor,
};
use restante_core::time::{Seconds, Timestamp};
use restante_core::wire::enrol::{DeviceList, MaxMessage};
use restante_core::wire::instruct::{
    CancelInstruction, Instruct, Instructed, InstructedDevice, InstructionRow, InstructionState,
    ListInstructions,
};
use restante_core::wire::people::{
    AcceptClock, ClockAccepted, CodeIssued, CodeRow, CodeState, DateTime, IssueCode, IssueToken,
    ListCodes, ListDevices, ListReadings, ListTokens, Page, PeopleReply, PeopleRequest, RevokeCode,
    RevokeToken, Role, TokenIssued, TokenRow,
};
use restante_core::wire::{
    Acknowledge, Acknowledged, Acknowledgement, Act, Acts, AddDevices, Contacts, Counters,
    DeviceEntry, DeviceReply, DeviceRequest, DeviceState, DevicesAdded, DevicesRemoved, ETag,
    Enrol, EnrolDeviceResult, EnrolResult, Enrolled, Function, FunctionSet, Identification, Leave,
    Left, Mailbox, NoteResult, Noted, Poll, PollReply, Progress, RemoveDevices, ReportResult,
    ReportStatus, Reported, Rotate, Rotated, Schedule, StatusReport, StatusReported,
};

use crate::stand::{Plan, as_formal, as_provisional, formal, provisional, token};

fn schedule() -> Schedule {
    Schedule::every(Seconds::HOUR)
}

fn devices() -> DeviceList {
    let identification = Identification {
        vendor: Vendor::new("Acme").expect("a vendor"),
        model: Model::new("C 5000 „Größe“").expect("a model"),
        serial: Serial::new("SN-1").expect("a serial number"),
        functions: FunctionSet::new([Function::Printer]).expect("a function"),
    };
    let entry = DeviceEntry {
        identification,
        contacts: Contacts::default(),
    };
    DeviceList::new(vec![entry]).expect("one device")
}

fn device() -> DeviceId {
    DeviceId::from_bytes([9; 16])
}

fn results() -> Vec<EnrolDeviceResult> {
    let result = EnrolResult::New;
    vec![EnrolDeviceResult {
        device: device(),
        result,
    }]
}

/// A message of a device, what it presents with it, and a reply that fits.
type Exchange = (Presented, DeviceRequest, DeviceReply);

fn device_exchanges() -> Vec<Exchange> {
    let leave = (
        as_formal(),
        DeviceRequest::Leave(Leave {}),
        DeviceReply::Left(Left {}),
    );
    vec![
        enrolment(),
        changed_poll(),
        unchanged_poll(),
        acknowledgement(),
        report(),
        rotation(),
        addition(),
        removal(),
        leave,
    ]
}

fn enrolment() -> Exchange {
    let enrol = Enrol {
        request: RequestId::from_bytes([3; 16]),
        devices: devices(),
        max_message: Some(MaxMessage::new(4096).expect("enough")),
    };
    let enrolled = Enrolled {
        registration: RegistrationId::from_bytes([1; 16]),
        formal_code: formal(),
        devices: results(),
        schedule: schedule(),
    };
    (
        as_provisional(),
        DeviceRequest::Enrol(enrol),
        DeviceReply::Enrolled(enrolled),
    )
}

fn changed_poll() -> Exchange {
    let mailbox = Mailbox {
        etag: ETag::from_bytes(&[5; 16]),
        instructions: Vec::new(),
        more: false,
        schedule: schedule(),
        calls: Vec::new(),
    };
    (
        as_formal(),
        DeviceRequest::Poll(Poll::default()),
        DeviceReply::Polled(PollReply::Mailbox(mailbox)),
    )
}

fn unchanged_poll() -> Exchange {
    let poll = Poll {
        have: Some(ETag::from_bytes(&[6; 16])),
        max_message: Some(MaxMessage::new(2048).expect("enough")),
        tag: None,
    };
    (
        as_formal(),
        DeviceRequest::Poll(poll),
        DeviceReply::Polled(PollReply::Unchanged(Seconds::new(77))),
    )
}

fn acknowledgement() -> Exchange {
    let instruction = InstructionId::from_bytes([7; 16]);
    let acknowledgement = Acknowledgement {
        instruction,
        device: device(),
        attempt: 2,
        progress: Progress::Taken,
        results: Vec::new(),
    };
    let noted = Noted {
        instruction,
        result: NoteResult::Recorded,
        state: "taken".into(),
    };
    (
        as_formal(),
        DeviceRequest::Acknowledge(Acknowledge {
            acknowledgements: vec![acknowledgement],
        }),
        DeviceReply::Acknowledged(Acknowledged {
            acknowledgements: vec![noted],
            schedule: schedule(),
        }),
    )
}

fn report() -> Exchange {
    let report = StatusReport {
        device: device(),
        boot: 1,
        seq: 2,
        age: Seconds::ZERO,
        state: DeviceState::Idle,
        reasons: Vec::new(),
        counters: Counters::default(),
        address: "192.0.2.4:8443".parse().ok(),
    };
    let reported = Reported {
        device: device(),
        result: ReportResult::Superseded,
    };
    let reports = vec![report];
    let reply = StatusReported {
        results: vec![reported],
        schedule: schedule(),
    };
    (
        as_formal(),
        DeviceRequest::ReportStatus(ReportStatus { reports }),
        DeviceReply::StatusReported(reply),
    )
}

fn rotation() -> Exchange {
    let rotated = Rotated {
        formal_code: formal(),
        schedule: schedule(),
    };
    (
        as_formal(),
        DeviceRequest::Rotate(Rotate {}),
        DeviceReply::Rotated(rotated),
    )
}

fn addition() -> Exchange {
    let add = AddDevices {
        change: NonZeroU32::MIN,
        devices: devices(),
        code: Some(provisional().to_text()),
    };
    let added = DevicesAdded {
        devices: results(),
        schedule: schedule(),
    };
    (
        as_formal(),
        DeviceRequest::AddDevices(add),
        DeviceReply::DevicesAdded(added),
    )
}

fn removal() -> Exchange {
    let devices = vec![device()];
    let removed = DevicesRemoved {
        remaining: 4,
        schedule: schedule(),
    };
    (
        as_formal(),
        DeviceRequest::RemoveDevices(RemoveDevices {
            change: NonZeroU32::MIN,
            devices,
        }),
        DeviceReply::DevicesRemoved(removed),
    )
}

#[tokio::test]
async fn every_message_of_a_device_and_its_reply_travel_unchanged() {
    for plan in [Plan::default(), Plan::plain()] {
        let stand = plan
            .start(|call: &Call| {
                let asked = &call.message;
                let fits = |(_, request, _): &(_, DeviceRequest, _)| {
                    *asked == Message::Device(request.clone())
                };
                let (.., reply) = device_exchanges()
                    .into_iter()
                    .find(fits)
                    .expect("a message");
                Ok(Reply::Device(reply))
            })
            .await;
        let client = stand.client();
        for (presented, request, reply) in device_exchanges() {
            let got = client.send(&presented, &request).await;
            assert_eq!(got.as_ref(), Ok(&reply), "{request:?}");
            let call = stand.calls().pop().expect("a call");
            let arrived = match presented {
                Presented::Provisional(code) => Credential::Provisional(code),
                Presented::Formal(code) => Credential::Formal(code),
            };
            assert_eq!(call.presented, arrived);
            assert_eq!(call.message, Message::Device(request));
            assert_eq!(call.source.address, Some(stand.address.ip()));
        }
        drop(client);
        assert_eq!(stand.stop().await.cut, 0);
    }
}

fn code_row() -> CodeRow {
    CodeRow {
        grant: GrantId::from_bytes([4; 16]),
        user: UserName::new("Müller & Sohn").expect("a name"),
        customer: CustomerId::from_bytes([8; 16]),
        state: CodeState::Valid,
        issued: DateTime(Timestamp::from_millis(1_800_000_000_000)),
        expires: DateTime(Timestamp::from_millis(1_800_604_800_000)),
        limit: 10,
        pending: 1,
        used: 2,
        note: None,
    }
}

fn token_row() -> TokenRow {
    TokenRow {
        token: TokenId::from_bytes([2; 16]),
        role: Role::Dealer,
        account: "dealer-1".parse().expect("a name"),
        customer: None,
        issued: DateTime(Timestamp::from_millis(1_800_000_000_000)),
        expires: None,
        revoked: None,
    }
}

fn page<T, A>(row: T, next: A) -> Page<T, A> {
    Page {
        rows: vec![row],
        next: Some(next),
    }
}

fn none<T, A>() -> Page<T, A> {
    Page {
        rows: Vec::new(),
        next: None,
    }
}

fn instruction_row() -> InstructionRow {
    InstructionRow {
        instruction: InstructionId::from_bytes([7; 16]),
        device: device(),
        customer: CustomerId::from_bytes([8; 16]),
        state: InstructionState::SetAside,
        cancel: false,
        attempt: Some(5),
        acts: Acts::one(Act::ReportStatus),
        made: code_row().issued,
        not_before: None,
        expires: code_row().expires,
        taken: Some(code_row().issued),
        finished: Some(code_row().expires),
        results: Vec::new(),
    }
}

fn instructing() -> (PeopleRequest, PeopleReply) {
    let row = instruction_row();
    let instruct = Instruct {
        customer: Some(row.customer),
        devices: vec![row.device],
        acts: row.acts,
        not_before: Some(Seconds::HOUR),
        expires: None,
        request: RequestId::from_bytes([3; 16]),
    };
    let instructed = InstructedDevice {
        device: row.device,
        instruction: row.instruction,
    };
    let rows = vec![instructed];
    (
        PeopleRequest::Instruct(instruct),
        PeopleReply::Instructed(Instructed { rows }),
    )
}

fn listing() -> (PeopleRequest, PeopleReply) {
    let row = instruction_row();
    let list = ListInstructions {
        device: row.device,
        customer: Some(row.customer),
        after: Some(row.instruction),
    };
    let next = row.instruction;
    (
        PeopleRequest::ListInstructions(list),
        PeopleReply::Instructions(page(row, next)),
    )
}

fn cancelling() -> (PeopleRequest, PeopleReply) {
    let row = instruction_row();
    let cancel = CancelInstruction {
        instruction: row.instruction,
        device: row.device,
        customer: Some(row.customer),
    };
    (
        PeopleRequest::CancelInstruction(cancel),
        PeopleReply::InstructionCancelled(row),
    )
}

/// Each question of people's programs and a reply that fits.
fn people_exchanges() -> Vec<(PeopleRequest, PeopleReply)> {
    use {PeopleReply as Reply, PeopleRequest as Request};
    let issue = IssueCode {
        user: code_row().user,
        validity: Some(Seconds::DAY),
        limit: Some(3),
        note: None,
    };
    let issue_token = IssueToken {
        role: Role::Dealer,
        account: token_row().account,
        customer: None,
        validity: None,
    };
    let grant = GrantId::from_bytes([4; 16]);
    let devices = ListDevices {
        customer: Some(CustomerId::from_bytes([8; 16])),
        user: Some(UserName::new("Müller & Sohn=100 %?").expect("a name")),
        after: Some(device()),
    };
    let readings = ListReadings {
        device: device(),
        customer: Some(CustomerId::from_bytes([8; 16])),
        after: Some(17),
    };
    let issued = CodeIssued {
        code: provisional().to_text(),
        row: code_row(),
    };
    let token_issued = TokenIssued {
        token: token(),
        row: token_row(),
    };
    let accepted = ClockAccepted {
        now: code_row().issued,
    };
    let revoked = token_row().token;
    vec![
        (Request::IssueCode(issue), Reply::CodeIssued(issued)),
        (
            Request::ListCodes(ListCodes { after: Some(grant) }),
            Reply::Codes(page(code_row(), grant)),
        ),
        (
            Request::RevokeCode(RevokeCode { grant }),
            Reply::CodeRevoked(code_row()),
        ),
        (
            Request::IssueToken(issue_token),
            Reply::TokenIssued(token_issued),
        ),
        (
            Request::ListTokens(ListTokens::default()),
            Reply::Tokens(page(token_row(), token_row().token)),
        ),
        (
            Request::RevokeToken(RevokeToken { token: revoked }),
            Reply::TokenRevoked(token_row()),
        ),
        (Request::ListDevices(devices), Reply::Devices(none())),
        (Request::ListReadings(readings), Reply::Readings(none())),
        instructing(),
        listing(),
        cancelling(),
        (
            Request::AcceptClock(AcceptClock {}),
            Reply::ClockAccepted(accepted),
        ),
    ]
}

#[tokio::test]
async fn every_question_of_people_and_its_reply_travel_unchanged() {
    let stand = Plan::default()
        .start(|call: &Call| {
            let asked = &call.message;
            let fits =
                |(request, _): &(PeopleRequest, _)| *asked == Message::People(request.clone());
            let (_, reply) = people_exchanges()
                .into_iter()
                .find(fits)
                .expect("a question");
            Ok(Reply::People(reply))
        })
        .await;
    let client = stand.client();
    assert!(stand.root.contains("BEGIN CERTIFICATE"));
    for (request, reply) in people_exchanges() {
        let got = client.ask(&token(), &request).await;
        assert_eq!(got.as_ref(), Ok(&reply), "{request:?}");
        let call = stand.calls().pop().expect("a call");
        assert_eq!(call.presented, Credential::Token(token()));
        assert_eq!(call.message, Message::People(request));
    }
}
