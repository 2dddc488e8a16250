//! Brokers that go away, come back, or forget; and a center that is killed.

use std::time::Duration;

use restante_mqtt::{Device, ExchangeError, OnRumqttc};

use crate::mosquitto::Mosquitto;
use crate::parties::{
    HANG, Noted, NotingDesk, SENDER, Serving, Stranger, as_client, device, open, reply_to, request,
    right, topics,
};

/// As a device does: the same envelope again until it is answered.
async fn insist(device: &mut Device<OnRumqttc>, envelope: &[u8]) -> Vec<u8> {
    let insisting = async {
        loop {
            match device.exchange(envelope, Duration::from_secs(2)).await {
                Ok(reply) => return reply.expect("no mail"),
                Err(ExchangeError::Envelope(error)) => panic!("{error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    tokio::time::timeout(HANG, insisting)
        .await
        .expect("an answer")
}

fn times(note: &'static str, times: usize) -> impl Fn(&Noted) -> bool {
    move |noted| noted.notes.iter().filter(|has| *has == note).count() == times
}

#[tokio::test]
async fn a_broker_that_restarts_and_has_forgotten_everything_is_listened_to_again() {
    let Some(mut broker) = open() else {
        return;
    };
    let desk = NotingDesk::new();
    let _center = Serving::listening(as_client(&broker, "center"), &desk).await;
    let mut device = device(&broker);
    assert_eq!(
        insist(&mut device, &request(1)).await,
        reply_to(&request(1))
    );
    for round in 2..4 {
        broker.stop();
        broker.start();
        assert_eq!(
            insist(&mut device, &request(round as u64)).await,
            reply_to(&request(round as u64))
        );
        desk.until("listening again", times("listening", round))
            .await;
    }
    // A device that waits for a nudge notices the restart, and hears the next nudge.
    let (_, down) = topics();
    broker.stop();
    device
        .nudged(&SENDER)
        .await
        .expect_err("the broker is gone");
    broker.start();
    let stranger = Stranger::at(&broker, "anybody");
    let heard = async { while device.nudged(&SENDER).await.is_err() {} };
    let nudging = async {
        loop {
            stranger.say(right(&down, &down, &[])).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        heard = tokio::time::timeout(HANG, heard) => heard.expect("a nudge"),
        () = nudging => {}
    }
}

#[tokio::test]
async fn a_broker_that_is_away_at_the_start_is_tried_until_it_is_there() {
    let Some(mut broker) = Mosquitto::planned("allow_anonymous true", &[]) else {
        return;
    };
    let desk = NotingDesk::new();
    let _center = Serving::start(as_client(&broker, "center"), &desk);
    let port = broker.port;
    let away = format!(
        "away: the broker 127.0.0.1:{port} cannot be reached: Connection refused (os error 111)"
    );
    desk.until_noted(&away).await;
    broker.start();
    desk.until_noted("listening").await;
    let mut device = device(&broker);
    assert_eq!(
        insist(&mut device, &request(1)).await,
        reply_to(&request(1))
    );
}

#[tokio::test]
async fn what_a_killed_center_had_not_answered_comes_to_the_one_that_follows_it() {
    let Some(broker) = open() else {
        return;
    };
    let killed = NotingDesk::new();
    killed.answers(false);
    let center = Serving::listening(as_client(&broker, "center"), &killed).await;
    let mut device = device(&broker);
    let next = NotingDesk::new();
    let sent = request(1);
    let follows = async {
        killed.until("asked", |noted| !noted.asked.is_empty()).await;
        center.crash().await;
        Serving::listening(as_client(&broker, "center"), &next).await
    };
    let (reply, _center) = tokio::join!(device.exchange(&sent, HANG), follows);
    assert_eq!(reply.expect("an answer"), Some(reply_to(&sent)));
    assert_eq!(next.asked(), [sent]);
}

#[tokio::test]
async fn a_center_that_stops_finishes_what_it_has_in_work() {
    let Some(broker) = open() else {
        return;
    };
    let desk = NotingDesk::new();
    desk.answers(false);
    let center = Serving::listening(as_client(&broker, "center"), &desk).await;
    let mut device = device(&broker);
    let sent = request(1);
    let stops = async {
        desk.until("asked", |noted| !noted.asked.is_empty()).await;
        let opens = async { desk.answers(true) };
        tokio::join!(center.stop(), opens);
    };
    let (reply, ()) = tokio::join!(device.exchange(&sent, HANG), stops);
    assert_eq!(reply.expect("an answer"), Some(reply_to(&sent)));
}

#[tokio::test]
async fn a_second_client_with_the_same_id_is_named_and_the_first_comes_back() {
    let Some(broker) = open() else {
        return;
    };
    let desk = NotingDesk::new();
    let _center = Serving::listening(as_client(&broker, "center"), &desk).await;
    let (up, down) = topics();
    let double = Stranger::at(&broker, "center");
    double.say(right(&up, &down, &[])).await;
    let told = format!(
        "away: the connection to the broker 127.0.0.1:{} was lost: it hung up, as it does where \
         another client comes with the same id",
        broker.port
    );
    desk.until_noted(&told).await;
    desk.until("listening again", times("listening", 2)).await;
    let mut device = device(&broker);
    assert_eq!(
        insist(&mut device, &request(1)).await,
        reply_to(&request(1))
    );
}
