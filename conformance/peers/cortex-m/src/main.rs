//! A device as firmware: Restante's machine on a Cortex-M3, with a serial line on its UART.
//!
//! One loop wakes each millisecond: what came over the line and from the panel goes into the
//! machines, what they want done is done in order, and what they want kept is in the board's memory
//! before anything that follows it leaves. `README.md` says how to build it and how to run it.

#![no_std]
#![no_main]

extern crate alloc;

mod clock;
mod disk;
mod memory;
mod panel;
mod seeds;
mod uart;
mod unit;

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use core::panic::PanicInfo;
use core::ptr::addr_of_mut;

use cortex_m_rt::entry;
use embedded_alloc::LlffHeap;

use panel::Panel;
use seeds::Seeds;
use uart::Uart;
use unit::Unit;

#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

static mut ARENA: [u8; HEAP_BYTES] = [0; HEAP_BYTES];

#[entry]
fn main() -> ! {
    // SAFETY: nobody else touches the arena, and this runs once.
    unsafe { HEAP.init(addr_of_mut!(ARENA) as usize, HEAP_BYTES) };
    // SAFETY: each port is made once.
    let (mut panel, mut line) = unsafe { (Uart::panel(), Uart::line()) };
    panel.switch_on();
    line.switch_on();
    match run(line, &mut panel) {
        Ok(never) => match never {},
        Err(why) => say(&mut panel, &why),
    }
    loop {
        cortex_m::asm::wfi();
    }
}

/// Runs the device until the power fails.
fn run(line: Uart, panel: &mut Uart) -> Result<Never, String> {
    let core = cortex_m::Peripherals::take().ok_or("the board runs already")?;
    clock::start(core.SYST);
    let seeds = Seeds::handed_over(&disk::words());
    let seeds = seeds.ok_or("it needs seed= and 64 hexadecimal digits")?;
    let me = disk::read("device.json").ok_or("it needs a file device.json that says who it is")?;
    let me = serde_json::from_slice(&me).map_err(|why| format!("device.json: {why}"))?;
    let mut unit = Unit::switch_on(clock::now(), me, (seeds, line))?;
    let mut typed = Panel::default();
    say(panel, "on");
    loop {
        cortex_m::asm::wfi();
        let now = clock::now();
        for command in typed.take(&panel.take(AT_ONCE)) {
            let taken = match panel::read(&command) {
                Ok(input) => unit.happens(now, input)?.map_err(|why| why.to_string()),
                Err(why) => Err(why),
            };
            say(
                panel,
                &taken.map_or_else(|why| format!("no: {why}"), |()| "yes".to_owned()),
            );
        }
        unit.pass(now)?;
        for shown in unit.shown() {
            say(panel, &shown);
        }
    }
}

fn say(panel: &mut Uart, line: &str) {
    panel.send(line.as_bytes());
    panel.send(b"\n");
}

/// What panics has a fault that no input may cause: the panel says where, and nothing goes on.
#[panic_handler]
fn panicked(info: &PanicInfo<'_>) -> ! {
    // SAFETY: nothing else runs any more.
    let mut panel = unsafe { Uart::panel() };
    if let Some(at) = info.location() {
        say(&mut panel, &at.to_string());
    }
    loop {
        cortex_m::asm::wfi();
    }
}

enum Never {}

/// Of the board's 64 KiB; the rest is the stack.
const HEAP_BYTES: usize = 44 * 1024;
/// Bytes that are taken from the panel at once.
const AT_ONCE: usize = 64;
