//! Dial scripts as text: what is read, what is refused, and how an error says where.

use restante_serial::modem::{ANSWER, DIAL, HANG_UP, Number, Script};
use serde::Deserialize;

fn error(text: &str) -> String {
    text.parse::<Script>().expect_err("no script").to_string()
}

#[test]
fn the_scripts_that_ship_are_written_as_they_are_read() {
    for text in [DIAL, ANSWER, HANG_UP] {
        let script: Script = text.parse().expect("a script");
        assert_eq!(script.to_string(), text);
    }
}

#[test]
fn a_script_stands_in_a_configuration() {
    #[derive(Deserialize)]
    struct Modem {
        number: Number,
        dial: Script,
    }
    let text = "number = '0,030 1234567'\ndial = '''\n# our exchange wants a zero\n\n\
                send ATDT{number}\nexpect CONNECT within 60s\n'''\n";
    let modem: Modem = toml::from_str(text).expect("a configuration");
    assert_eq!(String::from(modem.number), "0,030 1234567");
    let dial = "send ATDT{number}\nexpect CONNECT within 60s\n";
    assert_eq!(modem.dial.to_string(), dial);
    let wrong = toml::from_str::<Modem>("number = '1'\ndial = 'expct OK'").map(|_| ());
    let said = wrong.expect_err("no script").to_string();
    assert!(
        said.contains("line 1 of the script: \"expct\" is no step"),
        "{said}"
    );
}

#[test]
fn an_error_names_its_line_and_what_was_expected() {
    let cases = [
        (
            "send ATZ\n\nexpct OK",
            "line 3 of the script: \"expct\" is no step; expected send, write, expect, pause or abort",
        ),
        (
            "expect",
            "line 1 of the script: nothing stands behind \"expect\"",
        ),
        (
            "expect OK within soon",
            "line 1 of the script: \"soon\" is no time; expected seconds from 1s to 600s",
        ),
        (
            "pause 0s",
            "line 1 of the script: \"0s\" is no time; expected seconds from 1s to 600s",
        ),
        (
            "send \u{1}",
            "line 1 of the script: only printable ASCII characters can be sent to a modem",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(error(text), expected);
    }
    let long = format!("send {}", "A".repeat(200));
    assert_eq!(
        error(&long),
        "line 1 of the script: it has more than 128 characters"
    );
    let text = "line 65 of the script: the script has more than 64 steps or 4096 characters";
    assert_eq!(error(&"pause 1s\n".repeat(65)), text);
}

#[test]
fn a_telephone_number_smuggles_no_command_in() {
    for text in ["", "1;ATD2", "1\rATH", "{number}", "+", "one"] {
        let error = text.parse::<Number>().expect_err("no number").to_string();
        assert!(
            error.ends_with("1 to 64 of 0-9 * # , + - W and spaces"),
            "{error}"
        );
    }
    for text in ["112", "0,W030 123-45*6#", "+4930"] {
        text.parse::<Number>().expect("a number");
    }
}
