//! Everything that the stores and the driver promise, in one test program.
//!
//! `suite` runs over every store; `memory` and `sqlite` add what is asked of one of them; `alike`
//! compares the two over random histories; `kill` ends a writing process without warning; `views`
//! reads as people do.

mod alike;
mod driver;
mod kill;
mod memory;
mod sqlite;
mod suite;
mod ticker;
mod transfer;
mod views;
