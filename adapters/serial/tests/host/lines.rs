//! Messages over pseudo-terminals and a bad relay.

use std::sync::atomic::Ordering;
use std::time::Duration;

use restante_serial::Failure;
use restante_serial::host::{Line, LineError, SendFailure};

use crate::place::{Noise, line, messages, noisy, pair};

/// Sends messages both ways at once; what arrives has to be what was sent, in its order.
async fn both_speak(seed: u64, noise: Noise) {
    let place = noisy(seed, noise);
    let (mut left, mut right) = (line(place.left, 1), line(place.right, 2));
    let (from_left, from_right) = (messages(seed), messages(seed + 1));
    for (to_right, to_left) in from_left.into_iter().zip(from_right) {
        let sent = tokio::join!(left.send(to_right.clone()), right.send(to_left.clone()),);
        assert_eq!(sent, (Ok(()), Ok(())), "seed {seed}");
        let came = tokio::join!(left.next(), right.next());
        assert_eq!(came, (Some(to_left), Some(to_right)), "seed {seed}");
    }
}

#[tokio::test]
async fn messages_cross_a_good_line() {
    both_speak(1, Noise::default()).await;
}

#[tokio::test]
async fn messages_cross_a_line_with_one_wrong_bit_in_a_thousand() {
    let noise = Noise {
        bit: 1_000,
        ..Noise::default()
    };
    both_speak(2, noise).await;
}

#[tokio::test]
async fn messages_cross_a_line_that_loses_and_repeats_bytes() {
    let noise = Noise {
        loss: 500,
        twice: 500,
        ..Noise::default()
    };
    both_speak(3, noise).await;
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_of_a_frame_goes_on_when_it_is_back() {
    let place = noisy(4, Noise::default());
    let (left, mut right) = (line(place.left, 1), line(place.right, 2));
    let message = vec![7; 60_000];
    let cut = async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(3)).await;
            place.is_cut.store(true, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(120)).await;
            place.is_cut.store(false, Ordering::Relaxed);
        }
    };
    let (sent, came, ()) = tokio::join!(left.send(message.clone()), right.next(), cut);
    assert_eq!((sent, came), (Ok(()), Some(message)));
}

#[tokio::test]
async fn an_end_that_restarts_is_found_again() {
    let (left_port, right_port) = pair();
    let mut left = line(left_port, 1);
    let again = right_port.try_clone().expect("a second handle");
    let mut right = line(right_port, 2);
    left.send(vec![1; 100]).await.expect("delivered");
    assert_eq!(right.next().await, Some(vec![1; 100]));
    drop(right);
    let mut right = line(again, 3);
    let (to_left, to_right) = (vec![2; 900], vec![3; 900]);
    let sent = tokio::join!(left.send(to_right.clone()), right.send(to_left.clone()));
    assert_eq!(sent, (Ok(()), Ok(())));
    let came = tokio::join!(left.next(), right.next());
    assert_eq!(came, (Some(to_left), Some(to_right)));
}

#[tokio::test]
async fn a_silent_other_end_is_a_clear_error() {
    let (left_port, _silent) = pair();
    let left = line(left_port, 1);
    let failure = left.send(vec![1; 100]).await.expect_err("nobody answers");
    assert_eq!(
        failure.to_string(),
        "the other end of the line does not answer"
    );
}

#[tokio::test]
async fn a_port_that_goes_away_ends_the_line_and_the_message_on_its_way() {
    let (controller, port) = pair();
    let line: Line = line(port, 1);
    let unplug = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        drop(controller);
    };
    let (sent, ()) = tokio::join!(line.send(vec![1; 100]), unplug);
    let lost = Failure::LineLost {
        may_have_arrived: false,
    };
    assert_eq!(sent, Err(SendFailure::Failed(lost)));
    assert_eq!(line.send(vec![1]).await, Err(SendFailure::Ended));
    let ended = line.ended().await;
    assert!(matches!(ended, LineError::Gone), "{ended:?}");
    assert_eq!(ended.to_string(), "the serial port has gone away");
}

#[tokio::test]
async fn a_reader_that_does_not_come_makes_the_other_end_wait_and_nothing_pile_up() {
    let (left_port, right_port) = pair();
    let (left, mut right) = (line(left_port, 1), line(right_port, 2));
    let mut delivered = 0_u8;
    let failure = loop {
        match left.send(vec![delivered; 100]).await {
            Ok(()) => delivered += 1,
            Err(failure) => break failure,
        }
        assert!(delivered < 10, "they pile up");
    };
    assert!(matches!(
        failure,
        SendFailure::Failed(Failure::NoAnswer { .. })
    ));
    for number in 0..delivered {
        assert_eq!(right.next().await, Some(vec![number; 100]));
    }
}
