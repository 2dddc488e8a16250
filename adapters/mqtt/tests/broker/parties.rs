//! Who takes part: envelopes that nobody has sealed, a desk that notes what it is asked, a center
//! that serves it, and a stranger who says anything anywhere.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use restante_core::id::Epoch;
use restante_core::seal::{Header, Kind, Lane};
use restante_mqtt::{
    Broker, Center, Client, Desk, Device, Direction, Login, Name, Note, OnRumqttc, Pause, Settings,
    topic_of,
};
use rumqttc::{AsyncClient, MqttOptions, PublishOptions, PublishProperties};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::mosquitto::Mosquitto;

/// A broker that lets everybody do everything, and keeps nothing when it stops.
pub(crate) fn open() -> Option<Mosquitto> {
    started("allow_anonymous true", &[])
}

/// One with these lines in its configuration, and these files.
pub(crate) fn started(lines: &str, files: &[(&str, &str)]) -> Option<Mosquitto> {
    let mut broker = Mosquitto::planned(lines, files)?;
    broker.start();
    Some(broker)
}

/// Connections to it as this user, whose name is the password and the client's id as well.
pub(crate) fn as_user(broker: &Mosquitto, name: &str) -> OnRumqttc {
    let mut settings = settings(broker, name);
    settings.login = Login::from_lines(&format!("{name}\n{name}\n"));
    OnRumqttc::new(settings).expect("settings")
}

/// Connections to it as this client.
pub(crate) fn as_client(broker: &Mosquitto, name: &str) -> OnRumqttc {
    OnRumqttc::new(settings(broker, name)).expect("settings")
}

pub(crate) fn settings(broker: &Mosquitto, name: &str) -> Settings {
    let url = format!("mqtt://127.0.0.1:{}", broker.port);
    Settings {
        broker: url.parse::<Broker>().expect("a broker"),
        client: name.parse::<Name>().expect("a name"),
        login: None,
        tls: None,
    }
}

pub(crate) const SENDER: [u8; 16] = [0xa5; 16];

/// What looks like a request of this sender.
pub(crate) fn request(counter: u64) -> Vec<u8> {
    envelope(Kind::Request, Lane::Conversation, SENDER, counter)
}

pub(crate) fn envelope(kind: Kind, lane: Lane, sender: [u8; 16], counter: u64) -> Vec<u8> {
    let header = Header {
        kind,
        epoch: Epoch::new(1),
        lane,
        sender,
        counter,
        salt: [7; 16],
    };
    let mut bytes = header.to_bytes().to_vec();
    bytes.extend(b"as if it were sealed");
    // The tag: another for each envelope.
    bytes.extend(u128::from(counter).to_be_bytes());
    bytes
}

/// What the desk answers to an envelope: its bytes backwards.
pub(crate) fn reply_to(envelope: &[u8]) -> Vec<u8> {
    envelope.iter().rev().copied().collect()
}

/// What a desk has been asked and told.
#[derive(Default)]
pub(crate) struct Noted {
    pub(crate) asked: Vec<Vec<u8>>,
    pub(crate) notes: Vec<String>,
}

/// A desk that notes, and answers while its gate is open.
pub(crate) struct NotingDesk {
    noted: Mutex<Noted>,
    in_work: AtomicUsize,
    pub(crate) most_in_work: AtomicUsize,
    gate: watch::Sender<bool>,
}

impl NotingDesk {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            noted: Mutex::default(),
            in_work: AtomicUsize::new(0),
            most_in_work: AtomicUsize::new(0),
            gate: watch::channel(true).0,
        })
    }

    pub(crate) fn answers(&self, does: bool) {
        self.gate.send_replace(does);
    }

    /// Waits until what was noted is as the test wants it.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&Noted) -> bool) {
        let waited = tokio::time::timeout(HANG, async {
            while !is_so(&self.noted.lock().expect("whole")) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        if waited.await.is_err() {
            let noted = self.noted.lock().expect("whole");
            let asked = noted.asked.len();
            panic!(
                "never {what}; asked {asked} times, notes: {:#?}",
                noted.notes
            );
        }
    }

    pub(crate) async fn until_noted(&self, note: &str) {
        let is_it = |noted: &Noted| noted.notes.iter().any(|has| has == note);
        self.until(&format!("noted {note:?}"), is_it).await;
    }

    pub(crate) fn asked(&self) -> Vec<Vec<u8>> {
        self.noted.lock().expect("whole").asked.clone()
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.noted.lock().expect("whole").notes.clone()
    }
}

