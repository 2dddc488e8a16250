//! The program as people and scripts meet it: the real binary, its words, its exit codes.

#[path = "../../../mqtt/tests/broker/mosquitto.rs"]
mod mosquitto;
#[path = "../place/mod.rs"]
mod place;
#[path = "../receiver/mod.rs"]
mod receiver;

mod applying;
mod by_mqtt;
mod console;
mod in_process;
mod instructing;
mod ledger;
mod mailing;
mod notifying;
mod planning;
mod refusals;
mod sealing;
mod serial;
mod serving;
mod session;
