//! Steps in a binding's own terms: HTTP requests part by part, and bytes on a connection.

use std::time::Duration;

use serde_json::Value;

use crate::case::{Bytes, Raw};
use crate::line::render;
use crate::line::{Request, Response};
use crate::transcript::LineKind;

use super::player::{Heard, Player, response_text};
use super::steps::Ended;

impl Player<'_> {
    pub(super) async fn raw(&mut self, raw: &Raw) -> Result<(), Ended> {
        let mut headers = Vec::new();
        for (name, value) in &raw.headers {
            headers.push((name.to_lowercase(), self.scope.fill_str(value)?));
        }
        let body = match &raw.body {
            None => None,
            Some(Value::String(text)) => Some(self.scope.fill_str(text)?.into_bytes()),
            Some(json) => Some(self.scope.fill(json)?.to_string().into_bytes()),
        };
        let request = Request {
            method: raw.method.clone(),
            path: self.scope.fill_str(&raw.path)?,
            headers,
            body,
        };
        self.note(raw.note.as_deref());
        let said = format!("kit → center: {} {}", request.method, raw.path);
        self.carry(&said, render::ANY, &request, raw.source.as_deref())
            .await
    }

    pub(super) async fn bytes(&mut self, bytes: &Bytes) -> Result<(), Ended> {
        let mut pieces = Vec::new();
        for piece in &bytes.write {
            pieces.push(self.scope.fill_str(piece)?.into_bytes());
        }
        self.note(bytes.note.as_deref());
        let text = format!("kit → center: bytes in {} pieces", pieces.len());
        let wire = String::from_utf8_lossy(&pieces.concat()).into_owned();
        self.transcript.add_wire(LineKind::Sent, &text, Some(&wire));
        let pause = Duration::from_millis(bytes.pause.into());
        let within = Duration::from_secs(bytes.within.into());
        let heard = self
            .target
            .line
            .write(&pieces, pause, within, bytes.plain)
            .await?;
        self.last = Some(self.understand(&heard));
        Ok(())
    }

    fn understand(&mut self, heard: &[u8]) -> Heard {
        match response(heard) {
            Some(response) => {
                let wire = response_text(&response);
                self.transcript
                    .add_wire(LineKind::Received, "center → kit", Some(&wire));
                let outcome = render::outcome(render::ANY, &response);
                Heard::Response(Box::new(response), outcome)
            }
            None => {
                self.transcript.add(
                    LineKind::Received,
                    "the connection ended without a response",
                );
                Heard::Closed
            }
        }
    }
}

/// An HTTP/1.1 response as bytes hold it.
fn response(heard: &[u8]) -> Option<Response> {
    let end = heard.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(heard.get(..end)?).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_lowercase(), value.trim().to_owned()))
    });
    Some(Response {
        status,
        headers: headers.collect(),
        body: heard.get(end + 4..).unwrap_or_default().to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_read_from_its_bytes() {
        let read = response(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 2\r\n\r\n{}");
        let read = read.expect("whole");
        assert_eq!(
            (read.status, read.header("content-length")),
            (408, Some("2"))
        );
        assert_eq!(read.body, b"{}");
        assert_eq!(response(b"HTTP/1.1 408"), None);
    }
}
