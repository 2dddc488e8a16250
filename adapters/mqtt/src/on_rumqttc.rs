//! [`Client`] on rumqttc.
//!
//! Each connection has an event loop of its own, which a task drives until the connection ends.
//! rumqttc resumes a session only with what it has kept of its own part of it. A center's part is
//! nothing: what it was saying when the connection was lost is asked for again by whoever waits
//! for it. [`NothingKept`] tells it so.

use std::pin::Pin;
use std::time::Duration;

use restante_core::limits::SEALED_BYTES;
use rumqttc::{
    AckMode, AsyncClient, ConnectReturnCode, ConnectionError, DisconnectProperties,
    DisconnectReasonCode, Event, EventLoop, MqttOptions, Packet, PersistedAckMode,
    PersistedSession, PubAck, Publish, PublishNoticeError, PublishOptions, PublishProperties, QoS,
    RetainForwardRule, SessionStore, SessionStoreError, SessionStoreKey, StateError,
    SubscribeFilterInput, SubscribeReasonCode, TlsConfiguration, Transport,
};

use crate::broker::Settings;
use crate::client::{
    Client, Connected, Delivery, Letter, Mouth, RECEIVE_MAXIMUM, Receipt, Session, Voice, ear,
};
use crate::error::BrokerError;
use crate::tls::{Tls, TlsError};

/// Connects to a broker by rumqttc.
pub struct OnRumqttc {
    settings: Settings,
}

/// A connection of rumqttc's.
#[derive(Clone)]
pub struct RumqttcVoice(AsyncClient);

/// What errors name.
struct Names {
    broker: String,
    client: String,
}

impl OnRumqttc {
    /// Connections with these settings.
    ///
    /// # Errors
    /// [`TlsError`] if TLS is wanted and the system's roots cannot be used.
    pub fn new(mut settings: Settings) -> Result<Self, TlsError> {
        if settings.broker.is_tls() && settings.tls.is_none() {
            settings.tls = Some(Tls::trusting(None)?);
        }
        Ok(Self { settings })
    }

    fn names(&self) -> Names {
        Names {
            broker: self.settings.broker.to_string(),
            client: self.settings.client.to_string(),
        }
    }

    fn options(&self, session: Session) -> MqttOptions {
        let Settings {
            broker,
            client,
            login,
            tls,
        } = &self.settings;
        let mut options = MqttOptions::new(client.as_str(), (broker.host(), broker.port()));
        options
            .set_keep_alive(KEEP_ALIVE)
            .set_connect_timeout(CONNECT_WITHIN)
            .set_ack_mode(AckMode::Manual)
            .set_receive_maximum(u16::try_from(RECEIVE_MAXIMUM).ok())
            .set_max_packet_size(Some(PACKET_BYTES));
        match session {
            Session::Forgotten => {
                options.set_clean_start(true);
            }
            Session::Kept(seconds) => {
                options
                    .set_clean_start(false)
                    .set_session_expiry_interval(Some(seconds))
                    .set_session_store(NothingKept);
            }
        }
        if let Some(login) = login {
            options.set_credentials(login.user.clone(), login.password.clone());
        }
        if let (true, Some(tls)) = (broker.is_tls(), tls) {
            let config = TlsConfiguration::Rustls(tls.0.clone());
            options.set_transport(Transport::tls_with_config(config));
        }
        options
    }
}

impl Client for OnRumqttc {
    type Voice = RumqttcVoice;

    async fn connect(&self, session: Session) -> Connected<RumqttcVoice> {
        let names = self.names();
        let builder = AsyncClient::builder(self.options(session));
        let (client, mut events) = builder.capacity(REQUESTS).build();
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => break,
                Ok(_) => {}
                Err(error) => return Err(names.not_connected(error)),
            }
        }
        let (mouth, ear) = ear();
        tokio::spawn(drive(events, mouth, names));
        Ok((RumqttcVoice(client), ear))
    }
}

