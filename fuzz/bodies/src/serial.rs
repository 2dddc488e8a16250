//! Hostile bytes on a serial line.
//!
//! The end that hears them has session 1, and the other end that it knows session 2, so that the
//! corpus holds frames of this very link.

use restante_core::limits::{FRAME_BYTES, SEALED_BYTES};
use restante_core::machine::Machine as _;
use restante_core::{Seed, Uptime};
use restante_serial::frame::{Cutter, Frame, Session, decode, encode};
use restante_serial::{Input, Link, Output, Pace};

/// Hands the bytes to an end of a line that is sending a message. Nothing panics; what is written
/// are frames; what is handed up is no longer than a message; and the frame after the bytes is
/// found. Each frame that is read is written back the same.
///
/// # Panics
/// If one of these laws is broken.
pub fn serial(data: &[u8]) {
    let hello = Frame::Hello {
        from: Session::new(2),
        to: Some(Session::new(1)),
        takes: 65_615,
    };
    let hello = encode(&hello.to_bytes());
    let mut link = Link::new(1, Pace::cable(9_600), SEALED_BYTES);
    told(&mut link, Input::Received(hello.clone()));
    told(&mut link, Input::Send(vec![7; 1_000]));
    for chunk in data.chunks(100) {
        told(&mut link, Input::Received(chunk.to_vec()));
        told(&mut link, Input::TimePassed);
    }
    let mut cutter = Cutter::default();
    let frames = data.iter().filter_map(|byte| cutter.take(*byte));
    frames.for_each(|frame| written_back(&frame));
    let after: Vec<Frame> = hello.iter().filter_map(|byte| cutter.take(*byte)).collect();
    assert!(after.len() <= 2, "no frame comes from nothing");
    let found = after.last().map(|frame| encode(&frame.to_bytes()));
    assert_eq!(found, Some(hello), "the next frame is found");
}

fn told(link: &mut Link, input: Input) {
    let now = link.deadline().unwrap_or(Uptime::BOOT);
    let mut out = Vec::new();
    let taken = link.handle(now, &Seed::new([0; 32]), input, &mut out);
    taken.expect("it fits");
    for output in out {
        match output {
            Output::Write(line) => {
                assert!(line.len() <= FRAME_BYTES, "a frame is too long");
                assert!(decode(&line[1..line.len() - 1]).is_some(), "no frame");
            }
            Output::Arrived(message) => {
                assert!((1..=SEALED_BYTES).contains(&message.len()), "no message");
            }
            Output::Delivered | Output::Failed(_) => {}
        }
    }
}

fn written_back(frame: &Frame) {
    let line = encode(&frame.to_bytes());
    let content = decode(&line[1..line.len() - 1]).expect("whole");
    assert_eq!(Frame::parse(&content).as_ref(), Some(frame), "written back");
}
