//! The panel: a person types a line, and reads what the device says.
//!
//! ```text
//! code 7K3M9-…            enrols with a provisional code
//! status {"state": …}     what the device's own sensors say now
//! address 192.0.2.7       where the device is on its own network
//! rotate                  asks for a new formal code
//! leave                   ends the registration
//! ```

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use restante_core::code::ProvisionalCode;
use restante_core::device::Input;
use restante_core::id::{CenterAddress, LanAddress};

/// What a person has typed of a line.
#[derive(Default)]
pub struct Panel {
    typed: Vec<u8>,
}

impl Panel {
    /// Takes bytes; the lines that they end.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for byte in bytes {
            match byte {
                b'\r' => {}
                b'\n' => {
                    lines.push(String::from_utf8_lossy(&self.typed).into_owned());
                    self.typed.clear();
                }
                _ if self.typed.len() < LINE_BYTES => self.typed.push(*byte),
                // What is longer is no command, and is answered as such.
                _ => {}
            }
        }
        lines
    }
}

/// What a line asks the device to do.
///
/// # Errors
/// A sentence for the person who has typed it.
pub fn read(line: &str) -> Result<Input, String> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "code" => {
            let code = rest.parse::<ProvisionalCode>();
            let code = code.map_err(|why| why.to_string())?;
            // There is one line, and the center is at its other end.
            let center = CenterAddress::new("line").map_err(|why| why.to_string())?;
            Ok(Input::CodeEntered { code, center })
        }
        "status" => {
            let status = serde_json::from_str(rest).map_err(|why| why.to_string())?;
            Ok(Input::StatusChanged(Box::new(status)))
        }
        "address" => {
            let address = LanAddress::new(rest).map_err(|why| why.to_string())?;
            Ok(Input::AddressChanged(address))
        }
        "rotate" => Ok(Input::RotateNow),
        "leave" => Ok(Input::LeaveNow),
        _ => Err("type code, status, address, rotate or leave".to_owned()),
    }
}

/// Longer than any command; a status with all reasons and counters has room.
const LINE_BYTES: usize = 4_096;
