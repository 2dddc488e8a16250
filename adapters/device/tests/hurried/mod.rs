//! A fleet's time: devices come one after the other and as often as they are told, or in a hurry.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use restante_core::Seconds;
use restante_core::wire::{Contacts, DeviceEntry, DeviceRequest};
use restante_device::fleet::{Entry, Fleet, Goal, Limits, Member, Settings, Tally};
use restante_device::{Ended, trial};

use crate::scripted::{Center, Event, Trace, center, code};

/// Twenty devices for so many seconds, with a center that wants to see them once a day.
async fn run(seconds: u64, settings: Settings) -> (Tally, Trace) {
    let trace = Trace::default();
    let line = Center {
        trace: Arc::clone(&trace),
        loses: Mutex::new(0),
    };
    let entry = Arc::new(Entry {
        code: code(),
        center: center(),
    });
    let member = |number| {
        let me = DeviceEntry {
            identification: crate::identification(&format!("F{number}")),
            contacts: Contacts::default(),
        };
        let status = trial::status(Some(100)).expect("a count");
        Member::new(me, status, Some(Arc::clone(&entry)))
    };
    let mut fleet = Fleet::new((0..20).map(member).collect(), None, line, settings);
    let limits = Limits {
        goal: Goal::Forever,
        lasts: Some(Duration::from_secs(seconds)),
    };
    let ended = fleet.run(limits, std::future::pending(), |_, _| {}).await;
    assert_eq!(ended.expect("it runs"), Ended::OutOfTime);
    (*fleet.tally(), trace)
}

async fn polls_in_ten_minutes(poll_every: Option<Seconds>) -> usize {
    let settings = Settings {
        per_second: 10,
        poll_every,
    };
    let (tally, trace) = run(600, settings).await;
    assert_eq!(tally.enrolled, 20);
    let trace = trace.lock().expect("whole");
    let is_poll = |event: &&Event| matches!(event, Event::Sent(DeviceRequest::Poll(_)));
    trace.iter().filter(is_poll).count()
}

#[tokio::test(start_paused = true)]
async fn polls_come_as_the_center_says_unless_they_are_hurried() {
    let daily = polls_in_ten_minutes(None).await;
    assert_eq!(daily, 20, "the first use of each code");
    let hurried = polls_in_ten_minutes(Some(Seconds::new(30))).await;
    assert!((20 * 18..=20 * 21).contains(&hurried), "{hurried}");
}

#[tokio::test(start_paused = true)]
async fn devices_are_switched_on_one_after_the_other() {
    let settings = Settings {
        per_second: 2,
        poll_every: None,
    };
    let (tally, _) = run(4, settings).await;
    assert!((7..=9).contains(&tally.enrolled), "{tally:?}");
}
