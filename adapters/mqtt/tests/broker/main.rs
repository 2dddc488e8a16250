//! Both sides over brokers of others: what arrives, what is ignored, what a broker's outage, its
//! forgetting and its access list do to them.
//!
//! The broker is mosquitto, which `.ci/run install` installs. Where it is not there, each test is
//! skipped and says so; in CI it fails. Nothing is decided here: the desk is a double that answers
//! each envelope with what is made of it by [`parties::reply_to`].

mod exchanges;
mod ignored;
mod mosquitto;
mod outages;
mod overload;
mod parties;
mod refusals;
