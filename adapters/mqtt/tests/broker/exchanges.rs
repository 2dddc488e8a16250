//! What is sent is answered, once each and by one center.

use std::sync::atomic::Ordering;

use restante_core::seal::{Kind, Lane};

use crate::parties::{
    HANG, NotingDesk, SENDER, Serving, Stranger, as_client, device, envelope, open, reply_to,
    request, right, topics,
};

#[tokio::test]
async fn an_envelope_is_decided_about_and_its_reply_reaches_the_device() {
    let Some(broker) = open() else {
        return;
    };
    let desk = NotingDesk::new();
    let center = Serving::listening(as_client(&broker, "center"), &desk).await;
    let mut device = device(&broker);
    for counter in 1..4 {
        let sent = request(counter);
        let reply = device.exchange(&sent, HANG).await.expect("an answer");
        assert_eq!(reply, Some(reply_to(&sent)));
    }
    assert_eq!(desk.asked(), [request(1), request(2), request(3)]);
    assert_eq!(desk.notes(), ["listening"]);
    center.stop().await;
}

#[tokio::test]
async fn a_mail_is_done_when_the_broker_has_it_and_is_not_answered() {
    let Some(broker) = open() else {
        return;
    };
    let desk = NotingDesk::new();
    let _center = Serving::listening(as_client(&broker, "center"), &desk).await;
    let mail = envelope(Kind::Request, Lane::Mail, SENDER, 1);
    let mut device = device(&broker);
    assert_eq!(device.exchange(&mail, HANG).await, Ok(None));
    desk.until("asked", |noted| noted.asked.len() == 1).await;
    // The reply that the desk makes to anything is not sent: the next thing that comes is this.
    let sent = request(1);
    let reply = device.exchange(&sent, HANG).await.expect("an answer");
    assert_eq!(reply, Some(reply_to(&sent)));
}

#[tokio::test]
async fn another_sender_of_the_same_device_hears_at_its_own_topic() {
    let Some(broker) = open() else {
        return;
    };
    let desk = NotingDesk::new();
    let _center = Serving::listening(as_client(&broker, "center"), &desk).await;
    let mut device = device(&broker);
    for sender in [SENDER, [1; 16], SENDER] {
        let sent = envelope(Kind::Request, Lane::Conversation, sender, 1);
        let reply = device.exchange(&sent, HANG).await.expect("an answer");
        assert_eq!(reply, Some(reply_to(&sent)));
    }
}

#[tokio::test]
async fn two_centers_of_one_share_decide_each_envelope_once_between_them() {
    let Some(broker) = open() else {
        return;
    };
    let desks = [NotingDesk::new(), NotingDesk::new()];
    let _first = Serving::listening(as_client(&broker, "center-1"), &desks[0]).await;
    let _second = Serving::listening(as_client(&broker, "center-2"), &desks[1]).await;
    let mut device = device(&broker);
    for counter in 1..=20 {
        let sent = request(counter);
        let reply = device.exchange(&sent, HANG).await.expect("an answer");
        assert_eq!(reply, Some(reply_to(&sent)));
    }
    let [first, second] = desks.map(|desk| desk.asked());
    assert!(!first.is_empty() && !second.is_empty(), "one of them idles");
    let mut all = [first, second].concat();
    all.sort();
    assert_eq!(all, (1..=20).map(request).collect::<Vec<_>>());
}

#[tokio::test]
async fn many_at_once_are_all_decided_about_and_no_more_than_agreed_are_in_work() {
    let Some(broker) = open() else {
        return;
    };
    let desk = NotingDesk::new();
    desk.answers(false);
    let _center = Serving::listening(as_client(&broker, "center"), &desk).await;
    let stranger = Stranger::at(&broker, "many");
    let (up, down) = topics();
    for counter in 1..=200 {
        stranger.say(right(&up, &down, &request(counter))).await;
    }
    desk.until("full", |noted| noted.asked.len() == 64).await;
    desk.answers(true);
    desk.until("all of them", |noted| noted.asked.len() == 200)
        .await;
    assert!(desk.most_in_work.load(Ordering::SeqCst) <= 64);
    assert_eq!(desk.notes(), ["listening"]);
}

#[tokio::test]
async fn a_nudge_is_heard_beside_an_exchange_and_by_a_device_that_waits_for_one() {
    let Some(broker) = open() else {
        return;
    };
    let desk = NotingDesk::new();
    let _center = Serving::listening(as_client(&broker, "center"), &desk).await;
    let mut device = device(&broker);
    device.exchange(&request(1), HANG).await.expect("an answer");
    let (_, down) = topics();
    let stranger = Stranger::at(&broker, "anybody");
    let nudge = || {
        let mut nudge = right(&down, &down, &[]);
        nudge.response_topic = None;
        nudge
    };
    stranger.say(nudge()).await;
    // It has come before the reply does.
    device.exchange(&request(2), HANG).await.expect("an answer");
    assert_eq!(device.nudged(&SENDER).await, Ok(()));
    let (heard, ()) = tokio::join!(device.nudged(&SENDER), stranger.say(nudge()));
    assert_eq!(heard, Ok(()));
}
