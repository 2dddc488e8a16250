//! Links and modems over real pseudo-terminals, with a relay between them that makes noise.

mod lines;
mod modems;
mod place;
mod ports;
