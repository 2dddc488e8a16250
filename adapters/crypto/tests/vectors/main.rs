//! The vectors of `spec/vectors`, answered by both providers, and the providers compared.
//!
//! The files are for implementations in any language; this is the test that ours agree with them.
//! A failure names the provider, the file and the case.

mod agreement;
mod codes;
mod lanes;
mod primitives;
mod sealed;
mod suite;

use restante_core::Crypto;
use restante_crypto::{RingCrypto, RustCrypto};

/// Every provider there is, by name.
const PROVIDERS: [(&str, &dyn Crypto); 2] = [("ring", &RingCrypto), ("RustCrypto", &RustCrypto)];
