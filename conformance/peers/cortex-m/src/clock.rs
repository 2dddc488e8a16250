//! Milliseconds since the board was switched on, counted by the processor's own timer.

use core::cell::Cell;

use cortex_m::interrupt::{self, Mutex};
use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::exception;
use restante_core::Uptime;

/// It counts in an interrupt; 64 bits are more than the processor writes at once.
static MILLIS: Mutex<Cell<u64>> = Mutex::new(Cell::new(0));

/// Has the timer tick each millisecond.
pub fn start(mut timer: SYST) {
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(CYCLES_PER_SECOND / 1_000 - 1);
    timer.clear_current();
    timer.enable_counter();
    timer.enable_interrupt();
}

/// The time.
pub fn now() -> Uptime {
    Uptime::from_millis(interrupt::free(|free| MILLIS.borrow(free).get()))
}

#[exception]
fn SysTick() {
    interrupt::free(|free| {
        let millis = MILLIS.borrow(free);
        millis.set(millis.get() + 1);
    });
}

/// How fast the processor runs after a reset: 200 MHz through a divider of 16.
const CYCLES_PER_SECOND: u32 = 12_500_000;
