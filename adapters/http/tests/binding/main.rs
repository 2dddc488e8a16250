//! The HTTP binding over real sockets: server and client against each other, and the server against
//! peers that no client library would play. What decides is scripted where the test is about HTTP.

mod errands;
mod hostile;
mod limits;
mod log;
mod notices;
mod planning;
mod polling;
mod provider;
mod refusals;
mod round_trips;
mod secrets;
mod services;
mod slow;
mod stand;
mod waiting;
