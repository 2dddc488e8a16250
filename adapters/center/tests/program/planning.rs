//! Poll requests from the command line: the links, the table, and what the devices are told.

use restante_core::code::{FormalCode, Presented, ProvisionalCode};
use restante_core::wire::{DeviceReply, DeviceRequest, Mailbox, Poll, PollReply, PollTag};
use restante_http::client::{Client, Trust};
use serde_json::json;

use crate::place::Place;

const USER: [&str; 2] = ["--user", "Anna Weber"];

/// Enrols a device that has told its address, and has it poll; its id and its code.
async fn enrol(client: &Client, code: &ProvisionalCode, number: u8) -> (String, FormalCode) {
    let functions = match number {
        1 => vec!["printer", "scanner"],
        _ => vec!["printer"],
    };
    let enrol = json!({
        "request": format!("req-0000000000000000000000000{number}"),
        "devices": [{
            "identification": {
                "vendor": "Example", "model": "MF 1", "serial": format!("A-{number}"),
                "functions": functions,
            },
            "contacts": { "address": format!("192.0.2.{number}") },
        }],
    });
    let enrol = DeviceRequest::Enrol(serde_json::from_value(enrol).expect("a message"));
    let presented = Presented::Provisional(code.clone());
    let Ok(DeviceReply::Enrolled(enrolled)) = client.send(&presented, &enrol).await else {
        panic!("not enrolled");
    };
    poll(client, &enrolled.formal_code, None).await;
    (enrolled.devices[0].device.to_string(), enrolled.formal_code)
}

async fn poll(client: &Client, code: &FormalCode, tag: Option<PollTag>) -> Mailbox {
    let request = DeviceRequest::Poll(Poll {
        tag,
        ..Poll::default()
    });
    let reply = client
        .send(&Presented::Formal(code.clone()), &request)
        .await;
    match reply {
        Ok(DeviceReply::Polled(PollReply::Mailbox(mailbox))) => mailbox,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_link_is_printed_and_its_device_is_told_whom_to_call() {
    let place = Place::new();
    let issued = place.json(&["code", "issue", "--user", "Anna Weber"]);
    let code: Option<ProvisionalCode> = issued["code"].as_str().and_then(|it| it.parse().ok());
    let code = code.expect("a code");
    let served = place.serve();
    let client = Client::new(served.url(), &Trust::system()).expect("a client");
    let (root, formal) = enrol(&client, &code, 1).await;
    let (other, _) = enrol(&client, &code, 2).await;
    let devices = ["--device", &root, "--device", &other];
    let order = [&["poll-links"], &devices[..], &USER[..]].concat();
    let options = ["--most-capable", "--per-minute", "6"];
    let shown = place.run(&[&order[..], &options[..]].concat());
    let mut lines = shown.lines();
    assert_eq!(lines.next(), Some("Open on the devices' network:"));
    let link = lines.nth(1).expect("a link").trim();
    let tag = link
        .strip_prefix("https://192.0.2.1/doPolling?tag=")
        .and_then(|rest| rest.strip_suffix("&pollreq=192.0.2.2"))
        .expect(link);
    assert!(
        shown.contains("2 devices poll within 11 seconds, at most 6 in a minute; 0 are left out."),
        "{shown}"
    );
    assert!(shown.contains("by another device"), "{shown}");
    let told = poll(&client, &formal, tag.parse().ok()).await;
    let [call] = &told.calls[..] else {
        panic!("{:?}", told.calls);
    };
    assert_eq!(
        (call.address.as_ref(), call.after.get()),
        ("192.0.2.2".parse().ok().as_ref(), 11)
    );
    let each = place.json(&[&order[..], &["--each", "--per-minute", "6"]].concat());
    let links = each["plan"]["links"].as_array().expect("links");
    assert_eq!(links.len(), 2);
    assert!(
        links[1]["link"]
            .as_str()
            .is_some_and(|it| it.ends_with("/doPolling?after=11"))
    );
    assert_eq!(each["devices"][0]["state"], "root");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_out_of_bounds_is_refused_with_what_to_do() {
    let place = Place::new();
    let issued = place.json(&["code", "issue", "--user", "Anna Weber"]);
    let code: Option<ProvisionalCode> = issued["code"].as_str().and_then(|it| it.parse().ok());
    let served = place.serve();
    let client = Client::new(served.url(), &Trust::system()).expect("a client");
    let (device, _) = enrol(&client, &code.expect("a code"), 1).await;
    let order = [&["poll-links", "--device", &device], &USER[..]].concat();
    for (options, says) in [
        (
            ["--widths", "3,9"],
            "a width is 9; it is 1 at least and 8 at most",
        ),
        (
            ["--roots", "65"],
            "65 roots are asked for; a plan has 1 at least and 64 at most",
        ),
        (
            ["--per-minute", "1201"],
            "perMinute is 1201; it is 1 at least and 1200 at most",
        ),
    ] {
        let output = place.command(&[&order[..], &options[..]].concat()).output();
        let refused = String::from_utf8(output.expect("it runs").stderr).expect("text");
        assert!(refused.contains(says), "{refused}");
    }
}
