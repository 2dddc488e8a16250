//! Mails of strangers: what any number of them leaves in the log and in the figures. What becomes
//! of a device's mail is tested with a mail server, in `by_mail`.

use std::fs;
use std::io::Write;
use std::process::{ExitStatus, Stdio};

use crate::place::Place;
use crate::serving::{metrics, started, stopped};

/// Hands a mail over as a mail server does.
fn take(place: &Place, mail: &str) -> ExitStatus {
    let mut command = place.command(&["take-mail"]);
    let mut child = command.stdin(Stdio::piped()).spawn().expect("it runs");
    let mut input = child.stdin.take().expect("piped");
    input.write_all(mail.as_bytes()).expect("it reads");
    drop(input);
    child.wait().expect("it ends")
}

#[test]
fn mails_of_strangers_beyond_a_few_are_summed_in_the_log_and_counted_in_the_figures() {
    let place = Place::new();
    let center = started(&place);
    let stranger = concat!(
        "Content-Type: application/vnd.restante+json\r\n\r\n",
        r#"{"register": {"url": "https://localhost/start", "#,
        r#""device": "dev-3a8vb17nbj0ppvb2k328nzj1mg", "code": "163abc45"}}"#
    );
    for _ in 0..13 {
        let status = take(&place, "Subject: hello\r\n\r\nNothing for a center.\r\n");
        assert_eq!(status.code(), Some(0));
        assert_eq!(take(&place, stranger).code(), Some(0));
    }
    let ready = fs::read(place.path("ready.json")).expect("a file");
    let figures = metrics(&serde_json::from_slice(&ready).expect("JSON"));
    for reason in ["mail-without-message", "registration-device-mismatch"] {
        let counted = format!("restante_refusals_total{{reason=\"{reason}\"}} 13");
        assert!(figures.lines().any(|it| it == counted), "{figures}");
    }
    let (_, log) = stopped(&place, center);
    for words in [
        "a mail holds no message",
        "a mail's registration is refused",
    ] {
        assert_eq!(log.matches(words).count(), 10, "{words}: {log}");
    }
    assert_eq!(log.matches("\"left_out\":3").count(), 2, "{log}");
}
