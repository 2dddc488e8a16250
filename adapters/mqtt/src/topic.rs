//! Topics: where an envelope travels, by the sender that stands in its header.
//!
//! A broker lets clients in by topics, so that the sender stands in them; who has really sealed an
//! envelope shows when it opens. Serves spec section 16.1.

use std::fmt::Write as _;

/// Whither an envelope travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From a device to the center.
    Up,
    /// From the center to a device.
    Down,
}

/// Where all devices send.
pub const UP_OF_ALL: &str = "restante/v1/+/up";
/// Where all devices listen.
pub const DOWN_OF_ALL: &str = "restante/v1/+/down";

/// The topic of this sender in this direction.
// spec chapter 16.1
#[must_use]
pub fn topic_of(sender: &[u8; 16], direction: Direction) -> String {
    let mut topic = String::from(BEGINNING);
    for byte in sender {
        // Writing to a string does not fail.
        let _ = write!(topic, "{byte:02x}");
    }
    topic.push_str(direction.ending());
    topic
}

/// Whose topic in this direction it is; nobody's where it is written in any other way.
#[must_use]
pub fn sender_of(topic: &str, direction: Direction) -> Option<[u8; 16]> {
    let digits = topic.strip_prefix(BEGINNING)?;
    let digits = digits.strip_suffix(direction.ending())?.as_bytes();
    let mut sender = [0; 16];
    if digits.len() != 2 * sender.len() {
        return None;
    }
    for (byte, pair) in sender.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(sender)
}

/// The filter under which the centers of one share take what devices send: each message reaches one
/// of them.
pub(crate) fn shared(share: &crate::Name) -> String {
    format!("$share/{share}/{UP_OF_ALL}")
}

impl Direction {
    const fn ending(self) -> &'static str {
        match self {
            Self::Up => "/up",
            Self::Down => "/down",
        }
    }
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

const BEGINNING: &str = "restante/v1/";

#[cfg(test)]
mod tests {
    use super::*;

    const SENDER: [u8; 16] = [0x0f; 16];

    #[test]
    fn a_topic_names_its_sender_and_can_be_written_in_one_way() {
        let up = topic_of(&SENDER, Direction::Up);
        assert_eq!(up, "restante/v1/0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f/up");
        assert_eq!(sender_of(&up, Direction::Up), Some(SENDER));
        assert_eq!(sender_of(&up, Direction::Down), None);
        let down = topic_of(&SENDER, Direction::Down);
        assert_eq!(sender_of(&down, Direction::Down), Some(SENDER));
        for other in [
            "restante/v1/0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F/up",
            "restante/v1/0f/up",
            "restante/v1//up",
            "restante/v1/up",
            "restante/v2/0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f/up",
            "restante/v1/0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f/up/up",
            "restante/v1/+/up",
            "",
        ] {
            assert_eq!(sender_of(other, Direction::Up), None, "{other}");
        }
    }
}
