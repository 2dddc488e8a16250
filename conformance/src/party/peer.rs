//! The kit as the peers of a party, and as whoever asks it on its LAN to poll.
//!
//! A peer hears a poll request and answers 204 with nothing behind it, unless a case has it answer
//! otherwise or not at all. Asked for a poll, a party has to answer the same: what is compared is
//! all of its answer but the date. A link may be whole, as a center writes it: its address is then
//! the one that the party has told, and the kit asks at the port of this machine that stands for
//! it.

use std::sync::Arc;
use std::time::Duration;

use restante_core::registrant::PeerCall;
use restante_core::wire::PollRequest;
use restante_http::client::lan_tls;
use rustls::pki_types::ServerName;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::line::{Request, Response, http1};
use crate::run::{Asked, PartyError, Reaction};

use super::behind::Answered;
use super::remote::credential_of;

/// What the conversation is called in cases.
pub(super) const CALL: &str = "callPeer";
/// Where peers of a party without a network are: as many as a tree of fourteen devices has below
/// its root.
pub(super) const PEERS: [&str; 13] = [
    "111.222.111.2",
    "111.222.111.3",
    "111.222.111.4",
    "111.222.111.5",
    "111.222.111.6",
    "111.222.111.7",
    "111.222.111.8",
    "111.222.111.9",
    "111.222.111.10",
    "111.222.111.11",
    "111.222.111.12",
    "111.222.111.13",
    "111.222.111.14",
];

/// A poll request of a case: its link, whole or from the path on, and the method, which is GET.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Knock {
    pub(super) link: String,
    #[serde(default = "get")]
    pub(super) method: String,
}

fn get() -> String {
    "GET".to_owned()
}

impl Knock {
    /// Reads what a case has the kit ask.
    ///
    /// # Errors
    /// A sentence, where it is none.
    pub(super) fn read(with: Value) -> Result<Self, String> {
        serde_json::from_value(with).map_err(|why| format!("`with` is wrong: {why}"))
    }

    /// What a party makes of it.
    pub(super) fn request(&self, read: fn(&str) -> Option<PollRequest>) -> Option<PollRequest> {
        let is_get = self.method == "GET";
        is_get.then(|| read(self.path())).flatten()
    }

    /// The path and the query of the link.
    fn path(&self) -> &str {
        let Some((_, rest)) = self.link.split_once("://") else {
            return &self.link;
        };
        let path = rest.find('/').and_then(|at| rest.get(at..));
        path.unwrap_or("/")
    }

    /// Asks the party at this address, and waits until it has ended the connection.
    ///
    /// # Errors
    /// A sentence, where nothing listens there or what comes back is no answer.
    pub(super) async fn ask(&self, base: &str) -> Result<Value, String> {
        let said = |why: std::io::Error| format!("{base} cannot be asked to poll: {why}");
        let (tls, authority) = match base.trim_end_matches('/').split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            _ => return Err(format!("`polling` is {base:?}, and no http or https URL")),
        };
        let stream = TcpStream::connect(authority).await.map_err(said)?;
        let answer = match tls {
            false => self.exchange(stream, authority).await,
            true => {
                let config = lan_tls().map_err(|why| why.to_string())?;
                let host = authority
                    .rsplit_once(':')
                    .map_or(authority, |(host, _)| host);
                let host = host.trim_matches(['[', ']']).to_owned();
                let name = ServerName::try_from(host).map_err(|why| why.to_string())?;
                let connector = TlsConnector::from(Arc::new(config));
                let stream = connector.connect(name, stream).await.map_err(said)?;
                self.exchange(stream, authority).await
            }
        };
        let answer = http1::begun(&answer);
        let answer = answer.ok_or_else(|| format!("{base} gave no answer to a poll request"))?;
        Ok(answered(&answer))
    }

    async fn exchange(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        host: &str,
    ) -> Vec<u8> {
        let (path, method) = (self.path(), &self.method);
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let mut heard = Vec::new();
        let exchange = async {
            stream.write_all(head.as_bytes()).await?;
            stream.read_to_end(&mut heard).await
        };
        // What came until then is the answer, whether the connection has ended well or not.
        let _ended = timeout(PATIENCE, exchange).await;
        heard
    }
}

/// What a case sees of an answer to a poll request.
pub(super) fn answered(answer: &Response) -> Value {
    let fields = answer.headers.iter().filter(|(name, _)| name != "date");
    let head: Vec<String> = fields
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    json!({
        "status": answer.status,
        "head": head.join("\n"),
        "size": answer.body.len(),
    })
}

/// A call as cases see it.
pub(super) fn called(call: &PeerCall) -> Asked {
    Asked {
        conversation: CALL.to_owned(),
        message: message(call.address.as_str(), &call.request),
        credential: None,
        http: None,
    }
}

/// A call as it came over a connection to the peer at this address.
///
/// # Errors
/// [`PartyError::Broke`] for what is no call.
pub(super) fn heard(request: Request, address: &str) -> Result<Asked, PartyError> {
    let broke = |what: &str| {
        let (method, path) = (&request.method, &request.path);
        PartyError::Broke(format!("got {method} {path} at a peer, {what}"))
    };
    if request.method != "GET" {
        return Err(broke("where only GET is right"));
    }
    if request.body.is_some() {
        return Err(broke("with a body"));
    }
    let read = PollRequest::read(&request.path);
    let asked = read.ok_or_else(|| broke("which is no poll request"))?;
    Ok(Asked {
        conversation: CALL.to_owned(),
        message: message(address, &asked),
        credential: credential_of(&request),
        http: Some(request),
    })
}

fn message(address: &str, request: &PollRequest) -> Value {
    let mut message = json!({ "to": address });
    if let Some(tag) = &request.tag {
        message["tag"] = json!(tag);
    }
    if let Some(addresses) = &request.addresses {
        message["pollreq"] = json!(addresses.as_slice());
    }
    if request.after.get() > 0 {
        message["after"] = json!(request.after);
    }
    message
}

/// What goes back to a party that has called a peer.
pub(super) fn serve(reaction: Reaction) -> Answered {
    Answered::without_center(204, reaction)
}

/// How long a party may take to answer a poll request.
const PATIENCE: Duration = Duration::from_secs(10);
