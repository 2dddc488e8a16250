//! Hostile bytes as messages.

use core::fmt::Debug;

use restante_core::limits::MESSAGE_BYTES;
use restante_core::wire::people::PeopleRequest;
use restante_core::wire::{
    AddDevices, DeviceReply, DeviceRequest, Enrol, Refusal, RemoveDevices, ReportStatus, json,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The first byte chooses a type of message; the rest is read as one. What is accepted is within
/// the bounds, and is written and read back the same.
///
/// # Panics
/// If one of these laws is broken.
pub fn wire(data: &[u8]) {
    let Some((choice, bytes)) = data.split_first() else {
        return;
    };
    match choice % 8 {
        0 => read::<Enrol>(bytes),
        1 => read::<ReportStatus>(bytes),
        2 => read::<AddDevices>(bytes),
        3 => read::<RemoveDevices>(bytes),
        4 => read::<DeviceRequest>(bytes),
        5 => read::<DeviceReply>(bytes),
        6 => read::<PeopleRequest>(bytes),
        _ => read::<Refusal>(bytes),
    }
}

fn read<T: DeserializeOwned + Serialize + PartialEq + Debug>(bytes: &[u8]) {
    let Ok(message) = json::parse::<T>(bytes) else {
        return;
    };
    assert!(
        bytes.len() <= MESSAGE_BYTES,
        "accepted beyond the bound: {} bytes",
        bytes.len()
    );
    let written = json::to_bytes(&message);
    match json::parse_within::<T>(&written, 8 * MESSAGE_BYTES) {
        Ok(again) => assert_eq!(again, message, "read back"),
        Err(error) => panic!(
            "not read back: {error}: {}",
            String::from_utf8_lossy(&written)
        ),
    }
}