/// Drives a connection until it ends.
async fn drive(mut events: EventLoop, mouth: Mouth, names: Names) {
    let error = loop {
        match events.poll().await {
            // Nothing holds those without quality of service back, and nobody who keeps to chapter
            // 16 sends one.
            Ok(Event::Incoming(Packet::Publish(publish))) if publish.qos == QoS::AtMostOnce => {}
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                if !mouth.tell(delivery(publish)) {
                    break BrokerError::Closed;
                }
            }
            Ok(_) => {}
            Err(error) => break names.lost(error),
        }
    };
    mouth.end(error);
}

fn delivery(publish: Publish) -> Delivery {
    let properties = publish.properties.unwrap_or_default();
    Delivery {
        topic: String::from_utf8_lossy(&publish.topic).into_owned(),
        payload: publish.payload.into(),
        response_topic: properties.response_topic,
        correlation: properties.correlation_data.map(Into::into),
        is_retained: publish.retain,
        receipt: Receipt(publish.pkid),
    }
}

impl Voice for RumqttcVoice {
    async fn listen(&self, filter: &str) -> Result<(), BrokerError> {
        let wish = SubscribeFilterInput::new(filter, QoS::AtLeastOnce)
            .preserve_retain(true)
            .retain_forward_rule(RetainForwardRule::Never);
        let asked = self.0.subscribe_many_tracked([wish]).await;
        let notice = asked.map_err(|_| BrokerError::Closed)?;
        let denied = |why: String| {
            let filter = filter.to_owned();
            BrokerError::ListeningDenied { filter, why }
        };
        let granted = notice.wait_async().await.map_err(|_| BrokerError::Closed)?;
        match granted.return_codes.first() {
            Some(SubscribeReasonCode::Success(QoS::AtMostOnce)) => {
                Err(denied("it grants quality of service 0 alone".into()))
            }
            Some(SubscribeReasonCode::Success(_)) => Ok(()),
            Some(SubscribeReasonCode::SharedSubscriptionsNotSupported) => {
                Err(BrokerError::NotShared)
            }
            code => Err(denied(words(code))),
        }
    }

    async fn say(&self, letter: Letter) -> Result<(), BrokerError> {
        let seconds = letter.expiry.as_secs().max(1);
        let properties = PublishProperties {
            message_expiry_interval: Some(u32::try_from(seconds).unwrap_or(u32::MAX)),
            response_topic: letter.response_topic,
            correlation_data: letter.correlation.map(Into::into),
            ..PublishProperties::default()
        };
        let options = PublishOptions::at_least_once().properties(properties);
        let topic = letter.topic;
        let said = self
            .0
            .publish_tracked(topic.clone(), letter.payload, options);
        let notice = said.await.map_err(|_| BrokerError::Closed)?;
        match notice.wait_completion_async().await {
            Ok(()) => Ok(()),
            Err(PublishNoticeError::V5PubAck(reason)) => {
                let why = words(Some(&reason));
                Err(BrokerError::SendingDenied { topic, why })
            }
            Err(_) => Err(BrokerError::Closed),
        }
    }

    async fn acknowledge(&self, receipt: &Receipt) {
        // Messages with quality of service 0 have no receipt, and want none.
        if receipt.0 != 0 {
            let ack = rumqttc::ManualAck::PubAck(PubAck::new(receipt.0, None));
            // Where the connection is gone the broker says it again.
            let _ = self.0.manual_ack(ack).await;
        }
    }

    async fn leave(&self) {
        let no_session = DisconnectProperties {
            session_expiry_interval: Some(0),
            reason_string: None,
            user_properties: Vec::new(),
            server_reference: None,
        };
        let reason = DisconnectReasonCode::NormalDisconnection;
        // Where the connection is gone there is nothing to leave.
        let _ = self
            .0
            .disconnect_with_properties_timeout(reason, no_session, LEAVE_WITHIN)
            .await;
    }
}

