//! Hostile texts as codes and tokens.

use restante_core::code::{AccessToken, FormalCode, ProvisionalCode, check_group};

/// Reads the bytes as every kind of code. What is one is written and read back the same; a
/// provisional code means the same in lower case and with other separators.
///
/// # Panics
/// If one of these laws is broken.
pub fn code(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(code) = text.parse::<ProvisionalCode>() {
        let written = code.to_text();
        assert_eq!(written.parse().as_ref(), Ok(&code), "read back: {written}");
        let sloppy = written
            .to_lowercase()
            .replace('-', " ")
            .replace('1', "l")
            .replace('0', "o");
        assert_eq!(
            sloppy.parse().as_ref(),
            Ok(&code),
            "typed sloppily: {sloppy}"
        );
        for (group, position) in written.split('-').zip(1..) {
            assert_eq!(
                check_group(position, group),
                Ok(()),
                "group {position} of {written}"
            );
        }
    }
    for position in 0..=6 {
        let _ = check_group(position, &text);
    }
    if let Ok(code) = text.parse::<FormalCode>() {
        assert_eq!(code.to_text(), text, "a formal code has one text form");
    }
    if let Ok(token) = text.parse::<AccessToken>() {
        assert_eq!(token.to_text(), text, "a token has one text form");
    }
}
