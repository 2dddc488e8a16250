//! The examples: one story, told in every message.
//!
//! Kita Service, a dealer, is issued a code for the user Minato Print. A multifunction printer is
//! enrolled with it at its panel, and three devices through a gateway. Names, models and secrets
//! are made up; the codes are real ones, drawn from a fixed seed, so that a reader can check a
//! parser or a derivation against them.

pub(crate) mod device;
pub(crate) mod people;
pub(crate) mod plan;
pub(crate) mod provider;
pub(crate) mod services;
pub(crate) mod site;

use std::fmt::Debug;
use std::str::FromStr;

use restante_core::code::{FormalCode, ProvisionalCode};
use restante_core::id::{DeviceId, Epoch, RegistrationId};
use restante_core::wire::FunctionSet;
use restante_core::wire::{Action, Function, Identification, Schedule, ScheduleEntry};
use restante_core::{Crypto, Seconds, Seed};
use restante_crypto::RingCrypto;

/// The provisional code of the story.
pub(crate) fn provisional_code() -> ProvisionalCode {
    ProvisionalCode::draw(&RingCrypto, &Seed::new(bytes("provisional code")))
}

/// The formal code of the story's registration, at this epoch.
pub(crate) fn formal_code(epoch: u32) -> FormalCode {
    let secret = RingCrypto.sha256(&[b"secret", &epoch.to_be_bytes()]);
    FormalCode::new(registration(), Epoch::new(epoch), secret)
}

fn registration() -> RegistrationId {
    RegistrationId::from_bytes(id("registration"))
}

fn device_id(identification: &Identification) -> DeviceId {
    DeviceId::from_bytes(id(identification.serial.as_str()))
}

/// The multifunction printer that is enrolled at its panel.
fn multifunction() -> Identification {
    use Function::{Fax, Printer, Scanner};
    identification("M1002", "D10020102", &[Scanner, Printer, Fax])
}

fn scanner() -> Identification {
    identification("M1001", "D10010101", &[Function::Scanner])
}

fn printer() -> Identification {
    identification("M1002", "D10020103", &[Function::Printer])
}

fn identification(model: &str, serial: &str, functions: &[Function]) -> Identification {
    Identification {
        vendor: read("ACME"),
        model: read(model),
        serial: read(serial),
        functions: FunctionSet::new(functions.iter().copied()).expect("every example has one"),
    }
}

/// Poll daily, report daily.
fn schedule() -> Schedule {
    let (action, every) = (Action::ReportStatus, Seconds::DAY);
    let entries = vec![ScheduleEntry { action, every }];
    Schedule {
        entries,
        ..Schedule::every(Seconds::DAY)
    }
}

/// Reads a text that stands in this crate; a test makes every example and so reads each of them.
fn read<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse()
        .expect("the texts of the examples are well formed")
}

/// Sixteen bytes that look like an identifier's.
fn id(what: &str) -> [u8; 16] {
    let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = bytes(what);
    id
}

fn bytes(what: &str) -> [u8; 32] {
    RingCrypto.sha256(&[b"restante example ", what.as_bytes()])
}
