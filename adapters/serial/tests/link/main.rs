//! Links over a simulated line that loses, repeats and alters bytes, is cut, and whose ends
//! restart.

mod laws;
mod line;
mod restarts;
mod world;
