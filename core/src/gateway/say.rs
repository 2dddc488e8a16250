//! What the gateway says to the center when the line is free: first what it owes, then what is due.
//!
//! Removing goes before adding and adding before reporting, so that a report never names a child
//! that the registration does not. A message holds as many devices as its bounds allow; the rest
//! follows.

use alloc::vec::Vec;

use serde::Serialize;

use crate::code::ProvisionalCode;
use crate::crypto::Crypto;
use crate::limits::{DEVICES_PER_MESSAGE, MESSAGE_BYTES, MESSAGE_FRAME};
use crate::registrant::{Asked, Ready};
use crate::time::Uptime;
use crate::wire::enrol::DeviceList;
use crate::wire::{AddDevices, DeviceEntry, DeviceRequest, RemoveDevices, ReportStatus, json};

use super::call::Call;
use super::{Gateway, Output, Said};

impl<C: Crypto> Gateway<C> {
    pub(super) fn ready(&self) -> Ready {
        let free = self.ledger.held_up.is_none() && !self.calling();
        Ready {
            remove: self.untold().next().is_some(),
            add: free && self.unregistered().next().is_some(),
            report: self.round.tells().then_some(Uptime::BOOT),
        }
    }

    /// Whether answers to a general call are being collected.
    pub(super) const fn calling(&self) -> bool {
        matches!(self.call, Call::Calling { .. })
    }

    /// Sends what is due, if the line is free.
    pub(super) fn advance(&mut self, now: Uptime, out: &mut Vec<Output>) {
        let Some(slip) = self.registrant.begin(now, self.ready()) else {
            return;
        };
        let message = self.registrant.message(slip.asked);
        let Some(request) = message.or_else(|| self.write(now, slip.asked)) else {
            return;
        };
        self.said = said(&request);
        out.push(Output::Send {
            exchange: slip.exchange,
            center: slip.center,
            presented: slip.presented,
            request,
        });
    }

    fn write(&self, now: Uptime, asked: Asked) -> Option<DeviceRequest> {
        match asked {
            Asked::AddDevices => self.addition(),
            Asked::RemoveDevices => Some(DeviceRequest::RemoveDevices(RemoveDevices {
                devices: self.untold().take(DEVICES_PER_MESSAGE).collect(),
            })),
            _ => Some(DeviceRequest::ReportStatus(ReportStatus {
                reports: self.round.reports(now),
            })),
        }
    }

    /// The children that wait, as many as one message holds. The book holds each of them once, so
    /// that they always make a list.
    fn addition(&self) -> Option<DeviceRequest> {
        let waiting = self.unregistered().take(DEVICES_PER_MESSAGE);
        let mut entries: Vec<DeviceEntry> = waiting.cloned().collect();
        entries.truncate(fitting(&entries));
        Some(DeviceRequest::AddDevices(AddDevices {
            devices: DeviceList::new(entries).ok()?,
            code: self.ledger.pays.as_ref().map(ProvisionalCode::to_text),
        }))
    }
}

/// How many of these, from the first on, one message holds; at least one.
pub(super) fn fitting<T: Serialize>(items: &[T]) -> usize {
    let room = MESSAGE_BYTES.saturating_sub(MESSAGE_FRAME);
    let sizes = items.iter().map(|item| json::to_bytes(item).len());
    let ends = sizes.scan(0_usize, |end, size| {
        *end = end.saturating_add(size).saturating_add(1);
        Some(*end)
    });
    ends.take_while(|end| *end <= room).count().max(1)
}

/// Which devices a message names.
fn said(request: &DeviceRequest) -> Said {
    match request {
        DeviceRequest::AddDevices(add) => Said::Add(add.devices.as_slice().to_vec()),
        DeviceRequest::RemoveDevices(remove) => Said::Remove(remove.devices.clone()),
        DeviceRequest::ReportStatus(report) => {
            Said::Report(report.reports.iter().map(|it| it.device).collect())
        }
        _ => Said::Nothing,
    }
}
