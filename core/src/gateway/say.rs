//! What the gateway says to the center when the line is free: first what it owes, then what is due.
//!
//! Removing goes before adding and adding before reporting, so that a report never names a child
//! that the registration does not. A message holds as many devices as its bounds allow; the rest
//! follows.

use alloc::vec::Vec;
use core::num::NonZeroU32;

use serde::Serialize;

use crate::code::ProvisionalCode;
use crate::crypto::Crypto;
use crate::limits::{DEVICES_PER_MESSAGE, MESSAGE_BYTES, MESSAGE_FRAME};
use crate::registrant::{Asked, Ready};
use crate::time::Uptime;
use crate::wire::enrol::DeviceList;
use crate::wire::{AddDevices, DeviceEntry, DeviceRequest, RemoveDevices, ReportStatus, json};

use super::call::Call;
use super::{Gateway, News, Output, Said};

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

    /// What is to be sent, if something is due and the line is free.
    pub(super) fn advance(&mut self, now: Uptime, news: &mut News) -> Option<Output> {
        let slip = self.registrant.begin(now, self.ready())?;
        let message = self.registrant.message(slip.asked);
        let request = message.or_else(|| self.write(now, slip.asked, news))?;
        self.said = said(&request);
        Some(Output::Send {
            exchange: slip.exchange,
            center: slip.center,
            presented: slip.presented,
            request,
        })
    }

    fn write(&mut self, now: Uptime, asked: Asked, news: &mut News) -> Option<DeviceRequest> {
        match asked {
            Asked::AddDevices => {
                let change = self.next_change(news);
                self.addition(change)
            }
            Asked::RemoveDevices => Some(DeviceRequest::RemoveDevices(RemoveDevices {
                change: self.next_change(news),
                devices: self.untold().take(DEVICES_PER_MESSAGE).collect(),
            })),
            _ => Some(DeviceRequest::ReportStatus(ReportStatus {
                reports: self.round.reports(now, |device| self.reach(device).address),
            })),
        }
    }

    /// The number of an addition or removal. It is kept before it is used, so that none is used for
    /// two of them; where the last one there is has been used, a center refuses it.
    // spec: GWY-016
    fn next_change(&mut self, news: &mut News) -> NonZeroU32 {
        let change = NonZeroU32::MIN.saturating_add(self.ledger.change);
        self.ledger.change = change.get();
        news.keep = true;
        change
    }

    /// The children that wait, as many as one message holds. The book holds each of them once, so
    /// that they always make a list.
    fn addition(&self, change: NonZeroU32) -> Option<DeviceRequest> {
        let waiting = self.unregistered().take(DEVICES_PER_MESSAGE);
        let mut entries: Vec<DeviceEntry> = waiting.cloned().collect();
        entries.truncate(fitting(&entries));
        Some(DeviceRequest::AddDevices(AddDevices {
            change,
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
