//! The service record: what can be applied for, where devices register for it, and which models it
//! applies to.

use alloc::string::ToString;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::id::{AccountName, Model, Note, ServiceId};
use crate::time::Timestamp;
use crate::wire::ServiceUrl;
use crate::wire::services::{Collator, ServiceRow};

use super::desk::Record;
use super::key::{Key, Kind};

/// A service that devices may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// What people call it.
    pub title: Note,
    /// Where devices register for it.
    pub url: ServiceUrl,
    /// The models that it applies to; every model if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<Model>,
    /// Who collates its devices.
    #[serde(default, skip_serializing_if = "Collator::is_center")]
    pub collator: Collator,
    /// Whose service it is: the account that defined it.
    pub account: AccountName,
    /// Since when there is one of this id.
    pub since: Timestamp,
}

impl Service {
    /// Where it is.
    #[must_use]
    pub fn key(id: &ServiceId) -> Key {
        Key::unowned(Kind::Service, id.as_str().as_bytes())
    }

    /// Which service a key of [`Service::key`] names.
    #[must_use]
    pub fn id(key: &Key) -> Option<ServiceId> {
        let text = core::str::from_utf8(&key.key).ok()?;
        ServiceId::new(text.to_string()).ok()
    }

    /// Whether it is for devices of this model.
    #[must_use]
    pub fn applies_to(&self, model: &Model) -> bool {
        self.models.is_empty() || self.models.contains(model)
    }

    /// What everybody is shown of it who may list services.
    #[must_use]
    pub fn row(self, id: ServiceId, used: Option<bool>) -> ServiceRow {
        ServiceRow {
            service: id,
            title: self.title,
            url: self.url,
            models: self.models,
            collator: self.collator,
            account: None,
            used,
        }
    }
}

impl Record for Service {}
