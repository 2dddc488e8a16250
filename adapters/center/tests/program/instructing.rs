//! Instructing a device from the command line, and what the device is shown and says.

use restante_core::code::{FormalCode, Presented, ProvisionalCode};
use restante_core::wire::{Acknowledge, DeviceReply, DeviceRequest, Mailbox, Poll, PollReply};
use restante_http::client::{Client, Trust};

use crate::place::Place;

/// A device of Anna Weber that has enrolled at a center and polled once.
pub(crate) struct Enrolled {
    pub(crate) client: Client,
    pub(crate) device: String,
    pub(crate) code: FormalCode,
    pub(crate) customer: String,
}

impl Enrolled {
    /// One of the center of this place, which serves there.
    pub(crate) async fn at(place: &Place, url: &str) -> Self {
        let issued = place.json(&["code", "issue", "--user", "Anna Weber"]);
        let code = issued["code"].as_str().and_then(|it| it.parse().ok());
        let client = Client::new(url, &Trust::system()).expect("a client");
        let (device, code) = enrol(&client, code.expect("a code")).await;
        poll(&client, &code).await;
        let customer = issued["row"]["customer"].as_str().expect("an id");
        Self {
            client,
            device,
            code,
            customer: customer.to_owned(),
        }
    }
}

async fn enrol(client: &Client, code: ProvisionalCode) -> (String, FormalCode) {
    let reply = client
        .send(&Presented::Provisional(code), &enrolment())
        .await;
    let Ok(DeviceReply::Enrolled(enrolled)) = reply else {
        panic!("{reply:?}");
    };
    let device = enrolled.devices[0].device.to_string();
    (device, enrolled.formal_code)
}

/// What a device says that enrols.
pub(crate) fn enrolment() -> DeviceRequest {
    let enrol = serde_json::json!({
        "request": "req-00000000000000000000000001",
        "devices": [{ "identification": {
            "vendor": "Example", "model": "MF 1", "serial": "A-1", "functions": ["printer"],
        }}],
    });
    DeviceRequest::Enrol(serde_json::from_value(enrol).expect("a message"))
}

pub(crate) async fn poll(client: &Client, code: &FormalCode) -> Mailbox {
    let request = DeviceRequest::Poll(Poll::default());
    let reply = client
        .send(&Presented::Formal(code.clone()), &request)
        .await;
    match reply {
        Ok(DeviceReply::Polled(PollReply::Mailbox(mailbox))) => mailbox,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_is_instructed_and_what_it_says_is_shown() {
    let place = Place::new();
    let served = place.serve();
    let Enrolled {
        client,
        device,
        code,
        ..
    } = Enrolled::at(&place, served.url()).await;
    let whose = ["--user", "Anna Weber"];
    let order = [
        &[
            "instruct",
            "--device",
            &device,
            "--notify",
            "Tea?",
            "--report-status",
        ],
        &whose[..],
    ];
    let told = place.json(&order.concat());
    let id = told["rows"][0]["instruction"].as_str().expect("an id");
    let list = [&["instructions", &device], &whose[..]].concat();
    let shown = place.run(&list);
    assert!(shown.contains("notify, report-status"), "{shown}");
    assert!(shown.contains("waiting"), "{shown}");
    let mailbox = poll(&client, &code).await;
    assert_eq!(mailbox.instructions[0].id.to_string(), id);
    let word = serde_json::json!({ "acknowledgements": [{
        "instruction": id, "device": device, "attempt": 1, "progress": "failed",
        "results": [{ "outcome": "failed", "detail": "no panel" }, { "outcome": "done" }],
    }]});
    let word: Acknowledge = serde_json::from_value(word).expect("a message");
    let reply = client
        .send(
            &Presented::Formal(code.clone()),
            &DeviceRequest::Acknowledge(word),
        )
        .await;
    assert!(
        matches!(reply, Ok(DeviceReply::Acknowledged(_))),
        "{reply:?}"
    );
    let shown = place.run(&list);
    assert!(shown.contains("failed (no panel), done"), "{shown}");
    let order = [
        &["instruct", "--device", &device, "--rotate-code"],
        &whose[..],
    ]
    .concat();
    let told = place.json(&order);
    let id = told["rows"][0]["instruction"].as_str().expect("an id");
    let cancel = [&["cancel", id, "--device", &device], &whose[..]].concat();
    assert_eq!(place.run(&cancel), "the instruction is cancelled\n");
    assert!(poll(&client, &code).await.instructions.is_empty());
    let unknown = "ins-00000000000000000000000001";
    let cancel = [&["cancel", unknown, "--device", &device], &whose[..]].concat();
    let output = place.command(&cancel).output().expect("runs");
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        format!(
            "restante-center: {device} has no {unknown}; `instructions {device}` shows the ids\n"
        )
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_of_nobody_is_named_to_people_and_to_programs() {
    let place = Place::new();
    let served = place.serve();
    let Enrolled { device, .. } = Enrolled::at(&place, served.url()).await;
    let nobodys = "dev-00000000000000000000000001";
    let order = [
        "instruct",
        "--device",
        &device,
        "--device",
        nobodys,
        "--report-status",
        "--user",
        "Anna Weber",
    ];
    let said = |words: &[&str]| {
        let output = place.command(words).output().expect("runs");
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty(), "{output:?}");
        String::from_utf8(output.stderr).expect("text")
    };
    assert_eq!(
        said(&order),
        format!(
            "restante-center: refused (not-found): the customer holds no {nobodys}. Check the \
             address or the id.\n"
        )
    );
    let json: serde_json::Value =
        serde_json::from_str(&said(&[&order[..], &["--json"]].concat())).expect("JSON");
    assert_eq!(json["code"], "not-found");
    assert_eq!(json["devices"], serde_json::json!([nobodys]));
}

#[test]
fn an_order_without_an_act_is_not_sent() {
    let place = Place::new();
    let device = "dev-00000000000000000000000001";
    let output = place
        .command(&["instruct", "--device", device])
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "restante-center: say what to do: --notify, --report-status or --rotate-code; 8 at most\n"
    );
}
