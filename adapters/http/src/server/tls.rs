//! The center's side of TLS: rustls on ring, 1.2 and 1.3, HTTP/2 and HTTP/1.1 by ALPN.
//!
//! The provider is handed over explicitly, so that nothing depends on what another library made the
//! process's default. There are no session tickets and no early data: a replayed first flight would
//! be a replayed message.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// A certificate chain with its key, ready to serve.
#[derive(Clone)]
pub struct Tls(Arc<ServerConfig>);

/// Why a certificate chain and a key cannot serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The chain is no PEM text.
    #[error("the certificate chain cannot be read: {0}")]
    Chain(#[source] rustls_pki_types::pem::Error),
    /// The chain's text holds no certificate.
    #[error("the certificate chain holds no certificate; put the center's own first")]
    NoCertificate,
    /// The key is no PEM text, or none that is known.
    #[error("the private key cannot be read: {0}")]
    Key(#[source] rustls_pki_types::pem::Error),
    /// The two do not fit each other, or the key is of a kind that is not supported.
    #[error("certificate and key cannot be used together: {0}")]
    Unfit(#[source] rustls::Error),
}

impl Tls {
    /// Takes a chain (the center's own certificate first) and its key, both as PEM text.
    ///
    /// # Errors
    /// [`TlsError`] says which of the two is unfit and why.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<_, _>>()
            .map_err(TlsError::Chain)?;
        if chain.is_empty() {
            return Err(TlsError::NoCertificate);
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(TlsError::Key)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(TlsError::Unfit)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }

    /// The same for a listener that speaks HTTP/1.1 alone.
    pub(super) fn for_http1(&self) -> Self {
        let mut config = ServerConfig::clone(&self.0);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self(Arc::new(config))
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0))
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::generate_simple_self_signed;

    fn pair() -> (String, String) {
        let made = generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn why(chain: &str, key: &str) -> String {
        let error = Tls::from_pem(chain.as_bytes(), key.as_bytes()).expect_err("unfit");
        error.to_string()
    }

    #[test]
    fn what_cannot_serve_is_named() {
        let (chain, key) = pair();
        let (_, other_key) = pair();
        assert!(Tls::from_pem(chain.as_bytes(), key.as_bytes()).is_ok());
        assert_eq!(
            why("", &key),
            "the certificate chain holds no certificate; put the center's own first"
        );
        assert_eq!(
            why(&chain, ""),
            "the private key cannot be read: no items found"
        );
        assert_eq!(
            why(&chain, &other_key),
            "certificate and key cannot be used together: keys may not be consistent: KeyMismatch"
        );
    }
}
