//! The Authorization header: credentials from text and back.
//!
//! Two schemes: `Restante-Provisional` for the code that a person types, `Bearer` for formal codes
//! (`rfc1.`) and access tokens (`rtk1.`). What was meant as a credential and cannot be one is
//! handed to the center as such, because only the center counts and refuses. The headers made here
//! are marked sensitive, so that no log of this crate or of the libraries below it shows them.

use std::borrow::Cow;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};
use restante_core::code::{AccessToken, FormalCode, Presented};
use restante_core::decision::Credential;

/// The scheme of a provisional access code.
pub const PROVISIONAL: &str = "Restante-Provisional";
/// The scheme of a formal access code and of an access token.
pub const BEARER: &str = "Bearer";

/// More than one Authorization header came with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than one Authorization header came with the message; send one")]
pub struct TwoCredentials;

/// What a request presents. A scheme that this protocol does not know presents nothing.
///
/// # Errors
/// [`TwoCredentials`]: which of them counts would be a guess.
pub fn read(headers: &HeaderMap) -> Result<Credential, TwoCredentials> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Ok(Credential::None);
    };
    if values.next().is_some() {
        return Err(TwoCredentials);
    }
    let text = match value.to_str() {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(value.as_bytes()),
    };
    let (scheme, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let rest = rest.trim();
    Ok(if scheme.eq_ignore_ascii_case(PROVISIONAL) {
        rest.parse()
            .map_or(Credential::BadProvisional, Credential::Provisional)
    } else if scheme.eq_ignore_ascii_case(BEARER) {
        bearer(rest)
    } else {
        Credential::None
    })
}

/// A bearer credential tells by its first characters what it was meant to be.
fn bearer(text: &str) -> Credential {
    if text.starts_with(FormalCode::PREFIX) {
        text.parse()
            .map_or(Credential::BadFormal, Credential::Formal)
    } else if text.starts_with(AccessToken::PREFIX) {
        text.parse().map_or(Credential::BadToken, Credential::Token)
    } else {
        Credential::None
    }
}

/// The header by which a device or a gateway presents its code.
// spec: HTTP-002
#[must_use]
pub fn of_device(presented: &Presented) -> HeaderValue {
    match presented {
        Presented::Provisional(code) => sensitive(PROVISIONAL, &code.to_text()),
        Presented::Formal(code) => sensitive(BEARER, &code.to_text()),
    }
}

/// The header by which a person's program presents its token.
#[must_use]
pub fn of_people(token: &AccessToken) -> HeaderValue {
    sensitive(BEARER, &token.to_text())
}

fn sensitive(scheme: &str, text: &str) -> HeaderValue {
    let mut value = HeaderValue::try_from(format!("{scheme} {text}"))
        .expect("codes and tokens are printed in letters, digits, hyphens and underscores");
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use restante_core::id::{Epoch, RegistrationId, TokenId};

    fn headers(values: &[&'static [u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_bytes(value).expect("a header value");
            headers.append(AUTHORIZATION, value);
        }
        headers
    }

    #[test]
    fn what_is_written_reads_back_and_is_marked_sensitive() {
        let formal = FormalCode::new(RegistrationId::from_bytes([1; 16]), Epoch::FIRST, [2; 32]);
        let token = AccessToken::new(TokenId::from_bytes([3; 16]), [4; 32]);
        for (value, credential) in [
            (
                of_device(&Presented::Formal(formal.clone())),
                Credential::Formal(formal),
            ),
            (of_people(&token), Credential::Token(token)),
        ] {
            assert!(value.is_sensitive());
            let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
            assert_eq!(read(&headers), Ok(credential));
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_by_what_it_was_meant_to_be() {
        let reads = |value: &'static [u8]| read(&headers(&[value])).expect("one header");
        assert_eq!(reads(b"Restante-Provisional 1"), Credential::BadProvisional);
        assert_eq!(reads(b"restante-provisional"), Credential::BadProvisional);
        assert_eq!(
            reads(b"Restante-Provisional \xff"),
            Credential::BadProvisional
        );
        assert_eq!(reads(b"Bearer rfc1.abc"), Credential::BadFormal);
        assert_eq!(reads(b"bearer rtk1.abc"), Credential::BadToken);
        assert_eq!(reads(b"Bearer abc"), Credential::None);
        assert_eq!(reads(b"Basic YTpi"), Credential::None);
    }

    #[test]
    fn two_credentials_are_refused_rather_than_chosen_from() {
        let two = headers(&[b"Bearer rfc1.abc", b"Bearer rfc1.abc"]);
        assert_eq!(read(&two), Err(TwoCredentials));
    }
}
