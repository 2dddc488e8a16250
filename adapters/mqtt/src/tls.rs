//! TLS to a broker: rustls on ring, with the roots that the system trusts or those of a file.
//!
//! What is carried is sealed in any case; TLS keeps the password and who speaks when from whoever
//! sits between here and the broker.

use std::fmt;
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// How a broker is known.
#[derive(Clone)]
pub struct Tls(pub(crate) Arc<ClientConfig>);

/// Why certificates cannot be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// No PEM text.
    #[error("the certificates to trust cannot be read: {0}")]
    Pem(String),
    /// PEM text without a certificate in it.
    #[error("there is no certificate to trust in the text that was given")]
    Empty,
    /// A certificate that cannot be a root.
    #[error("the certificates to trust cannot be used: {0}")]
    Unfit(String),
}

impl Tls {
    /// Trusts the system's roots, and those in this PEM text as well.
    ///
    /// # Errors
    /// [`TlsError`] if the text holds no certificate that can be a root.
    pub fn trusting(pem: Option<&[u8]>) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        // A system root that cannot be read is passed over, as everybody does.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let unfit = |error: rustls::Error| TlsError::Unfit(error.to_string());
        if let Some(pem) = pem {
            let mut given = 0;
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|error| TlsError::Pem(error.to_string()))?;
                roots.add(certificate).map_err(unfit)?;
                given += 1;
            }
            if given == 0 {
                return Err(TlsError::Empty);
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unfit)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}
