//! Manners of speaking HTTP/1.1: the same request in other bytes, or in other pieces.
//!
//! A request is written by hand on a connection of its own. What a case gave part by part with
//! fields that are the connection's own, and what is larger than any message, goes as it would
//! have gone.

use std::net::IpAddr;
use std::time::Duration;

use crate::line::{Ahead, Line, LineError, Pending, Pieces, Request, Response, http1};

use super::MESSAGE_BYTES;

/// How a request is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// The head one byte at a time.
    HeadByteByByte,
    /// The body a few bytes at a time.
    BodyInPieces,
    /// The body in chunks, without a length.
    Chunked,
    /// Header fields from the last to the first, in mixed case, with space around their values.
    FieldsInDisorder,
    /// Behind another request, before its answer.
    Pipelined,
    /// With pauses of uneven length.
    Hesitant,
}

/// A line that writes so.
pub(super) struct Mannered {
    pub(super) behind: Box<dyn Line>,
    pub(super) manner: Manner,
}

impl Ahead for Mannered {
    fn behind(&self) -> &dyn Line {
        &*self.behind
    }

    fn carried<'a>(
        &'a self,
        request: &'a Request,
        source: Option<IpAddr>,
    ) -> Pending<'a, Result<Response, LineError>> {
        if is_written_as_it_is(request) {
            return self.behind.carry(request, source);
        }
        Box::pin(self.written(request, source))
    }
}

impl Mannered {
    async fn written(
        &self,
        request: &Request,
        source: Option<IpAddr>,
    ) -> Result<Response, LineError> {
        let before = usize::from(self.manner == Manner::Pipelined);
        let pieces = Pieces {
            write: self.manner.pieces(request),
            pause: self.manner.pause(request),
            within: PATIENCE,
            plain: false,
            source,
            responses: before + 1,
        };
        let heard = self.behind.write(&pieces).await?;
        let broken = |what: &str| LineError::Broken(format!("{what} did not come whole"));
        let mut rest = heard.as_slice();
        for _ in 0..before {
            let (_, own) = http1::whole(rest).ok_or_else(|| broken("the answer before it"))?;
            rest = own;
        }
        let whole = http1::whole(rest).map(|(response, _)| response);
        let response = whole.or_else(|| http1::begun(rest));
        response.ok_or_else(|| broken("its head"))
    }
}

impl Manner {
    fn pieces(self, request: &Request) -> Vec<Vec<u8>> {
        let body = request.body.clone().unwrap_or_default();
        match self {
            Self::HeadByteByByte => {
                let mut pieces = parts(&head(request, &length(request)), 1);
                pieces.push(body);
                pieces
            }
            Self::BodyInPieces => {
                let mut pieces = vec![head(request, &length(request))];
                pieces.extend(parts(&body, (body.len() / PIECES).max(7)));
                pieces
            }
            Self::Chunked if request.body.is_some() => {
                let fields = [("Transfer-Encoding".to_owned(), "chunked".to_owned())];
                let mut pieces = vec![head(request, &fields)];
                let chunks = parts(&body, (body.len() / PIECES).max(11));
                pieces.extend(chunks.iter().map(|chunk| chunked(chunk)));
                pieces.push(b"0\r\n\r\n".to_vec());
                pieces
            }
            Self::FieldsInDisorder => vec![disordered(request), body],
            Self::Pipelined => {
                let first = b"GET /healthz HTTP/1.1\r\nHost: center\r\n\r\n";
                let second = head(request, &length(request));
                vec![[first.as_slice(), &second, &body].concat()]
            }
            Self::Chunked | Self::Hesitant => {
                let head = head(request, &length(request));
                let mut pieces = parts(&head, head.len() / 2 + 1);
                pieces.push(body);
                pieces
            }
        }
    }

    /// The pause between two pieces; of the request's own length where it is uneven.
    fn pause(self, request: &Request) -> Duration {
        let length = request.path.len() + request.body.as_ref().map_or(0, Vec::len);
        match self {
            Self::Hesitant => Duration::from_millis(length as u64 % UNEVEN_MILLIS),
            _ => Duration::ZERO,
        }
    }
}

