//! What goes to the other end: one message at a time, and how it is cut.
//!
//! One fragment is on its way at a time. Conversations of devices are a short request and a short
//! reply, for which a window of several saves nothing; a microcontroller needs one buffer, and a
//! line that damages frames is not filled with frames that have to come again. What it costs is one
//! turnaround for each fragment of a long message.

use alloc::vec::Vec;

use restante_core::Uptime;
use restante_core::limits::{
    FRAGMENT_BYTES, FRAGMENT_BYTES_FIRST, FRAGMENT_BYTES_MIN, FRAGMENTS_BEFORE_LARGER,
};

/// The message that waits for its acknowledgement.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    message: Vec<u8>,
    /// How much the other end has acknowledged.
    acknowledged: usize,
    /// How far it has been sent in this session.
    sent: usize,
    /// How often something was sent since the last progress.
    pub(super) tries: u8,
    /// When it is sent again.
    pub(super) again_at: Uptime,
}

impl Outgoing {
    pub(super) const fn new(message: Vec<u8>, now: Uptime) -> Self {
        Self {
            message,
            acknowledged: 0,
            sent: 0,
            tries: 0,
            again_at: now,
        }
    }

    /// Begins it anew: the other end is in another session and has nothing of it.
    pub(super) const fn begin_anew(&mut self) {
        self.acknowledged = 0;
        self.sent = 0;
        self.tries = 0;
    }

    /// The next fragment of at most so many bytes, and where it begins.
    pub(super) fn fragment(&mut self, most: usize) -> (u32, Vec<u8>) {
        let rest = self.message.get(self.acknowledged..).unwrap_or_default();
        let bytes: Vec<u8> = rest.iter().copied().take(most).collect();
        self.sent = self.sent.max(self.acknowledged.saturating_add(bytes.len()));
        (u32::try_from(self.acknowledged).unwrap_or(u32::MAX), bytes)
    }

    /// The other end says how much it has. Whether that is progress.
    pub(super) fn arrived(&mut self, arrived: u32) -> bool {
        let arrived = usize::try_from(arrived).unwrap_or(usize::MAX);
        let is_progress = arrived > self.acknowledged && arrived <= self.sent;
        if is_progress {
            self.acknowledged = arrived;
            self.tries = 0;
        }
        is_progress
    }

    pub(super) const fn is_delivered(&self) -> bool {
        self.acknowledged == self.message.len()
    }

    /// Whether all of it has been sent, so that the other end has perhaps handed it up.
    pub(super) const fn may_have_arrived(&self) -> bool {
        self.sent == self.message.len()
    }

    /// Bytes of the message.
    pub(super) fn length(&self) -> u32 {
        u32::try_from(self.message.len()).unwrap_or(u32::MAX)
    }
}

/// How large fragments are: halved by each loss, doubled by several that arrive at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    bytes: usize,
    in_a_row: u8,
}

impl Cut {
    pub(super) const FIRST: Self = Self {
        bytes: FRAGMENT_BYTES_FIRST,
        in_a_row: 0,
    };

    pub(super) const fn bytes(self) -> usize {
        self.bytes
    }

    pub(super) fn lost(&mut self) {
        self.bytes = (self.bytes / 2).max(FRAGMENT_BYTES_MIN);
        self.in_a_row = 0;
    }

    pub(super) fn arrived(&mut self, at_first_try: bool) {
        if !at_first_try {
            return;
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        if self.in_a_row == FRAGMENTS_BEFORE_LARGER {
            self.bytes = self.bytes.saturating_mul(2).min(FRAGMENT_BYTES);
            self.in_a_row = 0;
        }
    }
}
