//! The customer record: whose user it is. A dealer's user name makes the customer, so that two
//! dealers who use one name never share one.

use serde::{Deserialize, Serialize};

use crate::id::{AccountName, CustomerId, UserName};
use crate::time::Timestamp;

use super::desk::Record;
use super::key::{Key, Kind};

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// The authorized user.
    pub user: UserName,
    /// The dealer whose user it is.
    pub account: AccountName,
    /// When the first code was issued for it.
    pub since: Timestamp,
}

impl Customer {
    /// Where it is.
    #[must_use]
    pub fn key(id: CustomerId) -> Key {
        Key::unowned(Kind::Customer, id.as_bytes())
    }
}

impl Record for Customer {}
