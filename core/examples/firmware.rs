//! A firmware's main loop around the device's machine, as the README shows it.
//!
//! `Board` is what a vendor's board already has: a clock, random bytes, a flash page, a line to the
//! center, a panel. It is the only thing to write.

use restante_core::crypto::Crypto;
use restante_core::device::{Device, Input, Kept, Output};
use restante_core::machine::Machine;
use restante_core::{Seed, Uptime};

/// What the board has.
pub trait Board {
    /// Milliseconds since it was switched on.
    fn now(&self) -> Uptime;
    /// Thirty-two fresh random bytes.
    fn random(&mut self) -> [u8; 32];
    /// What the flash page holds, if it ever was written.
    fn read_flash(&mut self) -> Option<Vec<u8>>;
    /// Writes the flash page; returns when it is durable.
    fn write_flash(&mut self, bytes: &[u8]);
    /// Starts to send; what comes of it comes back through [`Board::wait`].
    fn send(&mut self, output: Output);
    /// Starts to present the device to a service's server; what came of it comes back the same way.
    fn register(&mut self, output: Output);
    /// Shows a notice at the panel.
    fn show(&mut self, output: Output);
    /// Sleeps until something happens or the deadline passes.
    fn wait(&mut self, deadline: Option<Uptime>) -> Input;
}

/// Runs the device for ever.
pub fn run<C: Crypto>(mut device: Device<C>, board: &mut impl Board) -> ! {
    let kept = board
        .read_flash()
        .map(|bytes| Box::new(Kept::from_bytes(&bytes).expect("flash")));
    let mut input = Input::Booted { kept };
    let mut outputs = Vec::new();
    loop {
        let (now, seed) = (board.now(), Seed::new(board.random()));
        if let Err(why) = device.handle(now, &seed, input, &mut outputs) {
            eprintln!("not possible now: {why}"); // Nothing has changed.
        }
        for output in outputs.drain(..) {
            match output {
                Output::Keep(kept) => board.write_flash(&kept.to_bytes()),
                Output::Send { .. } => board.send(output),
                Output::Register(_) => board.register(output),
                _ => board.show(output),
            }
        }
        input = board.wait(device.deadline());
    }
}

fn main() {
    println!("a firmware has no terminal; read the source, or run restante-device");
}
