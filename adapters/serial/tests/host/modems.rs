//! Dial scripts against a modem on a pseudo-terminal that says what a test has it say.

use restante_core::limits::SEALED_BYTES;
use restante_serial::host::{DialError, Kind, Line, LineError, dial};
use restante_serial::modem::{ANSWER, Call, DIAL, HANG_UP, Number, Script};
use restante_serial::{Link, Pace};
use serial2_tokio::SerialPort;

use crate::place::{line, pair};

/// A modem: waits for each command and answers it. Returns what it was told.
async fn modem(port: &SerialPort, answers: &[(&str, &str)]) -> String {
    let mut told = String::new();
    for (command, answer) in answers {
        let mut here = String::new();
        while !here.ends_with(command) {
            let mut byte = [0];
            match port.read(&mut byte).await {
                Ok(1) => here.push(char::from(byte[0])),
                _ => return told + &here,
            }
        }
        told += &here;
        port.write_all(answer.as_bytes()).await.expect("it writes");
    }
    told
}

const READY: [(&str, &str); 2] = [
    ("ATZ\r", "ATZ\r\r\nOK\r\n"),
    ("ATE0V1Q0X4&C1&D2\r", "\r\nOK\r\n"),
];

fn script(text: &str) -> Script {
    text.parse().expect("a script")
}

fn number() -> Number {
    "0,0301234567".parse().expect("a number")
}

async fn dialled(text: &str, answers: &[(&str, &str)]) -> Result<String, DialError> {
    let (far, mut near) = pair();
    let call = Call::new(script(text), number());
    let (dialled, _) = tokio::join!(dial(&mut near, call), modem(&far, answers));
    dialled.map(|dialled| dialled.answer)
}

async fn failed(answer: &str) -> String {
    let answers = [READY[0], READY[1], ("ATDT0,0301234567\r", answer)];
    dialled(DIAL, &answers)
        .await
        .expect_err("no line")
        .to_string()
}

#[tokio::test]
async fn a_call_that_is_answered_is_a_line() {
    let connect = "\r\nRINGING\r\n\r\nCONNECT 9600/V42\r\n";
    let answers = [READY[0], READY[1], ("ATDT0,0301234567\r", connect)];
    let answer = dialled(DIAL, &answers).await.expect("a line");
    assert_eq!(answer, "CONNECT 9600/V42");
}

#[tokio::test]
async fn what_a_modem_says_instead_of_connect_is_in_the_error() {
    for word in [
        "BUSY",
        "NO CARRIER",
        "NO DIALTONE",
        "NO DIAL TONE",
        "NO ANSWER",
    ] {
        let text = failed(&format!("\r\n{word}\r\n")).await;
        let expected =
            format!("line 12 of the script: expected CONNECT, but the modem said {word}");
        assert_eq!(text, expected);
    }
}

#[tokio::test]
async fn a_modem_that_says_nothing_or_something_else_is_an_error_in_time() {
    let short = "send ATZ\nexpect OK within 1s\n";
    let error = dialled(short, &[]).await.expect_err("no modem");
    let text = "line 2 of the script: expected OK, but nothing came within 1 s";
    assert_eq!(error.to_string(), text);
    let voice = [("ATZ\r", "\r\nVOICE\r\n")];
    let error = dialled(short, &voice).await.expect_err("no line");
    let text = "line 2 of the script: expected OK, but it did not come within 1 s; \
                last came \"VOICE\"";
    assert_eq!(error.to_string(), text);
}

#[tokio::test]
async fn a_modem_that_goes_away_is_an_error() {
    let (far, mut near) = pair();
    drop(far);
    let call = Call::new(script(DIAL), number());
    let error = dial(&mut near, call).await.expect_err("no modem");
    assert_eq!(error.to_string(), "the serial port has gone away");
}

#[tokio::test]
async fn a_call_that_comes_is_taken() {
    let answers = [
        ("ATZ\r", "\r\nOK\r\n"),
        ("ATE0V1Q0S0=0&C1&D2\r", "\r\nOK\r\n\r\nRING\r\n"),
        ("ATA\r", "\r\nCONNECT 2400\r\n"),
    ];
    let answer = dialled(ANSWER, &answers).await.expect("a line");
    assert_eq!(answer, "CONNECT 2400");
}

#[tokio::test]
async fn hanging_up_keeps_silence_around_the_escape() {
    let (far, mut near) = pair();
    let began = tokio::time::Instant::now();
    let answers = [("+++", "\r\nOK\r\n"), ("ATH\r", "\r\nOK\r\n")];
    let call = Call::new(script(HANG_UP), Number::default());
    let (done, told) = tokio::join!(dial(&mut near, call), modem(&far, &answers));
    done.expect("hung up");
    assert_eq!(told, "+++ATH\r");
    assert!(began.elapsed().as_secs() >= 2, "the guard time");
}

/// A line between two modems: what comes behind CONNECT belongs to the link, payloads that are full
/// of the escape cross it, and the modem's last word ends it.
#[tokio::test]
async fn a_link_runs_behind_a_call_until_the_carrier_is_lost() {
    let (far, mut near) = pair();
    let connect = "\r\nCONNECT 9600\r\n\0frame\0";
    let answers = [READY[0], READY[1], ("ATDT0,0301234567\r", connect)];
    let call = Call::new(script(DIAL), number());
    let (dialled, _) = tokio::join!(dial(&mut near, call), modem(&far, &answers));
    let dialled = dialled.expect("a line");
    assert_eq!(dialled.rest, b"\0frame\0");

    let link = Link::new(1, Pace::new(4_000_000, 50), SEALED_BYTES);
    let left = Line::start(near, link, Kind::Modem, dialled.rest);
    let carrier = far.try_clone().expect("a second handle");
    let mut right = line(far, 2);
    let message = b"+++ATH\r".repeat(300);
    left.send(message.clone()).await.expect("delivered");
    assert_eq!(right.next().await, Some(message));
    drop(right);
    carrier
        .write_all(b"\r\nNO CARRIER\r\n")
        .await
        .expect("it writes");
    let ended = left.ended().await;
    assert!(matches!(ended, LineError::CarrierLost), "{ended:?}");
    assert_eq!(ended.to_string(), "the modem has lost the carrier");
}
