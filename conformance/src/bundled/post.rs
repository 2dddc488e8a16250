//! A post: where something listens on this machine, and with which certificate.

use std::net::{IpAddr, SocketAddr};

use restante_http::server::Tls;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::line::Trust;

/// Where a center listens, and what it shows there.
#[derive(Debug)]
pub struct Post {
    /// The address.
    pub address: SocketAddr,
    /// Its certificate, which signs itself.
    pub certificate: CertificateDer<'static>,
    /// The certificate as PEM, for a client's file of authorities.
    pub pem: String,
    /// The certificate's key.
    pub key: PrivateKeyDer<'static>,
}

impl Post {
    /// A post at an address, with a certificate made for it, and that in the listener's terms.
    ///
    /// # Errors
    /// A sentence, if no certificate can be made.
    pub(super) fn at(address: IpAddr) -> Result<(Self, Tls), String> {
        Self::named(address, &address.to_string())
    }

    /// The same with a certificate for this name.
    ///
    /// # Errors
    /// A sentence, if no certificate can be made.
    pub(super) fn named(address: IpAddr, name: &str) -> Result<(Self, Tls), String> {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]);
        let made = made.map_err(|why| why.to_string())?;
        let pem = made.signing_key.serialize_pem();
        let tls = Tls::from_pem(made.cert.pem().as_bytes(), pem.as_bytes());
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der());
        let post = Self {
            address: SocketAddr::new(address, 0),
            certificate: made.cert.der().clone(),
            pem: made.cert.pem(),
            key: key.map_err(ToOwned::to_owned)?,
        };
        Ok((post, tls.map_err(|why| why.to_string())?))
    }

    /// The address as a client names it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// What a client has to trust.
    #[must_use]
    pub fn trust(&self) -> Trust {
        Trust::Authorities(vec![self.certificate.clone()])
    }
}
