//! Restante over MQTT 5, through a broker that somebody else runs.
//!
//! Nothing but sealed envelopes (chapter 14) is carried, so that no broker has to be trusted.
//! [`Center`] takes envelopes under a shared subscription, has them decided about and sends the
//! replies; [`Device`] sends an envelope and waits for the one that answers it. Both stand on
//! [`Client`], a small trait for one connection at a time; [`OnRumqttc`] is what programs use. All
//! that outlasts a connection (trying again, subscribing again, what is in work) is here and not in
//! a client library. Serves spec chapter 16.
#![forbid(unsafe_code)]

mod asyncapi;
mod broker;
mod center;
mod client;
mod device;
mod error;
mod name;
mod on_rumqttc;
mod pause;
mod tls;
mod topic;

pub use asyncapi::asyncapi;
pub use broker::{Broker, BrokerUrlError, Login, Settings};
pub use center::{Center, Desk, Ignored, Note};
pub use client::{
    Client, Connected, Delivery, Ear, Heard, Letter, Mouth, Receipt, Session, Voice, ear,
};
pub use device::{Device, ExchangeError};
pub use error::BrokerError;
pub use name::{Name, NameError};
pub use on_rumqttc::OnRumqttc;
pub use pause::Pause;
pub use tls::{Tls, TlsError};
pub use topic::{DOWN_OF_ALL, Direction, UP_OF_ALL, sender_of, topic_of};
