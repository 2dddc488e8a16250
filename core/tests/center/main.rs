//! The center's decisions, tested through their public API in a small world.

mod codes;
mod enrolment;
mod laws;
mod lifecycle;
mod mailbox;
mod people;
mod redeeming_model;
mod running_status;
mod time;
mod world;
