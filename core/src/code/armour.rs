//! Bytes as a text that a machine presents: a prefix, then base64url with a checksum inside.
//!
//! The prefix lets a secret scanner find a leaked code, and the checksum lets a program that reads
//! one tell a damaged copy from a wrong one before it asks anybody. Exactly one text stands for
//! given bytes: unused bits in the last character are refused.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Why a text does not yield its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// It does not begin with the prefix.
    Prefix,
    /// It is not the right number of base64url characters after the prefix.
    Form,
    /// The checksum does not fit.
    Checksum,
}

/// Writes `parts`, one after the other, behind `prefix`.
pub(super) fn write(prefix: &str, parts: &[&[u8]]) -> String {
    let mut bytes: Vec<u8> = parts.concat();
    bytes.extend(checksum(&bytes));
    let mut text = String::from(prefix);
    URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
    text
}

/// Reads back `BODY` bytes behind `prefix`.
pub(super) fn read<const BODY: usize>(prefix: &str, text: &str) -> Result<[u8; BODY], Damage> {
    let encoded = text.strip_prefix(prefix).ok_or(Damage::Prefix)?;
    let mut bytes = [0_u8; MAX_BYTES];
    let length = URL_SAFE_NO_PAD
        .decode_slice(encoded, &mut bytes)
        .map_err(|_| Damage::Form)?;
    let (body, sum) = bytes
        .get(..length)
        .and_then(<[u8]>::split_last_chunk)
        .ok_or(Damage::Form)?;
    let body: [u8; BODY] = body.try_into().map_err(|_| Damage::Form)?;
    if *sum == checksum(&body) {
        Ok(body)
    } else {
        Err(Damage::Checksum)
    }
}

/// CRC-32 (IEEE 802.3), big-endian: it guards against damage, not against people.
pub(crate) fn checksum(bytes: &[u8]) -> [u8; 4] {
    let crc = bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xEDB8_8320
            } else {
                crc >> 1
            }
        })
    });
    (!crc).to_be_bytes()
}

/// More than the longest text carries (a formal code: 56 bytes), so that a longer one is refused
/// without decoding it.
const MAX_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_everybody_knows() {
        assert_eq!(checksum(b"123456789"), 0xCBF4_3926_u32.to_be_bytes());
    }

    #[test]
    fn only_one_text_stands_for_the_bytes() {
        let text = write("p.", &[b"a", b"b"]);
        assert_eq!(read("p.", &text), Ok(*b"ab"));
        let others = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let readings = (0..text.len() - 2).flat_map(|place| {
            let text = text.clone();
            others.chars().map(move |other| {
                let mut typed: Vec<char> = text.chars().collect();
                typed[place + 2] = other;
                typed.into_iter().collect::<String>()
            })
        });
        let mut accepted = readings.filter(|other| read::<2>("p.", other).is_ok());
        assert!(accepted.all(|other| other == text));
        assert_eq!(read::<2>("p.", "p."), Err(Damage::Form));
        assert_eq!(read::<2>("p.", &write("p.", &[b"abc"])), Err(Damage::Form));
        let long = write("p.", &[&[7; 100]]);
        assert_eq!(read::<100>("p.", &long), Err(Damage::Form));
    }
}
