//! Changes in one respect: a code mistyped in one symbol, a secret that differs in one bit.
//!
//! A negative case differs from its positive twin in such a filter and in nothing else.

use restante_core::code::{AccessToken, FormalCode, ProvisionalCode};
use restante_core::id::{Epoch, RegistrationId};

/// `text` changed by the filter `name`, or `None` where there is no such filter or it does not fit.
pub(super) fn apply(name: &str, text: &str) -> Option<String> {
    match name {
        "lower" => Some(text.to_lowercase()),
        "upper" => Some(text.to_uppercase()),
        "plain" => Some(text.replace('-', "")),
        "spaced" => Some(text.replace('-', " ")),
        "lookalike" => Some(text.replace('1', "I").replace('0', "o")),
        "quoted" => Some(format!("\"{text}\"")),
        "mistyped" => mistyped(text),
        "swapped" => swapped(text),
        "cut" => text.get(..text.len().checked_sub(1)?).map(str::to_owned),
        "damaged" => Some(damaged(text)),
        "otherSecret" => other_secret(text),
        "otherEpoch" => formal(text, |code| {
            let epoch = Epoch::new(code.epoch().get().wrapping_add(1));
            FormalCode::new(code.registration(), epoch, *code.secret())
        }),
        "otherRegistration" => formal(text, |code| {
            let registration = RegistrationId::from_bytes([0x5a; 16]);
            FormalCode::new(registration, code.epoch(), *code.secret())
        }),
        "registration" => text
            .parse::<FormalCode>()
            .ok()
            .map(|code| code.registration().to_string()),
        _ => None,
    }
}

/// Another symbol in the third place, such that the group's check no longer fits.
fn mistyped(text: &str) -> Option<String> {
    "23456789ABC".chars().find_map(|symbol| {
        let changed: String = text
            .char_indices()
            .map(|(at, old)| if at == 2 { symbol } else { old })
            .collect();
        (changed != text && changed.parse::<ProvisionalCode>().is_err()).then_some(changed)
    })
}

/// The first two groups in each other's place.
fn swapped(text: &str) -> Option<String> {
    let mut groups: Vec<&str> = text.split('-').collect();
    if groups.len() < 2 {
        return None;
    }
    groups.swap(0, 1);
    Some(groups.join("-"))
}

/// Another letter in the tenth place, so that a checksum does not fit.
fn damaged(text: &str) -> String {
    let other = |old: char| if old == 'A' { 'B' } else { 'A' };
    text.char_indices()
        .map(|(at, old)| if at == 10 { other(old) } else { old })
        .collect()
}

/// One bit of the secret turned, the checksum fitting again.
fn other_secret(text: &str) -> Option<String> {
    let turn = |secret: &[u8; 32]| {
        let mut secret = *secret;
        secret[31] ^= 1;
        secret
    };
    if let Ok(token) = text.parse::<AccessToken>() {
        return Some(AccessToken::new(token.id(), turn(token.secret())).to_text());
    }
    formal(text, |code| {
        FormalCode::new(code.registration(), code.epoch(), turn(code.secret()))
    })
}

fn formal(text: &str, change: impl FnOnce(&FormalCode) -> FormalCode) -> Option<String> {
    let code: FormalCode = text.parse().ok()?;
    Some(change(&code).to_text())
}

#[cfg(test)]
mod tests {
    use super::super::draw::Draws;
    use super::*;

    #[test]
    fn a_mistyped_code_reads_wrong_and_differs_in_one_symbol() {
        let code = Draws::new(1, "x").draw("code", "a").expect("a kind");
        let wrong = apply("mistyped", &code).expect("a filter");
        assert!(wrong.parse::<ProvisionalCode>().is_err());
        let differing = code.chars().zip(wrong.chars()).filter(|(a, b)| a != b);
        assert_eq!(differing.count(), 1);
    }

    #[test]
    fn another_secret_reads_right_and_is_another() {
        let draws = Draws::new(1, "x");
        for kind in ["formal", "token"] {
            let text = draws.draw(kind, "a").expect("a kind");
            let other = apply("otherSecret", &text).expect("a filter");
            assert_ne!(other, text);
            assert_eq!(apply("otherSecret", &other), Some(text));
        }
    }

    #[test]
    fn a_damaged_code_does_not_read() {
        let text = Draws::new(1, "x").draw("formal", "a").expect("a kind");
        assert!(damaged(&text).parse::<FormalCode>().is_err());
    }
}