/// Whether a request is none of those that a manner changes.
fn is_written_as_it_is(request: &Request) -> bool {
    let own = ["host", "connection", "content-length", "transfer-encoding"];
    let has_own = |(name, _): &(String, String)| own.contains(&name.to_lowercase().as_str());
    let large = request
        .body
        .as_ref()
        .is_some_and(|body| body.len() > MESSAGE_BYTES);
    large || request.headers.iter().any(has_own)
}

/// The field that says how long the body is, where there is one.
fn length(request: &Request) -> Vec<(String, String)> {
    let body = request.body.iter();
    let field = body.map(|body| ("Content-Length".to_owned(), body.len().to_string()));
    field.collect()
}

fn head(request: &Request, more: &[(String, String)]) -> Vec<u8> {
    let mut text = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
    for (name, value) in fields(request, more) {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

fn fields(request: &Request, more: &[(String, String)]) -> Vec<(String, String)> {
    let own = [("Host", "center"), ("Connection", "close")];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    [own.as_slice(), &request.headers, more].concat()
}

fn disordered(request: &Request) -> Vec<u8> {
    let mut text = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
    for (at, (name, value)) in fields(request, &length(request)).iter().enumerate().rev() {
        let name: String = name
            .chars()
            .enumerate()
            .map(|(n, c)| mixed(n + at, c))
            .collect();
        text.push_str(&format!("{name}:{value} \t\r\nX-Kit-{at}:\t {at}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

const fn mixed(at: usize, letter: char) -> char {
    match at % 2 {
        0 => letter.to_ascii_uppercase(),
        _ => letter.to_ascii_lowercase(),
    }
}

fn chunked(chunk: &[u8]) -> Vec<u8> {
    let size = format!("{:x}\r\n", chunk.len());
    [size.as_bytes(), chunk, b"\r\n"].concat()
}

fn parts(bytes: &[u8], size: usize) -> Vec<Vec<u8>> {
    bytes.chunks(size).map(<[u8]>::to_vec).collect()
}

/// In about so many pieces a large body goes.
const PIECES: usize = 100;
/// A hesitant request pauses for fewer milliseconds than this, twice.
const UNEVEN_MILLIS: u64 = 7;
/// How long an answer may take; nothing here takes long.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        Request {
            method: "POST".into(),
            path: "/v1/codes".into(),
            headers: vec![("content-type".into(), "application/json".into())],
            body: Some(br#"{"user":"C001"}"#.to_vec()),
        }
    }

    fn text(manner: Manner) -> String {
        String::from_utf8(manner.pieces(&request()).concat()).expect("text")
    }

    #[test]
    fn the_same_request_in_other_bytes() {
        let plain = "POST /v1/codes HTTP/1.1\r\nHost: center\r\nConnection: close\r\n\
                     content-type: application/json\r\nContent-Length: 15\r\n\r\n{\"user\":\"C001\"}";
        for manner in [
            Manner::HeadByteByByte,
            Manner::BodyInPieces,
            Manner::Hesitant,
        ] {
            assert_eq!(text(manner), plain);
            assert!(manner.pieces(&request()).len() > 2, "{manner:?}");
        }
        let chunked = text(Manner::Chunked);
        assert!(
            chunked.ends_with("\r\n\r\nb\r\n{\"user\":\"C0\r\n4\r\n01\"}\r\n0\r\n\r\n"),
            "{chunked}"
        );
        assert!(!chunked.contains("Content-Length"));
        let disordered = text(Manner::FieldsInDisorder);
        assert!(
            disordered.contains("\r\nHoSt:center \t\r\nX-Kit-0:\t 0\r\n\r\n{"),
            "{disordered}"
        );
        assert!(text(Manner::Pipelined).starts_with("GET /healthz HTTP/1.1\r\n"));
    }
}
