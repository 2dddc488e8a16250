//! The board's serial ports: ARM's PL011, looked at once a millisecond.
//!
//! Its buffer holds 16 bytes, and a line of 115,200 bits per second brings fewer than 12 in a
//! millisecond, so that nothing is lost without interrupts.

use alloc::vec::Vec;
use core::ptr;

/// One of the ports.
pub struct Uart {
    base: usize,
}

impl Uart {
    /// The line to the center.
    ///
    /// # Safety
    /// It is made once.
    pub const unsafe fn line() -> Self {
        Self { base: 0x4000_C000 }
    }

    /// The panel: where people read and type.
    ///
    /// # Safety
    /// It is made once.
    pub const unsafe fn panel() -> Self {
        Self { base: 0x4000_D000 }
    }

    /// Switches it on. On the board itself the pins and the baud rate are set here as well; the
    /// emulation has neither.
    pub fn switch_on(&mut self) {
        self.write(CONTROL, ENABLED);
        self.write(LINE_CONTROL, EIGHT_BITS | WITH_BUFFER);
    }

    /// What has come, of at most so many bytes.
    pub fn take(&mut self, most: usize) -> Vec<u8> {
        let mut came = Vec::new();
        while came.len() < most && self.read(FLAGS) & NOTHING_CAME == 0 {
            // The byte is in the lowest eight bits; above it stand the line's errors.
            came.push(self.read(DATA).to_le_bytes()[0]);
        }
        came
    }

    /// Sends these bytes, and waits while the buffer is full.
    pub fn send(&mut self, bytes: &[u8]) {
        for byte in bytes {
            while self.read(FLAGS) & IS_FULL != 0 {}
            self.write(DATA, u32::from(*byte));
        }
    }

    fn read(&self, register: usize) -> u32 {
        // SAFETY: the address is that of a register of this port, which nobody else uses.
        unsafe { ptr::read_volatile((self.base + register) as *const u32) }
    }

    fn write(&mut self, register: usize, value: u32) {
        // SAFETY: as above.
        unsafe { ptr::write_volatile((self.base + register) as *mut u32, value) }
    }
}

const DATA: usize = 0x00;
const FLAGS: usize = 0x18;
const LINE_CONTROL: usize = 0x2C;
const CONTROL: usize = 0x30;

const NOTHING_CAME: u32 = 1 << 4;
const IS_FULL: u32 = 1 << 5;
const EIGHT_BITS: u32 = 0b11 << 5;
const WITH_BUFFER: u32 = 1 << 4;
const ENABLED: u32 = (1 << 9) | (1 << 8) | 1;
