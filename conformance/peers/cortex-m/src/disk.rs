//! Files of the machine that runs the emulator, by ARM's semihosting.
//!
//! They stand for the board's non-volatile memory, which this emulation lacks. A file is written
//! under another name, closed and renamed, so that a power cut of the board leaves the old one or
//! the new one whole.

use alloc::vec;
use alloc::vec::Vec;

use cortex_m_semihosting::{nr, syscall};

/// The file's bytes; `None` where there is no such file.
pub fn read(name: &str) -> Option<Vec<u8>> {
    let file = open(name, READING)?;
    // SAFETY: these calls have the arguments that the emulator expects of them.
    let length = unsafe { syscall!(FLEN, file) };
    let mut bytes = vec![0; length];
    // SAFETY: as above; the buffer has `length` bytes.
    let unread = unsafe { syscall!(READ, file, bytes.as_mut_ptr(), length) };
    close(file);
    (unread == 0).then_some(bytes)
}

/// Writes the file, all of it or nothing.
///
/// # Errors
/// A sentence, where the emulator's machine did not take it.
pub fn write(name: &str, bytes: &[u8]) -> Result<(), &'static str> {
    let next = [name, ".next"].concat();
    let file = open(&next, WRITING).ok_or("the file cannot be made")?;
    // SAFETY: these calls have the arguments that the emulator expects of them.
    let unwritten = unsafe { syscall!(WRITE, file, bytes.as_ptr(), bytes.len()) };
    close(file);
    if unwritten != 0 {
        return Err("the file was not written whole");
    }
    let (next, name) = (ended(&next), ended(name));
    // SAFETY: both names end with a zero, and their lengths are given without it.
    let failed = unsafe {
        syscall!(
            RENAME,
            next.as_ptr(),
            next.len() - 1,
            name.as_ptr(),
            name.len() - 1
        )
    };
    match failed {
        0 => Ok(()),
        _ => Err("the file was not renamed"),
    }
}

/// The words with which the emulator was started, after the program's own name.
pub fn words() -> Vec<u8> {
    let mut bytes = vec![0_u8; WORDS_BYTES];
    let mut block = [bytes.as_mut_ptr() as usize, bytes.len()];
    // SAFETY: the block names the buffer and its length, and the length comes back in it.
    let failed =
        unsafe { cortex_m_semihosting::syscall1(nr::GET_CMDLINE, block.as_mut_ptr() as usize) };
    let length = if failed == 0 { block[1] } else { 0 };
    bytes.truncate(length);
    bytes
}

fn open(name: &str, mode: usize) -> Option<usize> {
    let name = ended(name);
    // SAFETY: the name ends with a zero, and its length is given without that.
    let file = unsafe { syscall!(OPEN, name.as_ptr(), mode, name.len() - 1) };
    (file as isize >= 0).then_some(file)
}

/// A name as the emulator's machine wants it.
fn ended(name: &str) -> Vec<u8> {
    [name.as_bytes(), &[0]].concat()
}

fn close(file: usize) {
    // SAFETY: the call has the argument that the emulator expects of it.
    let _failed = unsafe { syscall!(CLOSE, file) };
}

const READING: usize = nr::open::R_BINARY;
const WRITING: usize = nr::open::RW_TRUNC_BINARY;
/// More than the emulator is given.
const WORDS_BYTES: usize = 256;
