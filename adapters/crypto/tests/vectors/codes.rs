//! The codes of Restante: what is read from their texts, and what is derived and drawn.

use restante_core::Seed;
use restante_core::code::{
    AccessToken, AccessTokenError, FormalCode, FormalCodeError, ProvisionalCode,
    ProvisionalCodeError,
};
use restante_core::id::{Epoch, RegistrationId, TokenId};
use serde::Deserialize;

use crate::suite::{Hex, run};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    text: String,
}

/// What a valid text yields, or what is wrong with an invalid one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Reading<T, W> {
    Good(T),
    Bad(Bad<W>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bad<W> {
    error: W,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Provisional {
    code: String,
    enrol_id: Hex,
    enrol_key: Hex,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
enum WrongProvisional {
    Empty,
    TooFew {
        symbols: usize,
        group: usize,
    },
    TooMany {
        symbols: usize,
        group: usize,
    },
    NoSuchSymbol {
        symbol: char,
        group: usize,
        position: usize,
    },
    TypingError {
        groups: Vec<usize>,
    },
    WrongOrder {
        belongs: [usize; 5],
    },
}

impl From<ProvisionalCodeError> for WrongProvisional {
    fn from(error: ProvisionalCodeError) -> Self {
        match error {
            ProvisionalCodeError::Empty => Self::Empty,
            ProvisionalCodeError::TooFew { symbols, group } => Self::TooFew { symbols, group },
            ProvisionalCodeError::TooMany { symbols, group } => Self::TooMany { symbols, group },
            ProvisionalCodeError::NoSuchSymbol {
                symbol,
                group,
                position,
            } => Self::NoSuchSymbol {
                symbol,
                group,
                position,
            },
            ProvisionalCodeError::Check(groups) => Self::TypingError {
                groups: groups.iter().collect(),
            },
            ProvisionalCodeError::Order(order) => Self::WrongOrder {
                belongs: order.belongs(),
            },
            other => panic!("the vectors know nothing of {other:?}"),
        }
    }
}

#[test]
fn a_typed_code_is_read_or_refused_for_the_right_reason() {
    run("provisional-code", 58, |crypto, case: &_| {
        let Text { text } = &case.input;
        let read = text.parse::<ProvisionalCode>();
        assert_eq!(read.is_ok(), case.valid());
        match (read, case.expected()) {
            (
                Ok(code),
                Reading::Good(Provisional {
                    code: printed,
                    enrol_id,
                    enrol_key,
                }),
            ) => {
                assert_eq!(code.to_text(), *printed);
                assert_eq!(code.enrol_id(&crypto).as_bytes()[..], enrol_id.0);
                assert_eq!(code.enrol_key(&crypto)[..], enrol_key.0);
            }
            (Err(error), Reading::Bad(Bad { error: expected })) => {
                assert_eq!(WrongProvisional::from(error), *expected);
            }
            _ => panic!("the case expects the other outcome"),
        }
    });
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum WrongArmour {
    Prefix,
    Form,
    Checksum,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Formal {
    registration: Hex,
    epoch: u32,
    secret: Hex,
}

#[test]
fn a_formal_code_is_read_or_refused_for_the_right_reason() {
    run("formal-code", 26, |_, case: &_| {
        let Text { text } = &case.input;
        let read = text.parse::<FormalCode>();
        assert_eq!(read.is_ok(), case.valid());
        match (read, case.expected()) {
            (
                Ok(code),
                Reading::Good(Formal {
                    registration,
                    epoch,
                    secret,
                }),
            ) => {
                let registration = RegistrationId::from_bytes(registration.array());
                let expected = FormalCode::new(registration, Epoch::new(*epoch), secret.array());
                assert_eq!(code, expected);
                assert_eq!(expected.to_text(), *text);
            }
            (Err(error), Reading::Bad(Bad { error: expected })) => {
                let error = match error {
                    FormalCodeError::Prefix => WrongArmour::Prefix,
                    FormalCodeError::Form => WrongArmour::Form,
                    FormalCodeError::Checksum => WrongArmour::Checksum,
                    other => panic!("the vectors know nothing of {other:?}"),
                };
                assert_eq!(error, *expected);
            }
            _ => panic!("the case expects the other outcome"),
        }
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    token: Hex,
    secret: Hex,
}

#[test]
fn an_access_token_is_read_or_refused_for_the_right_reason() {
    run("access-token", 25, |_, case: &_| {
        let Text { text } = &case.input;
        let read = text.parse::<AccessToken>();
        assert_eq!(read.is_ok(), case.valid());
        match (read, case.expected()) {
            (Ok(read), Reading::Good(Token { token, secret })) => {
                let expected = AccessToken::new(TokenId::from_bytes(token.array()), secret.array());
                assert_eq!(read, expected);
                assert_eq!(expected.to_text(), *text);
            }
            (Err(error), Reading::Bad(Bad { error: expected })) => {
                let error = match error {
                    AccessTokenError::Prefix => WrongArmour::Prefix,
                    AccessTokenError::Form => WrongArmour::Form,
                    AccessTokenError::Checksum => WrongArmour::Checksum,
                    other => panic!("the vectors know nothing of {other:?}"),
                };
                assert_eq!(error, *expected);
            }
            _ => panic!("the case expects the other outcome"),
        }
    });
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Drawing {
    seed: Hex,
    draw: Option<Purpose>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Purpose {
    purpose: String,
    index: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
enum Drawn {
    Block(Hex),
    Code(String),
}

#[test]
fn a_seed_always_yields_the_same_draws() {
    run("draw", 9, |crypto, case: &_| {
        let (Drawing { seed, draw }, drawn): (&_, &Drawn) = (&case.input, case.expected());
        assert!(case.valid(), "there is no invalid seed");
        let seed = Seed::new(seed.array());
        match (draw, drawn) {
            (Some(Purpose { purpose, index }), Drawn::Block(block)) => {
                assert_eq!(seed.draw(&crypto, purpose, *index)[..], block.0);
            }
            (None, Drawn::Code(code)) => {
                assert_eq!(ProvisionalCode::draw(&crypto, &seed).to_text(), *code);
            }
            _ => panic!("a purpose draws a block, and a block needs a purpose"),
        }
    });
}
