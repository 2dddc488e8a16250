//! What a person can do to a provisional access code, and what they are told.
//!
//! The laws of the check symbols are measured here, not assumed: over drawn codes, every possible
//! wrong symbol, every exchange of two neighbours and every swap of two groups is tried.

use proptest::prelude::*;
use restante_core::code::{GroupError, ProvisionalCode, ProvisionalCodeError, check_group};
use restante_core::{Crypto, Seed, crypto};
use restante_crypto::RingCrypto;

const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

fn code(seed: u8) -> ProvisionalCode {
    ProvisionalCode::draw(&RingCrypto, &Seed::new([seed; 32]))
}

fn symbols(code: &ProvisionalCode) -> Vec<char> {
    code.to_text().chars().filter(|c| *c != '-').collect()
}

fn read(symbols: &[char]) -> Result<ProvisionalCode, ProvisionalCodeError> {
    symbols.iter().collect::<String>().parse()
}

fn says(text: &str) -> String {
    text.parse::<ProvisionalCode>()
        .expect_err("not a code")
        .to_string()
}

fn wrong_groups(result: Result<ProvisionalCode, ProvisionalCodeError>) -> Vec<usize> {
    match result.expect_err("noticed") {
        ProvisionalCodeError::Check(groups) => groups.iter().collect(),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn a_drawn_code_has_the_printed_form_and_reads_back(seed: [u8; 32]) {
        let code = ProvisionalCode::draw(&RingCrypto, &Seed::new(seed));
        let text = code.to_text();
        prop_assert_eq!(text.len(), 29);
        for (index, group) in text.split('-').enumerate() {
            prop_assert_eq!(group.len(), 5);
            prop_assert!(group.chars().all(|symbol| ALPHABET.contains(symbol)), "{}", text);
            prop_assert_eq!(check_group(index + 1, group), Ok(()));
        }
        prop_assert_eq!(text.parse(), Ok(code.clone()));
        let json = serde_json::to_string(&code).expect("serialises");
        prop_assert_eq!(&json, &format!("\"{text}\""));
        prop_assert_eq!(serde_json::from_str::<ProvisionalCode>(&json).ok(), Some(code));
    }

    #[test]
    fn every_wrong_symbol_is_noticed_in_its_group(seed: [u8; 32]) {
        let right = symbols(&ProvisionalCode::draw(&RingCrypto, &Seed::new(seed)));
        for index in 0..25 {
            for other in ALPHABET.chars().filter(|other| *other != right[index]) {
                let mut typed = right.clone();
                typed[index] = other;
                prop_assert_eq!(wrong_groups(read(&typed)), [index / 5 + 1]);
            }
        }
    }

    #[test]
    fn every_exchange_of_two_symbols_of_a_group_is_noticed(seed: [u8; 32]) {
        let right = symbols(&ProvisionalCode::draw(&RingCrypto, &Seed::new(seed)));
        for one in 0..25 {
            for other in (one + 1)..(one / 5 + 1) * 5 {
                let mut typed = right.clone();
                typed.swap(one, other);
                if typed != right {
                    prop_assert_eq!(wrong_groups(read(&typed)), [one / 5 + 1]);
                }
            }
        }
    }

    #[test]
    fn every_exchange_of_neighbours_across_two_groups_is_noticed(seed: [u8; 32]) {
        let right = symbols(&ProvisionalCode::draw(&RingCrypto, &Seed::new(seed)));
        for last in [4, 9, 14, 19] {
            let mut typed = right.clone();
            typed.swap(last, last + 1);
            prop_assert!(typed == right || read(&typed).is_err());
        }
    }

    #[test]
    fn every_swap_of_two_groups_is_noticed_and_named(seed: [u8; 32]) {
        let text = ProvisionalCode::draw(&RingCrypto, &Seed::new(seed)).to_text();
        for one in 0..5 {
            for other in (one + 1)..5 {
                let mut groups: Vec<&str> = text.split('-').collect();
                groups.swap(one, other);
                prop_assert_eq!(
                    says(&groups.join("-")),
                    format!("groups {} and {} are swapped; exchange them", one + 1, other + 1)
                );
            }
        }
    }

    #[test]
    fn no_text_makes_reading_panic(text in "\\PC{0,60}", position in 0_usize..8) {
        let whole = text.parse::<ProvisionalCode>();
        let group = check_group(position, &text);
        prop_assert!(whole.is_err() || whole.is_ok_and(|code| code.to_text().len() == 29));
        prop_assert!(group.is_err() || (1..=5).contains(&position));
    }
}

#[test]
fn typing_is_forgiving() {
    let code = (0..=255)
        .map(code)
        .find(|code| code.to_text().contains('0') && code.to_text().contains('1'))
        .expect("one of 256 codes has both");
    let text = code.to_text();
    for typed in [
        text.to_lowercase(),
        text.replace('-', ""),
        text.replace('-', " - "),
        text.replace('-', "\u{2013}"),
        text.replace('-', "\u{a0}\r\n\t"),
        text.replace('1', "I"),
        text.replace('1', "l"),
        text.replace('0', "o").replace('1', "i"),
        format!("  {text}\n"),
    ] {
        assert_eq!(typed.parse(), Ok(code.clone()), "{typed}");
    }
}

#[test]
fn a_code_of_another_length_says_where_it_ends() {
    let text = code(1).to_text();
    assert_eq!(
        says(" - "),
        "the access code is empty; it has 25 symbols in 5 groups"
    );
    assert_eq!(
        says(&text[..3]),
        "the access code has 3 of 25 symbols: it ends in group 1; enter the rest"
    );
    assert_eq!(
        says(&text[..23]),
        "the access code has 20 of 25 symbols: it ends in group 4; enter the rest"
    );
    assert_eq!(
        says(&text[..28]),
        "the access code has 24 of 25 symbols: it ends in group 5; enter the rest"
    );
    assert_eq!(
        says(&format!("{text}-77")),
        "the access code has 27 symbols and should have 25: it runs on into group 6, and there are \
         only 5"
    );
}

#[test]
fn a_character_that_no_code_has_is_named_with_its_place() {
    let mut typed = symbols(&code(2));
    typed[12] = 'U';
    assert_eq!(
        says(&typed.iter().collect::<String>()),
        "group 3, position 3: 'U' does not occur in access codes, which use the digits and the \
         letters A to Z without I, L, O and U"
    );
    typed[4] = '\u{202e}';
    assert!(
        says(&typed.iter().collect::<String>()).starts_with("group 1, position 5: '\\u{202e}' "),
        "an invisible character is shown as its number"
    );
    for beyond in ['*', '~', '$', '=', 'u'] {
        typed[4] = beyond;
        assert_eq!(
            read(&typed),
            Err(ProvisionalCodeError::NoSuchSymbol {
                symbol: beyond,
                group: 1,
                position: 5
            })
        );
    }
}

#[test]
fn all_mistyped_groups_are_listed() {
    let right = symbols(&code(3));
    let mistype = |places: &[usize]| {
        let mut typed = right.clone();
        for place in places {
            typed[*place] = if typed[*place] == '7' { '8' } else { '7' };
        }
        typed.into_iter().collect::<String>()
    };
    assert_eq!(
        says(&mistype(&[7])),
        "there is a typing error in group 2; compare with the code as you received it"
    );
    assert_eq!(
        says(&mistype(&[7, 24])),
        "there is a typing error in groups 2 and 5; compare with the code as you received it"
    );
    assert_eq!(
        says(&mistype(&[0, 7, 24])),
        "there is a typing error in groups 1, 2 and 5; compare with the code as you received it"
    );
}

#[test]
fn groups_in_the_wrong_order_are_told_from_typing_errors() {
    let text = code(4).to_text();
    let groups: Vec<&str> = text.split('-').collect();
    let ordered = |order: [usize; 5]| order.map(|place| groups[place - 1]).join("-");
    assert_eq!(
        says(&ordered([1, 4, 3, 2, 5])),
        "groups 2 and 4 are swapped; exchange them"
    );
    let turned = ordered([2, 3, 1, 4, 5]);
    assert_eq!(
        says(&turned),
        "the groups are in the wrong order; the right one, by where they stand now, is 3, 1, 2, 4 \
         and 5"
    );
    let Err(ProvisionalCodeError::Order(order)) = turned.parse::<ProvisionalCode>() else {
        panic!("not seen as an order: {turned}");
    };
    assert_eq!(order.belongs(), [2, 3, 1, 4, 5]);
    assert_eq!(order.swapped(), None);
}

#[test]
fn a_panel_judges_a_group_as_soon_as_it_is_complete() {
    let text = code(5).to_text();
    let groups: Vec<&str> = text.split('-').collect();
    assert_eq!(check_group(2, &groups[1].to_lowercase()), Ok(()));
    let says = |position, text: &str| check_group(position, text).expect_err("bad").to_string();
    assert_eq!(
        says(2, &groups[1][..4]),
        "group 2 has 4 of 5 symbols; enter the rest"
    );
    assert_eq!(
        says(2, &format!("{}00", groups[1])),
        "group 2 has 7 symbols and should have 5"
    );
    assert_eq!(
        says(2, "12u45"),
        "group 2, position 3: 'u' does not occur in access codes, which use the digits and the \
         letters A to Z without I, L, O and U"
    );
    assert_eq!(
        says(2, groups[3]),
        "this is not group 2, though it may be group 4; compare with the code as you received it"
    );
    assert_eq!(
        says(6, groups[3]),
        "there is no group 6: an access code has groups 1 to 5"
    );
    assert_eq!(
        check_group(0, ""),
        Err(GroupError::NoSuchGroup { group: 0 })
    );
}

#[test]
fn a_mistyped_group_that_fits_nowhere_is_a_typing_error() {
    let groups = symbols(&code(6))[..5].to_vec();
    let verdicts: Vec<GroupError> = ALPHABET
        .chars()
        .filter(|other| *other != groups[2])
        .map(|other| {
            let mut typed = groups.clone();
            typed[2] = other;
            check_group(1, &typed.iter().collect::<String>()).expect_err("noticed")
        })
        .collect();
    assert!(verdicts.contains(&GroupError::Check { group: 1 }));
    assert_eq!(
        GroupError::Check { group: 1 }.to_string(),
        "there is a typing error in group 1; compare with the code as you received it"
    );
}

#[test]
fn of_two_wrong_symbols_in_a_group_all_but_one_pair_in_36_is_noticed() {
    let alphabet: Vec<char> = ALPHABET.chars().collect();
    let (mut pairs, mut missed) = (0_u32, 0_u32);
    for seed in 0..40 {
        let right = symbols(&code(seed))[..5].to_vec();
        for (one, other) in (0..5).flat_map(|one| (one + 1..5).map(move |other| (one, other))) {
            for (a, b) in (0..32).flat_map(|a| (0..32).map(move |b| (a, b))) {
                let mut typed = right.clone();
                (typed[one], typed[other]) = (alphabet[a], alphabet[b]);
                if typed[one] != right[one] && typed[other] != right[other] {
                    pairs += 1;
                    missed += u32::from(check_group(1, &typed.iter().collect::<String>()).is_ok());
                }
            }
        }
    }
    assert_eq!(pairs, 40 * 10 * 31 * 31);
    assert!(
        (pairs / 37..=pairs / 35).contains(&missed),
        "{missed} of {pairs}"
    );
}

#[test]
fn each_symbol_is_drawn_as_often_as_the_redrawing_allows() {
    let codes = 4_000_u32;
    let mut seen = [[0_u32; 32]; 25];
    for number in 0..codes {
        let mut seed = [7; 32];
        seed[..4].copy_from_slice(&number.to_be_bytes());
        let code = ProvisionalCode::draw(&RingCrypto, &Seed::new(seed));
        for (place, symbol) in symbols(&code).into_iter().enumerate() {
            seen[place][ALPHABET.find(symbol).expect("of the alphabet")] += 1;
        }
    }
    // Each count is binomial around 125 with a deviation of 11; the bounds are six deviations off.
    for (place, counts) in seen.iter().enumerate() {
        for (symbol, count) in counts.iter().enumerate() {
            assert!(
                (59..=191).contains(count),
                "symbol {symbol} at {place}: {count}"
            );
        }
    }
}

#[test]
fn the_enrol_id_and_the_enrol_key_are_apart_and_depend_on_the_code() {
    let (one, other) = (code(8), code(9));
    assert_eq!(one.enrol_id(&RingCrypto), code(8).enrol_id(&RingCrypto));
    assert_ne!(one.enrol_id(&RingCrypto), other.enrol_id(&RingCrypto));
    assert_ne!(one.enrol_key(&RingCrypto), other.enrol_key(&RingCrypto));
    let (id, key) = (one.enrol_id(&RingCrypto), one.enrol_key(&RingCrypto));
    assert_ne!(id.as_bytes()[..], key[..16]);
    let text = one.to_text().replace('-', "");
    let expected = RingCrypto.hkdf(b"restante code 1", text.as_bytes(), &[b"enrol key"]);
    assert_eq!(key, expected);
}

#[test]
fn a_log_line_never_shows_the_code() {
    assert_eq!(format!("{:?}", code(10)), "ProvisionalCode(…)");
}

#[test]
fn a_stuck_random_source_neither_hangs_nor_yields_a_broken_code() {
    let text = ProvisionalCode::draw(&Stuck, &Seed::new([0; 32])).to_text();
    assert_eq!(
        text.parse::<ProvisionalCode>().map(|code| code.to_text()),
        Ok(text)
    );
}

/// A provider that yields nothing but zeros: group 1 would never get a printable check symbol.
struct Stuck;

impl Crypto for Stuck {
    fn sha256(&self, _: &[&[u8]]) -> crypto::Digest {
        [0; 32]
    }
    fn hmac_sha256(&self, _: &[u8], _: &[&[u8]]) -> crypto::Digest {
        [0; 32]
    }
    fn hmac_verify(&self, _: &[u8], _: &[&[u8]], _: &[u8]) -> bool {
        false
    }
    fn seal_in_place(
        &self,
        _: &crypto::Digest,
        _: &[u8; 12],
        _: &[u8],
        _: &mut [u8],
    ) -> crypto::Tag {
        [0; 16]
    }
    fn open_in_place(
        &self,
        _: &crypto::Digest,
        _: &[u8; 12],
        _: &[u8],
        _: &mut [u8],
        _: &crypto::Tag,
    ) -> Result<(), crypto::OpenError> {
        Err(crypto::OpenError)
    }
}