impl Names {
    fn not_connected(self, error: ConnectionError) -> BrokerError {
        let Self { broker, client } = self;
        match error {
            ConnectionError::Io(error) => {
                let why = error.to_string();
                BrokerError::Unreachable { broker, why }
            }
            ConnectionError::Timeout(_) => BrokerError::Unreachable {
                broker,
                why: "it does not answer".into(),
            },
            ConnectionError::Tls(error) => {
                let why = match error {
                    rumqttc::TlsError::Io(error) => error.to_string(),
                    other => other.to_string(),
                };
                BrokerError::Tls { broker, why }
            }
            ConnectionError::ConnectionRefused(code)
            | ConnectionError::MqttState(StateError::ConnFail { reason: code }) => match code {
                ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized => {
                    BrokerError::Login { broker }
                }
                code => {
                    let why = words(Some(&code));
                    BrokerError::Refused { broker, why }
                }
            },
            other => Self { broker, client }.lost(other),
        }
    }

    fn lost(self, error: ConnectionError) -> BrokerError {
        let Self { broker, client } = self;
        let why = match error {
            ConnectionError::RequestsDone => return BrokerError::Closed,
            ConnectionError::MqttState(StateError::ServerDisconnect {
                reason_code: DisconnectReasonCode::SessionTakenOver,
                ..
            }) => return BrokerError::TakenOver { client },
            ConnectionError::MqttState(StateError::ServerDisconnect { reason_code, .. }) => {
                words(Some(&reason_code))
            }
            ConnectionError::MqttState(StateError::ConnectionAborted) => {
                "it hung up, as it does where another client comes with the same id".into()
            }
            ConnectionError::MqttState(StateError::Io(error)) | ConnectionError::Io(error) => {
                error.to_string()
            }
            other => other.to_string(),
        };
        BrokerError::Lost { broker, why }
    }
}

/// A reason code's name in words: `NotAuthorized` is "not authorized".
fn words(code: Option<&impl std::fmt::Debug>) -> String {
    let Some(code) = code else {
        return "without a reason".into();
    };
    let mut words = String::new();
    for character in format!("{code:?}").chars() {
        if character.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(character.to_lowercase());
    }
    words
}

/// What a session store says.
type Stored<'a, T> = Pin<Box<dyn Future<Output = Result<T, SessionStoreError>> + Send + 'a>>;

/// This side's part of a session that the broker keeps: nothing.
#[derive(Debug)]
struct NothingKept;

impl SessionStore for NothingKept {
    fn load<'a>(&'a self, key: &'a SessionStoreKey) -> Stored<'a, Option<PersistedSession>> {
        let nothing = PersistedSession {
            format_version: 1,
            client_id: key.client_id().to_owned(),
            clean_start: false,
            session_expiry_interval: None,
            outgoing_inflight_upper_limit: None,
            ack_mode: PersistedAckMode::Manual,
            last_pkid: 0,
            last_puback: 0,
            replay: Vec::new(),
            incoming_qos2: Vec::new(),
        };
        Box::pin(std::future::ready(Ok(Some(nothing))))
    }

    fn save<'a>(&'a self, _: &'a SessionStoreKey, _: &'a PersistedSession) -> Stored<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn clear<'a>(&'a self, _: &'a SessionStoreKey) -> Stored<'a, ()> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// The largest packet that is taken: an envelope, and 1 KiB for topic and properties.
pub(crate) const PACKET_BYTES: u32 = SEALED_BYTES as u32 + 1_024;
/// Requests to the event loop that may wait: whoever says more waits.
const REQUESTS: usize = RECEIVE_MAXIMUM;
/// Seconds of silence after which the broker is asked whether it is there: a line that is dead is
/// noticed within a minute.
const KEEP_ALIVE: u16 = 30;
/// How long a connection may take to be made, TLS and the broker's greeting included.
const CONNECT_WITHIN: Duration = Duration::from_secs(15);
/// How long what was said may take to be taken when the connection is left.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);
