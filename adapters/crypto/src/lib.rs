//! The core's [`Crypto`](restante_core::Crypto) trait on two libraries.
//!
//! [`RingCrypto`] (feature `ring`, the default) is for hosts: fast, with assembly. [`RustCrypto`]
//! (feature `rustcrypto`) is pure Rust without `std`, for microcontrollers, where ring does not
//! build. Both answer the same vectors (`spec/vectors`), and both compare tags in constant time.
//! They hold no state; pass them by reference wherever the core asks for a `Crypto`.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "ring")]
mod on_ring;
#[cfg(feature = "rustcrypto")]
mod on_rustcrypto;

#[cfg(feature = "ring")]
pub use on_ring::RingCrypto;
#[cfg(feature = "rustcrypto")]
pub use on_rustcrypto::RustCrypto;
