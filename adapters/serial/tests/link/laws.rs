//! Laws of one end and of the coding, whatever comes.

use proptest::prelude::*;
use restante_core::Uptime;
use restante_core::entropy::Seed;
use restante_core::limits::{FRAGMENT_BYTES, FRAME_BYTES, SEALED_BYTES};
use restante_core::machine::Machine;
use restante_serial::frame::{Cutter, DATA_OVERHEAD, Frame, Session, decode, encode};
use restante_serial::{Failure, Input, Link, Output, Pace, SendError};

const SEED: Seed = Seed::new([0; 32]);

fn told(link: &mut Link, input: Input) -> Vec<Output> {
    let mut out = Vec::new();
    let now = link.deadline().unwrap_or(Uptime::BOOT);
    link.handle(now, &SEED, input, &mut out).expect("it fits");
    out
}

fn written(outputs: &[Output]) -> Vec<u8> {
    let bytes = outputs.iter().filter_map(|output| match output {
        Output::Write(bytes) => Some(bytes.clone()),
        _ => None,
    });
    bytes.flatten().collect()
}

fn link(drawn: u32) -> Link {
    Link::new(drawn, Pace::cable(9_600), SEALED_BYTES)
}

proptest! {
    #[test]
    fn what_is_coded_is_read_back_and_holds_neither_delimiter_nor_escape(
        content in proptest::collection::vec(
            prop_oneof![Just(0_u8), Just(b'+'), Just(b'-'), any::<u8>()], 0..=900),
    ) {
        let line = encode(&content);
        let inner = &line[1..line.len() - 1];
        prop_assert!(!inner.contains(&0));
        prop_assert!(!line.windows(3).any(|three| three == b"+++"));
        prop_assert_eq!(decode(inner), Some(content));
    }

    #[test]
    fn any_bytes_are_survived_and_nobody_else_is_believed(
        bytes in proptest::collection::vec(any::<u8>(), 0..3_000),
    ) {
        let mut end = link(1);
        let outputs = told(&mut end, Input::Received(bytes));
        prop_assert!(outputs.iter().all(|output| matches!(output, Output::Write(_))));
    }
}

#[test]
fn the_largest_fragment_fits_a_frame_however_it_is_stuffed() {
    let line = encode(&[b'+'; DATA_OVERHEAD + FRAGMENT_BYTES]);
    assert!(line.len() <= FRAME_BYTES, "{} bytes", line.len());
}

#[test]
fn runs_of_every_length_are_read_back() {
    for length in 0..1_100 {
        for (fill, last) in [(7, 7), (7, 0), (0, 7), (b'+', b'+')] {
            let mut content = vec![fill; length];
            content.push(last);
            let line = encode(&content);
            assert_eq!(decode(&line[1..line.len() - 1]), Some(content));
        }
    }
}

#[test]
fn the_frame_after_any_garbage_is_found() {
    let frame = Frame::Hello {
        from: Session::new(5),
        to: None,
        takes: 100,
    };
    for garbage in [
        &b"\r\nCONNECT 9600\r\n"[..],
        b"\x01",
        &[7; 5_000],
        b"+++",
        b"",
    ] {
        let mut cutter = Cutter::default();
        let line = [garbage, &encode(&frame.to_bytes())].concat();
        let found: Vec<Frame> = line.iter().filter_map(|byte| cutter.take(*byte)).collect();
        assert_eq!(found, std::slice::from_ref(&frame));
    }
}

#[test]
fn an_error_changes_nothing() {
    let mut end = link(1);
    let mut out = Vec::new();
    let mut send = |end: &mut Link, length: usize| {
        let input = Input::Send(vec![1; length]);
        end.handle(Uptime::BOOT, &SEED, input, &mut out)
    };
    assert_eq!(send(&mut end, 0), Err(SendError::Length(0)));
    let long = SEALED_BYTES + 1;
    assert_eq!(send(&mut end, long), Err(SendError::Length(long)));
    assert!(end.is_free());
    assert_eq!(send(&mut end, 1), Ok(()));
    let before = format!("{end:?}");
    assert_eq!(send(&mut end, 1), Err(SendError::Busy));
    assert_eq!(format!("{end:?}"), before);
    assert_eq!(out.len(), 1);
    assert_eq!(SendError::Busy.to_string(), "another message is on its way");
    let text = "a message on a serial line has 1 to 65615 bytes, and this one has 0";
    assert_eq!(SendError::Length(0).to_string(), text);
}

#[test]
fn an_echo_is_no_other_end() {
    let mut end = link(1);
    let mut sent = written(&told(&mut end, Input::Send(vec![1; 10])));
    for _ in 0..5 {
        let outputs = told(&mut end, Input::Received(sent));
        assert_eq!(outputs, []);
        sent = written(&told(&mut end, Input::TimePassed));
    }
}

#[test]
fn data_is_not_echoed_into_a_conversation_with_oneself() {
    let (mut one, mut other) = (link(1), link(2));
    let hello = written(&told(&mut other, Input::Opened));
    told(&mut one, Input::Received(hello));
    let data = written(&told(&mut one, Input::Send(vec![1; 10])));
    assert_eq!(told(&mut one, Input::Received(data)), []);
}

#[test]
fn a_message_that_the_other_end_cannot_hold_is_a_clear_error() {
    let mut one = link(1);
    let mut small = Link::new(2, Pace::cable(9_600), 2_048);
    let hello = written(&told(&mut small, Input::Opened));
    told(&mut one, Input::Received(hello));
    let outputs = told(&mut one, Input::Send(vec![1; 2_049]));
    let failure = Failure::TooLong { takes: 2_048 };
    assert_eq!(outputs, [Output::Failed(failure)]);
    assert!(one.is_free());
    let text = "the other end of the line takes messages of at most 2048 bytes";
    assert_eq!(failure.to_string(), text);
}

#[test]
fn a_repeated_fragment_is_acknowledged_again_and_not_handed_up_again() {
    let (mut one, mut other) = (link(1), link(2));
    let hello = written(&told(&mut other, Input::Opened));
    let answer = written(&told(&mut one, Input::Received(hello)));
    told(&mut other, Input::Received(answer));
    let data = written(&told(&mut one, Input::Send(vec![9; 10])));
    let first = told(&mut other, Input::Received(data.clone()));
    let again = told(&mut other, Input::Received(data));
    assert_eq!(first[0], Output::Arrived(vec![9; 10]));
    assert_eq!(again, first[1..]);
}