impl Desk for NotingDesk {
    async fn decide(&self, envelope: Vec<u8>) -> Option<Vec<u8>> {
        let in_work = self.in_work.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_in_work.fetch_max(in_work, Ordering::SeqCst);
        self.noted
            .lock()
            .expect("whole")
            .asked
            .push(envelope.clone());
        let mut gate = self.gate.subscribe();
        gate.wait_for(|is_open| *is_open).await.expect("a gate");
        self.in_work.fetch_sub(1, Ordering::SeqCst);
        Some(reply_to(&envelope))
    }

    fn note(&self, note: Note<'_>) {
        let text = match note {
            Note::Listening => "listening".to_owned(),
            Note::Away(error, _) => format!("away: {error}"),
            Note::Ignored(why) => why.word().to_owned(),
            Note::Unsaid(error) => format!("unsaid: {error}"),
            other => format!("{other:?}"),
        };
        self.noted.lock().expect("whole").notes.push(text);
    }
}

/// A center that serves until it is told to stop, or dropped as if it had crashed.
pub(crate) struct Serving {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Serving {
    pub(crate) fn start(client: impl Client, desk: &Arc<NotingDesk>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let share = "centers".parse().expect("a name");
        let center = Center::new(client, share).pause(quick());
        let desk = Arc::clone(desk);
        let task = tokio::spawn(center.serve(desk, async {
            let _ = stopped.await;
        }));
        Self { stop, task }
    }

    /// The same, and it listens.
    pub(crate) async fn listening(client: impl Client, desk: &Arc<NotingDesk>) -> Self {
        let serving = Self::start(client, desk);
        desk.until_noted("listening").await;
        serving
    }

    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        self.task.await.expect("no panic");
    }

    /// As if the program had been killed.
    pub(crate) async fn crash(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

pub(crate) fn quick() -> Pause {
    Pause::new(Duration::from_millis(20), Duration::from_millis(100))
}

pub(crate) fn device(broker: &Mosquitto) -> Device<OnRumqttc> {
    Device::new(as_client(broker, "device")).pause(quick())
}

/// Somebody who says anything anywhere.
pub(crate) struct Stranger(AsyncClient);

/// Something that a stranger says.
pub(crate) struct Say<'a> {
    pub(crate) topic: &'a str,
    pub(crate) payload: Vec<u8>,
    pub(crate) response_topic: Option<&'a str>,
    pub(crate) correlation: Option<Vec<u8>>,
    pub(crate) retained: bool,
}

impl Stranger {
    pub(crate) fn at(broker: &Mosquitto, name: &str) -> Self {
        let mut options = MqttOptions::new(name, ("127.0.0.1", broker.port));
        options.set_max_packet_size(Some(1 << 20));
        let (client, mut events) = AsyncClient::builder(options).capacity(500).build();
        tokio::spawn(async move { while events.poll().await.is_ok() {} });
        Self(client)
    }

    /// Says it, and waits until the broker has taken it.
    pub(crate) async fn say(&self, say: Say<'_>) {
        let properties = PublishProperties {
            response_topic: say.response_topic.map(str::to_owned),
            correlation_data: say.correlation.map(Into::into),
            ..PublishProperties::default()
        };
        let options = PublishOptions::at_least_once().retain(say.retained);
        let options = options.properties(properties);
        let said = self
            .0
            .publish_tracked(say.topic, say.payload, options)
            .await;
        // Whether somebody listens there is what a test is about.
        let _ = said.expect("connected").wait_async().await;
    }
}

/// What a device says that does everything right.
pub(crate) fn right<'a>(up: &'a str, down: &'a str, envelope: &[u8]) -> Say<'a> {
    Say {
        topic: up,
        payload: envelope.to_vec(),
        response_topic: Some(down),
        correlation: Some(b"c".to_vec()),
        retained: false,
    }
}

pub(crate) fn topics() -> (String, String) {
    let topic = |direction| topic_of(&SENDER, direction);
    (topic(Direction::Up), topic(Direction::Down))
}

/// What waits longer hangs: a bound for a machine under load, which no test reaches that passes.
pub(crate) const HANG: Duration = Duration::from_secs(60);
