//! The decisions of a center and of a provider, tested through their public API in a small world.

mod codes;
mod enrolment;
mod entitlements;
mod fleet;
mod handovers;
mod instructing;
mod laws;
mod lifecycle;
mod mailbox;
mod mailbox_table;
mod mailed;
mod people;
mod planning;
mod provider;
mod redeeming_model;
mod refused;
mod running_status;
mod sealed;
mod services;
mod site;
mod time;
mod timetable;
mod trial;
mod two_servers;
mod upkeep;
mod world;
