//! From a formal code to its registration, and what a code in use is checked against.
//!
//! Nearly every request of a fleet is a poll that finds nothing new, and all that the center keeps
//! for it is in this one small row. It is a copy: whoever writes a registration writes its locator
//! in the same commit, and each of them expects the registration unmoved, so that the two never
//! part. So that reading it costs next to nothing, it is written as one base64url text: customer
//! (16 bytes), and where a code is in use epoch and master key (4 each, big-endian) and the devices
//! (16 each).

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::id::{CustomerId, DeviceId, Epoch, RegistrationId};
use crate::limits::DEVICES_IN_LOCATOR;

use super::desk::Record;
use super::key::{Key, Kind};
use super::registration::Secret;

/// Where a registration is, and what a poll needs of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationLocator {
    /// The customer who owns the registration.
    pub customer: CustomerId,
    /// What is in use while the registration is active and names few devices. Absent says nothing:
    /// the registration itself has to be asked.
    pub in_use: Option<InUse>,
}

/// What a poll needs of an active registration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InUse {
    /// The secret of the formal code in use.
    pub secret: Secret,
    /// The devices that it speaks for: at most [`DEVICES_IN_LOCATOR`].
    pub devices: Vec<DeviceId>,
}

impl RegistrationLocator {
    /// Where it is.
    #[must_use]
    pub fn key(id: RegistrationId) -> Key {
        Key::unowned(Kind::RegistrationLocator, id.as_bytes())
    }

    fn to_text(&self) -> String {
        let mut bytes = self.customer.as_bytes().to_vec();
        if let Some(InUse { secret, devices }) = &self.in_use {
            bytes.extend(secret.epoch.get().to_be_bytes());
            bytes.extend(secret.master.to_be_bytes());
            bytes.extend(devices.iter().flat_map(|it| it.as_bytes()));
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn from_text(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        let (customer, rest) = bytes.get(..length)?.split_first_chunk()?;
        let customer = CustomerId::from_bytes(*customer);
        let in_use = match rest.split_first_chunk() {
            None if rest.is_empty() => None,
            None => return None,
            Some((epoch, rest)) => {
                let (master, rest) = rest.split_first_chunk()?;
                let (devices, []) = rest.as_chunks() else {
                    return None;
                };
                let secret = Secret {
                    epoch: Epoch::new(u32::from_be_bytes(*epoch)),
                    master: u32::from_be_bytes(*master),
                };
                let devices = devices.iter().copied().map(DeviceId::from_bytes).collect();
                Some(InUse { secret, devices })
            }
        };
        Some(Self { customer, in_use })
    }
}

impl Serialize for RegistrationLocator {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.to_text())
    }
}

impl<'de> Deserialize<'de> for RegistrationLocator {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::from_text(text.as_bytes()).ok_or_else(|| de::Error::custom(NO_LOCATOR))
    }
}

/// The first form has the customer alone, the second has names for its members. A program that
/// knows only the first has to stop at the others: it would let a registration end and leave its
/// code in use here.
impl Record for RegistrationLocator {
    const FORMAT: u16 = 3;

    fn read(format: u16, body: &[u8]) -> Result<Self, String> {
        match (format, body) {
            (1 | 2, _) => {
                let named: Named =
                    serde_json::from_slice(body).map_err(|error| error.to_string())?;
                Ok(Self {
                    customer: named.customer,
                    in_use: named.in_use,
                })
            }
            (Self::FORMAT, [b'"', text @ .., b'"']) => {
                Self::from_text(text).ok_or_else(|| NO_LOCATOR.into())
            }
            (Self::FORMAT, _) => Err(NO_LOCATOR.into()),
            _ => Err(format!("form {format} is not known")),
        }
    }
}

/// The first and the second form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    customer: CustomerId,
    in_use: Option<InUse>,
}

/// The longest locator, with room for the decoder's last group.
const BYTES: usize = 16 + 4 + 4 + 16 * DEVICES_IN_LOCATOR + 3;
const NO_LOCATOR: &str = "it is no base64url text of a customer, a secret and devices";

#[cfg(test)]
mod tests {
    use super::*;

    fn locator(devices: Option<u8>) -> RegistrationLocator {
        let in_use = devices.map(|count| InUse {
            secret: Secret {
                epoch: Epoch::new(7),
                master: 0x0102_0304,
            },
            devices: (0..count)
                .map(|it| DeviceId::from_bytes([it; 16]))
                .collect(),
        });
        RegistrationLocator {
            customer: CustomerId::from_bytes([9; 16]),
            in_use,
        }
    }

    fn read(format: u16, body: &[u8]) -> Result<RegistrationLocator, String> {
        RegistrationLocator::read(format, body)
    }

    #[test]
    fn what_was_written_is_read_back_and_nothing_else() {
        for devices in [None, Some(0), Some(1), Some(4)] {
            let written = locator(devices);
            let body = serde_json::to_vec(&written).expect("a text");
            assert_eq!(read(3, &body), Ok(written.clone()));
            assert_eq!(serde_json::from_slice(&body).ok(), Some(written));
            for cut in 1..body.len() - 2 {
                let shorter = [&body[..cut], b"\""].concat();
                let found = read(3, &shorter);
                let whole = [22, 32, 54, 75, 96].contains(&(cut - 1));
                assert!(found.is_err() || whole, "{devices:?} cut at {cut}");
            }
        }
        for bad in [&b"{}"[..], b"\"\"", b"\"", b"", b"\"AAAA\""] {
            assert_eq!(read(3, bad), Err(NO_LOCATOR.into()));
        }
        assert_eq!(read(4, b"\"\""), Err("form 4 is not known".into()));
    }

    #[test]
    fn a_locator_with_names_for_its_members_is_still_read() {
        let customer = CustomerId::from_bytes([9; 16]);
        let device = DeviceId::from_bytes([0; 16]);
        let body = format!(
            "{{\"customer\":\"{customer}\",\"inUse\":{{\"secret\":{{\"epoch\":7,\"master\":16909060}},\
             \"devices\":[\"{device}\"]}}}}"
        );
        assert_eq!(read(2, body.as_bytes()), Ok(locator(Some(1))));
    }
}
