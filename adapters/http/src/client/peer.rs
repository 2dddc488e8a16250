//! Calling a peer: one link on the LAN, followed, and of the answer only that it came.
//!
//! Peers have no public names, so that no certificate of theirs could be verified: any is taken.
//! What is called holds one secret, the tag of a plan, which the peer honours once; the answer is
//! empty. Where TLS cannot be had the same is asked without. No credential goes along, and no
//! redirection is followed. Serves spec chapter POL.

use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use restante_core::registrant::PeerCall;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::{ClientError, TrustError};

/// The way to peers.
#[derive(Clone, Debug)]
pub struct PeerClient {
    http: reqwest::Client,
}

impl PeerClient {
    /// A client that calls peers.
    ///
    /// # Errors
    /// [`ClientError`] where TLS or the HTTP library cannot be set up.
    pub fn new() -> Result<Self, ClientError> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(lan_tls()?)
            // spec: POL-063
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .user_agent(concat!("restante/", env!("CARGO_PKG_VERSION")))
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT)
            .timeout(EXCHANGE)
            .build()
            .map_err(ClientError::Setup)?;
        Ok(Self { http })
    }

    /// Calls a peer; whether it answered as a device does. Whoever has its address now and answers
    /// otherwise is no peer.
    // spec: POL-061, POL-063
    pub async fn call(&self, call: &PeerCall) -> bool {
        let link = call.request.link(&call.address);
        match self.http.get(&link).send().await {
            Ok(response) => response.status() == StatusCode::NO_CONTENT,
            Err(error) if error.is_connect() => self.call_plainly(&link).await,
            Err(_) => false,
        }
    }

    async fn call_plainly(&self, link: &str) -> bool {
        let Some(rest) = link.strip_prefix("https") else {
            return false;
        };
        let answer = self.http.get(format!("http{rest}")).send().await;
        answer.is_ok_and(|it| it.status() == StatusCode::NO_CONTENT)
    }
}

/// TLS with whoever is there, for a LAN whose devices have no public names.
///
/// # Errors
/// [`TrustError`] where TLS cannot be set up.
pub fn lan_tls() -> Result<ClientConfig, TrustError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(TrustError::Unfit)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Takes every certificate whose key the peer holds.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// For a connection to stand, on a LAN.
const CONNECT: Duration = Duration::from_secs(2);
/// For one call. With TLS and without, both together stay below the time that a peer has.
const EXCHANGE: Duration = Duration::from_secs(4);
