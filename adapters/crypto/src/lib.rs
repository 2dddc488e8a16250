//! Restante's Crypto trait on ring (hosts) and on RustCrypto (microcontrollers).
