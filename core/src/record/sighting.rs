//! The sighting record: which customers hold a device of this vendor, model and serial number. The
//! same device at a second customer is a new device that inherits nothing, and the operator is
//! told.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::CustomerId;

use super::desk::Record;
use super::key::{Key, Kind};

/// Customers that hold the same thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sighting {
    /// Whose it is, the first first; at most [`Sighting::CUSTOMERS`].
    pub customers: Vec<CustomerId>,
}

impl Sighting {
    /// How many customers are remembered. A serial number that more of them share is made up, and
    /// every further one still raises the alarm.
    pub const CUSTOMERS: usize = 16;

    /// Where it is: by the keyed hash of vendor, model and serial number.
    #[must_use]
    pub fn key(hash: &[u8; 16]) -> Key {
        Key::unowned(Kind::Sighting, hash)
    }

    /// Notes that `customer` holds it too; whether another customer did already.
    pub fn note(&mut self, customer: CustomerId) -> bool {
        let elsewhere = self.customers.iter().any(|other| *other != customer);
        if !self.customers.contains(&customer) && self.customers.len() < Self::CUSTOMERS {
            self.customers.push(customer);
        }
        elsewhere
    }
}

impl Record for Sighting {}
