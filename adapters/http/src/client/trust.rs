//! Whose certificates a client believes: the system's roots, the operator's own, or both.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// The roots of trust.
#[derive(Clone, Debug)]
pub struct Trust {
    system: bool,
    own: Vec<CertificateDer<'static>>,
}

/// Why certificates cannot be trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// No PEM text.
    #[error("the certificates to trust cannot be read: {0}")]
    Pem(#[source] rustls_pki_types::pem::Error),
    /// PEM text without a certificate in it.
    #[error("there is no certificate to trust in the text that was given")]
    Empty,
    /// A certificate that cannot be a root, or TLS versions that cannot be had.
    #[error("the certificates to trust cannot be used: {0}")]
    Unfit(#[source] rustls::Error),
}

impl Default for Trust {
    fn default() -> Self {
        Self::system()
    }
}

impl Trust {
    /// What the system trusts.
    #[must_use]
    pub fn system() -> Self {
        Self {
            system: true,
            own: Vec::new(),
        }
    }

    /// Nobody: for lines without TLS.
    pub(super) const fn none() -> Self {
        Self {
            system: false,
            own: Vec::new(),
        }
    }

    /// These roots, as PEM text, and no others: for devices that speak with one center for life.
    ///
    /// # Errors
    /// [`TrustError`] if the text holds no certificates.
    pub fn only(pem: &[u8]) -> Result<Self, TrustError> {
        Self::none().and(pem)
    }

    /// These roots, as PEM text, as well.
    ///
    /// # Errors
    /// [`TrustError`] if the text holds no certificates.
    pub fn and(mut self, pem: &[u8]) -> Result<Self, TrustError> {
        let before = self.own.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            self.own.push(certificate.map_err(TrustError::Pem)?);
        }
        if self.own.len() == before {
            return Err(TrustError::Empty);
        }
        Ok(self)
    }

    /// The client's side of TLS. A system root that cannot be read is passed over, as everybody
    /// does; one of the operator's own is an error.
    // spec: HTTP-017
    pub(super) fn config(&self) -> Result<ClientConfig, TrustError> {
        let mut roots = RootCertStore::empty();
        if self.system {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        for certificate in &self.own {
            roots.add(certificate.clone()).map_err(TrustError::Unfit)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TrustError::Unfit)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_certificates_is_no_trust() {
        let why = |pem: &str| {
            Trust::only(pem.as_bytes())
                .expect_err("no trust")
                .to_string()
        };
        assert_eq!(
            why(""),
            "there is no certificate to trust in the text that was given"
        );
        let cut = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        assert!(why(cut).starts_with("the certificates to trust cannot be read: "));
        let no_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let trust = Trust::only(no_certificate.as_bytes()).expect("PEM text");
        assert!(matches!(trust.config(), Err(TrustError::Unfit(_))));
    }
}
