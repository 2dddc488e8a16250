//! A broker that does not keep to what was agreed, played by a double: acknowledgements keep their
//! order, and what there is no room for is acknowledged and named.

use std::sync::{Arc, Mutex};

use restante_mqtt::{
    BrokerError, Client, Connected, Delivery, Letter, Mouth, Receipt, Session, Voice, ear,
};
use tokio::sync::mpsc;

use crate::parties::{NotingDesk, Serving, request, topics};

/// A broker whose mouth the test has.
struct Double {
    mouths: mpsc::Sender<Mouth>,
    voice: DoubleVoice,
}

#[derive(Clone, Default)]
struct DoubleVoice(Arc<Mutex<Vec<u16>>>);

impl Client for Double {
    type Voice = DoubleVoice;

    async fn connect(&self, _: Session) -> Connected<DoubleVoice> {
        let (mouth, ear) = ear();
        self.mouths.send(mouth).await.expect("the test listens");
        Ok((self.voice.clone(), ear))
    }
}

impl Voice for DoubleVoice {
    async fn listen(&self, _: &str) -> Result<(), BrokerError> {
        Ok(())
    }

    async fn say(&self, _: Letter) -> Result<(), BrokerError> {
        Ok(())
    }

    async fn acknowledge(&self, receipt: &Receipt) {
        self.0.lock().expect("whole").push(receipt.0);
    }

    async fn leave(&self) {}
}

fn delivery(number: u16, padding: usize) -> Delivery {
    let (topic, down) = topics();
    let mut payload = request(number.into());
    payload.resize(payload.len() + padding, 0);
    Delivery {
        topic,
        payload,
        response_topic: Some(down),
        correlation: None,
        is_retained: false,
        receipt: Receipt(number),
    }
}

#[tokio::test]
async fn a_broker_that_sends_far_too_much_is_acknowledged_in_order_and_the_rest_is_shed() {
    let (mouths, mut told) = mpsc::channel(1);
    let voice = DoubleVoice::default();
    let desk = NotingDesk::new();
    desk.answers(false);
    let broker = Double {
        mouths,
        voice: voice.clone(),
    };
    let center = Serving::listening(broker, &desk).await;
    let mouth = told.recv().await.expect("a connection");
    for number in 1..=200 {
        assert!(mouth.tell(delivery(number, 65_000)));
    }
    desk.until("full", |noted| noted.asked.len() == 64).await;
    assert!(voice.0.lock().expect("whole").is_empty());
    desk.answers(true);
    let acknowledged = || voice.0.lock().expect("whole").clone();
    desk.until("all acknowledged", |_| acknowledged().len() == 200)
        .await;
    assert_eq!(acknowledged(), (1..=200).collect::<Vec<u16>>());
    let shed = desk
        .notes()
        .iter()
        .filter(|note| *note == "mqtt-busy")
        .count();
    assert!(shed > 0 && desk.asked().len() + shed == 200, "{shed}");
    center.stop().await;
}
