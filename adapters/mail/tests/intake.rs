//! What is read from mails of every shape, and why nothing is read from others.

use proptest::prelude::*;
use restante_core::limits::{MAIL_BYTES, MESSAGE_BYTES};
use restante_core::wire::{Mailed, RegisterAt};
use restante_mail::intake::{NoMessage, read};

const MESSAGE: &str = concat!(
    r#"{"register": {"url": "https://service-y.a.com/regist", "#,
    r#""device": "dev-3a8vb17nbj0ppvb2k328nzj1mg", "code": "163abc45"}}"#
);
const TYPE: &str = "Content-Type: application/vnd.restante+json\r\n";

fn message() -> Mailed {
    Mailed::Register(RegisterAt {
        url: "https://service-y.a.com/regist".parse().expect("a URL"),
        device: "dev-3a8vb17nbj0ppvb2k328nzj1mg".parse().expect("an id"),
        code: Some("163abc45".parse().expect("a code")),
    })
}

fn mail(headers: &str, body: &str) -> Vec<u8> {
    let own = "From: a@site.example\r\nTo: b@center.example\r\nMIME-Version: 1.0\r\n";
    format!("{own}{headers}\r\n{body}").into_bytes()
}

fn beside(parts: &[String]) -> Vec<u8> {
    let parts: String = parts.iter().map(|it| format!("--b\r\n{it}\r\n")).collect();
    let kind = "Content-Type: multipart/mixed;\r\n\tboundary=b\r\n";
    mail(kind, &format!("{parts}--b--\r\n"))
}

fn part() -> String {
    format!("{TYPE}\r\n{MESSAGE}\r\n")
}

#[test]
fn a_message_is_read_in_any_encoding_and_beside_anything() {
    let quoted = MESSAGE.replace('=', "=3D").replace("code", "co=64e");
    let quoted = quoted.replacen("register", "regis=\r\nter", 1);
    let encoded = "eyJyZWdpc3RlciI6IHsidXJsIjogImh0dHBzOi8vc2VydmljZS15LmEuY29tL3JlZ2lzdCIsICJk\r\n\
        ZXZpY2UiOiAiZGV2LTNhOHZiMTduYmowcHB2YjJrMzI4bnpqMW1nIiwgImNvZGUiOiAiMTYzYWJj\r\n\
        NDUifX0=\r\n";
    let folded = "content-type:\r\n  Application/VND.Restante+JSON;\r\n charset=utf-8\r\n";
    let text = "Content-Type: text/plain\r\n\r\nSent from a copier.\r\n".to_owned();
    let picture = "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBOR\r\n";
    for (what, bytes) in [
        ("plain", mail(TYPE, MESSAGE)),
        ("folded", mail(folded, MESSAGE)),
        (
            "quoted-printable",
            mail(
                &format!("{TYPE}Content-Transfer-Encoding: quoted-printable\r\n"),
                &quoted,
            ),
        ),
        (
            "base64",
            mail(
                &format!("{TYPE}Content-Transfer-Encoding: BASE64\r\n"),
                encoded,
            ),
        ),
        ("beside", beside(&[text, part(), picture.to_owned()])),
    ] {
        assert_eq!(read(&bytes), Ok(message()), "{what}");
        let line_feeds = String::from_utf8(bytes)
            .expect("text")
            .replace("\r\n", "\n");
        assert_eq!(read(line_feeds.as_bytes()), Ok(message()), "{what}, LF");
    }
}

#[test]
fn what_holds_no_message_says_why() {
    let inside = format!("Content-Type: message/rfc822\r\n\r\n{TYPE}\r\n{MESSAGE}\r\n");
    let broken = format!("{TYPE}Content-Transfer-Encoding: base64\r\n");
    for (bytes, why) in [
        (
            vec![b' '; MAIL_BYTES + 1],
            "the mail has more than 262144 bytes",
        ),
        (
            mail("Content-Type: application/json\r\n", MESSAGE),
            "the mail has no part of the type application/vnd.restante+json",
        ),
        (
            beside(&[inside]),
            "the mail has no part of the type application/vnd.restante+json",
        ),
        (
            beside(&[part(), part()]),
            "the mail has 2 parts of the type application/vnd.restante+json, and only one is \
             allowed",
        ),
        (
            mail(&broken, "%%%"),
            "the part of the type application/vnd.restante+json is not encoded as its header says",
        ),
    ] {
        assert_eq!(
            read(&bytes).map_err(|it| it.to_string()),
            Err(why.to_owned())
        );
    }
    for body in [
        "",
        "{}",
        "[]",
        r#"{"register": {}}"#,
        r#"{"leave": {}}"#,
        "{",
    ] {
        let refused = read(&mail(TYPE, body));
        assert!(
            matches!(refused, Err(NoMessage::Message(_))),
            "{body}: {refused:?}"
        );
    }
    let padded = format!("{MESSAGE}{}", " ".repeat(MESSAGE_BYTES));
    let refused = read(&mail(TYPE, &padded)).map_err(|it| it.to_string());
    assert!(refused.is_err_and(|it| it.contains("at most 65536 are allowed")));
}

#[test]
fn nothing_outside_the_part_counts() {
    let lies = "From: dev-3pnprzz5denwtbxbp9dn1jfa7c@devices.example\r\nSubject: {\"register\":{}}\r\n\
        Content-Location: https://elsewhere.example/\r\n";
    assert_eq!(
        read(&mail(&format!("{lies}{TYPE}"), MESSAGE)),
        Ok(message())
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let _ = read(&bytes);
    }

    #[test]
    fn a_damaged_mail_is_read_or_refused(
        at in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let text = "Content-Type: text/plain\r\n\r\nhello\r\n".to_owned();
        let mut bytes = beside(&[text, part()]);
        for (at, byte) in at {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read(&bytes[..cut.index(bytes.len())]);
        let _ = read(&bytes);
    }
}
