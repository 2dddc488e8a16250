//! What comes from the other end: fragments that become messages, each handed up once.

use alloc::vec::Vec;

/// The message that is coming, and the last one that has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Incoming {
    /// The number of the message that comes next or is coming.
    next: u8,
    /// Bytes of the whole message that is coming. It grows as its bytes come, so that nobody claims
    /// memory by announcing a length.
    length: u32,
    part: Vec<u8>,
    /// The length of the message before, once there is one.
    finished: Option<u32>,
}

/// What a fragment comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// The message that it completed.
    pub(super) message: Option<Vec<u8>>,
    /// Up to where the message of that number has arrived.
    pub(super) arrived: u32,
}

impl Incoming {
    /// Takes a fragment of a message that is not longer than `takes`; `None` if it belongs to
    /// neither the message that is coming nor the last one.
    pub(super) fn take(
        &mut self,
        number: u8,
        (length, takes): (u32, u32),
        offset: u32,
        bytes: &[u8],
    ) -> Option<Taken> {
        let repeated = self
            .finished
            .filter(|_| number == self.next.wrapping_sub(1));
        if let Some(arrived) = repeated {
            let message = None;
            return Some(Taken { message, arrived });
        }
        let begins = self.part.is_empty();
        if number != self.next || length > takes || !(begins || length == self.length) {
            return None;
        }
        self.length = length;
        let known = self.part.len().checked_sub(usize::try_from(offset).ok()?);
        if let Some(new) = known.and_then(|known| bytes.get(known..)) {
            self.part.extend_from_slice(new);
        }
        let arrived = u32::try_from(self.part.len()).unwrap_or(length);
        let message = (arrived == length).then(|| self.finish());
        Some(Taken { message, arrived })
    }

    fn finish(&mut self) -> Vec<u8> {
        self.next = self.next.wrapping_add(1);
        self.finished = Some(self.length);
        core::mem::take(&mut self.part)
    }
}
