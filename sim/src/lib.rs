//! Restante's simulated world: one clock, a lossy link, power cuts and crashes, and the invariants
//! that must hold in every history.
