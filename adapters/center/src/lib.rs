//! The reference center: core's decisions, a store, the driver and HTTP, put together.
//!
//! Two ways in. The program reads a [`Config`] and a [`KeyFile`] and serves until it is told to
//! stop. A test, or another vendor's program, hands over its own `Decide`, store and clock and gets
//! the addresses and a handle back; nothing here knows whether a fault stands in between.
//!
//! Whatever is wrong before the first request is a refusal to start, in one line that says what
//! would be right ([`ConfigError`], [`KeyFileError`]), with nothing overwritten.
#![forbid(unsafe_code)]

mod condition;
mod config;
mod console;
mod desk;
mod duration;
mod envelopes;
mod figures;
mod init;
mod keyfile;
mod mail_room;
mod mqtt;
mod notify;
mod open;
mod private;
pub mod program;
pub mod provider;
mod running;
mod serial;
mod setup;
mod socket;

pub use config::{
    Behind, Config, ConfigError, Http, Log, LogFormat, Mqtt, Notify, SerialLine, Tls,
};
pub use console::{Console, ConsoleError, MailTaken};
pub use duration::{DurationError, duration_text, parse_duration};
pub use figures::Vitals;
pub use init::{InitError, Made, init};
pub use keyfile::{KeyFile, KeyFileError, MasterKey};
pub use mail_room::MailRoom;
pub use open::{CenterError, SqliteDriver, open, prepare, store_path};
pub use private::{PrivateFileError, create_private};
pub use running::{Address, Running};
pub use setup::{Setup, StartError};
pub use socket::SocketError;
