//! The corpus and seeded mutations of it, as ordinary stable tests.
//!
//! A mutation that breaks a law is printed as a file to add to the corpus. The seeds are fixed, so
//! that a run that passed passes again.

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;

use fastrand::Rng;

/// Mutations of each file of a corpus of texts.
const MUTATIONS: u64 = 20_000;
/// Mutations of each file of a corpus of acts, each of which is a small history.
const HISTORIES: u64 = 40;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../corpus")
        .join(target);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a readable entry").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no seed", folder.display());
    files
        .into_iter()
        .map(|file| fs::read(file).expect("a readable file"))
        .collect()
}

/// One to four small changes: a byte flipped, cut, repeated, or something typical put in.
fn mutate(seed: &[u8], rng: &mut Rng) -> Vec<u8> {
    const TYPICAL: [&[u8]; 12] = [
        b"\"",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b"\\u0000",
        b"-1",
        b"1e999",
        b"null",
        b"9007199254740993",
        b"\xff\xfe",
    ];
    let mut bytes = seed.to_vec();
    for _ in 0..rng.usize(1..=4) {
        let at = rng.usize(0..=bytes.len());
        let until = (at + rng.usize(0..16)).min(bytes.len());
        match rng.u8(0..5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << rng.u8(0..8),
            1 => drop(bytes.drain(at..until)),
            2 => {
                let piece = bytes[at..until].to_vec();
                bytes.splice(at..at, piece);
            }
            3 => bytes.truncate(at),
            _ => drop(bytes.splice(at..at, rng.choice(TYPICAL).unwrap_or_default().to_vec())),
        }
    }
    bytes
}

fn run(target: &str, mutations: u64, body: fn(&[u8])) {
    for (number, seed) in corpus(target).iter().enumerate() {
        body(seed);
        for mutation in 0..mutations {
            let bytes = mutate(seed, &mut Rng::with_seed((number as u64) << 32 | mutation));
            if panic::catch_unwind(AssertUnwindSafe(|| body(&bytes))).is_err() {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                panic!("{target}: seed {number}, mutation {mutation} broke a law: {text:?}");
            }
        }
    }
}

#[test]
fn hostile_codes_break_no_law() {
    run("code", MUTATIONS, restante_fuzz_bodies::code);
}

#[test]
fn hostile_messages_break_no_law() {
    run("wire", MUTATIONS, restante_fuzz_bodies::wire);
}

#[test]
fn hostile_envelopes_break_no_law() {
    run("sealed", MUTATIONS / 10, restante_fuzz_bodies::sealed);
}

#[test]
fn hostile_lines_break_no_law() {
    run("serial", MUTATIONS / 10, restante_fuzz_bodies::serial);
}

#[test]
fn histories_of_enrolments_come_to_what_the_model_says() {
    run("enrolment", HISTORIES, restante_fuzz_bodies::enrolment);
}
