//! The vectors of `spec/vectors/serial-frame.json`: what is written to the byte, and what is read.
//!
//! They were made by an implementation that is not ours.

use restante_serial::frame::{Cutter, Direction, Frame, Session, encode};
use serde_json::{Value, json};

fn hex(text: &Value) -> Vec<u8> {
    let digits = text.as_str().expect("a text").as_bytes();
    let pair = |pair: &[u8]| {
        let text = std::str::from_utf8(pair).expect("digits");
        u8::from_str_radix(text, 16).expect("digits")
    };
    digits.chunks(2).map(pair).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn number(of: &Value) -> u32 {
    u32::try_from(of.as_u64().expect("a number")).expect("it fits")
}

fn session(of: &Value) -> Option<Session> {
    Some(number(of))
        .filter(|number| *number > 0)
        .map(Session::new)
}

fn link(of: &Value) -> Direction {
    Direction::from_bytes(hex(of).try_into().expect("four bytes"))
}

fn byte(of: &Value) -> u8 {
    u8::try_from(number(of)).expect("it fits")
}

fn frame(said: &Value) -> Frame {
    if let Some(hello) = said.get("hello") {
        return Frame::Hello {
            from: session(&hello["from"]).expect("somebody"),
            to: session(&hello["to"]),
            takes: number(&hello["takes"]),
        };
    }
    if let Some(data) = said.get("data") {
        return Frame::Data {
            link: link(&data["link"]),
            number: byte(&data["number"]),
            length: number(&data["length"]),
            offset: number(&data["offset"]),
            bytes: hex(&data["bytes"]),
        };
    }
    let said = &said["acknowledgement"];
    Frame::Acknowledgement {
        link: link(&said["link"]),
        number: byte(&said["number"]),
        arrived: number(&said["arrived"]),
    }
}

fn answer(input: &Value) -> Option<Value> {
    if let Some(ends) = input.get("direction") {
        let end = |name: &str| session(&ends[name]).expect("somebody");
        let link = Direction::new(end("from"), end("to"));
        return Some(json!({ "link": to_hex(&link.to_bytes()) }));
    }
    if let Some(said) = input.get("write") {
        let line = encode(&frame(said).to_bytes());
        return Some(json!({ "line": to_hex(&line) }));
    }
    let mut cutter = Cutter::default();
    let line = hex(&input["read"]);
    let found: Vec<Frame> = line.iter().filter_map(|byte| cutter.take(*byte)).collect();
    assert!(found.len() < 2, "one line is one frame");
    let found = found.first()?;
    Some(json!({ "frame": to_hex(&found.to_bytes()) }))
}

#[test]
fn every_vector_is_answered_as_an_implementation_that_is_not_ours_does() {
    let text = include_str!("../../../spec/vectors/serial-frame.json");
    let suite: Value = serde_json::from_str(text).expect("JSON");
    let cases = suite["cases"].as_array().expect("a list");
    assert!(cases.len() > 70, "they are there");
    for case in cases {
        let mut expected = case.get("expected").cloned();
        if let Some(said) = expected.as_mut().and_then(|it| it.get_mut("frame")) {
            *said = Value::String(to_hex(&frame(said).to_bytes()));
        }
        let name = format!("{} {}", case["tcId"], case["notes"]);
        assert_eq!(answer(&case["input"]), expected, "{name}");
        assert_eq!(case["result"] == "valid", expected.is_some(), "{name}");
    }
}
