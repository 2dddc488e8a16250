//! What is no message of a device, or no answer to one, is passed over; the next one is not.

use restante_core::seal::{Kind, Lane};

use crate::parties::{
    HANG, NotingDesk, SENDER, Serving, Stranger, as_client, device, envelope, open, reply_to,
    request, right, topics,
};

#[tokio::test]
async fn what_is_no_message_of_a_device_is_ignored_and_named() {
    let Some(broker) = open() else {
        return;
    };
    let desk = NotingDesk::new();
    let _center = Serving::listening(as_client(&broker, "center"), &desk).await;
    let stranger = Stranger::at(&broker, "stranger");
    let (up, down) = topics();
    let good = request(9);
    let say = || right(&up, &down, &good);
    let mut retained = say();
    retained.retained = true;
    let mut topic = say();
    topic.topic = "restante/v1/A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5/up";
    let mut elsewhere = say();
    elsewhere.response_topic = Some("restante/v1/00000000000000000000000000000000/down");
    let mut nowhere = say();
    nowhere.response_topic = None;
    let mut long = say();
    long.correlation = Some(vec![1; 65]);
    let mut nothing = say();
    nothing.payload = Vec::new();
    let mut oversized = say();
    oversized.payload.resize(65_616, 0);
    let other = envelope(Kind::Request, Lane::Conversation, [0; 16], 9);
    let reply = envelope(Kind::Reply, Lane::Conversation, SENDER, 9);
    for say in [
        retained, topic, elsewhere, nowhere, long, nothing, oversized,
    ] {
        stranger.say(say).await;
    }
    stranger.say(right(&up, &down, &other)).await;
    stranger.say(right(&up, &down, &reply)).await;
    stranger.say(say()).await;
    desk.until("asked", |noted| !noted.asked.is_empty()).await;
    let ignored = [
        "listening",
        "mqtt-retained",
        "mqtt-topic",
        "mqtt-response-topic",
        "mqtt-response-topic",
        "mqtt-correlation",
        "mqtt-no-envelope",
        "mqtt-no-envelope",
        "mqtt-sender",
        "mqtt-downward",
    ];
    assert_eq!(desk.notes(), ignored);
    assert_eq!(desk.asked(), [good]);
}

#[tokio::test]
async fn a_packet_larger_than_any_envelope_never_arrives_and_does_not_end_the_connection() {
    let Some(broker) = open() else {
        return;
    };
    let desk = NotingDesk::new();
    let _center = Serving::listening(as_client(&broker, "center"), &desk).await;
    let stranger = Stranger::at(&broker, "stranger");
    let (up, down) = topics();
    let mut huge = right(&up, &down, &request(1));
    huge.payload.resize(100_000, 0);
    stranger.say(huge).await;
    stranger.say(right(&up, &down, &request(2))).await;
    desk.until("asked", |noted| !noted.asked.is_empty()).await;
    assert_eq!(
        (desk.asked(), desk.notes()),
        (vec![request(2)], vec!["listening".to_owned()])
    );
}

#[tokio::test]
async fn what_was_left_behind_for_whoever_comes_reaches_neither_center_nor_device() {
    let Some(broker) = open() else {
        return;
    };
    let stranger = Stranger::at(&broker, "trap");
    let (up, down) = topics();
    let sent = request(1);
    let tag = sent[sent.len() - 16..].to_vec();
    let mut trap = right(&up, &down, &request(7));
    trap.retained = true;
    stranger.say(trap).await;
    let mut trap = right(&down, &down, b"a false reply");
    trap.correlation = Some(tag);
    trap.retained = true;
    stranger.say(trap).await;
    let desk = NotingDesk::new();
    let _center = Serving::listening(as_client(&broker, "center"), &desk).await;
    let reply = device(&broker)
        .exchange(&sent, HANG)
        .await
        .expect("an answer");
    assert_eq!(reply, Some(reply_to(&sent)));
    assert_eq!(desk.asked(), [sent]);
}

#[tokio::test]
async fn a_device_takes_the_reply_with_its_correlation_data_and_no_other() {
    let Some(broker) = open() else {
        return;
    };
    let desk = NotingDesk::new();
    desk.answers(false);
    let _center = Serving::listening(as_client(&broker, "center"), &desk).await;
    let stranger = Stranger::at(&broker, "liar");
    let (_, down) = topics();
    let sent = request(1);
    let tag = sent[sent.len() - 16..].to_vec();
    let lies = async {
        desk.until("asked", |noted| !noted.asked.is_empty()).await;
        for (correlation, retained) in
            [(None, false), (Some(vec![0; 16]), false), (Some(tag), true)]
        {
            let mut lie = right(&down, &down, b"a false reply");
            (lie.correlation, lie.retained) = (correlation, retained);
            stranger.say(lie).await;
        }
        desk.answers(true);
    };
    let mut device = device(&broker);
    let (reply, ()) = tokio::join!(device.exchange(&sent, HANG), lies);
    assert_eq!(reply.expect("an answer"), Some(reply_to(&sent)));
}
