//! The readings of a trial device: idle, with as many copy sheets as it was told.

use restante_core::wire::status::CounterTooLarge;
use restante_core::wire::{
    Counted, Counter, Counters, DeviceState, ServiceCounters, StateReasons, Status,
};

/// A status with these copy sheets; without any, of a device that does not count.
///
/// # Errors
/// [`CounterTooLarge`] above 2^53 − 1.
// spec: STA-001, STA-002
pub fn status(copy_sheets: Option<u64>) -> Result<Status, CounterTooLarge> {
    let sheets = copy_sheets.map(Counter::new).transpose()?;
    let counted = Counted {
        media_sheets_completed: sheets,
        ..Counted::default()
    };
    Ok(Status {
        state: DeviceState::Idle,
        reasons: StateReasons::default(),
        counters: Counters {
            epoch: 0,
            total: counted.clone(),
            services: ServiceCounters {
                copy: sheets.map(|_| counted),
                ..ServiceCounters::default()
            },
        },
    })
}
