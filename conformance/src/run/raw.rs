//! Steps in a binding's own terms: HTTP requests part by part, and bytes on a connection.

use std::time::Duration;

use serde_json::Value;

use crate::case::{Bytes, Limit, Raw};
use crate::line::render;
use crate::line::{Pieces, Request, http1};
use crate::transcript::LineKind;

use super::player::{Heard, Player, response_text};
use super::source::address;
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
        let said = format!("kit → {}: {} {}", self.server, request.method, raw.path);
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
        let (pause, within) = self.times(bytes);
        let pieces = Pieces {
            write: pieces,
            pause,
            within,
            plain: bytes.plain,
            source: Some(address(&self.scope, "a")),
            responses: 1,
        };
        let heard = self.target.line.write(&pieces).await?;
        self.last = Some(self.understand(&heard));
        Ok(())
    }

    /// The pause between two pieces, and how long the server has after the last.
    fn times(&self, bytes: &Bytes) -> (Duration, Duration) {
        let limits = &self.limits;
        let limit = match bytes.limit {
            None => {
                let pause = Duration::from_millis(bytes.pause.into());
                return (pause, Duration::from_secs(bytes.within.into()));
            }
            Some(Limit::Handshake) => limits.handshake,
            Some(Limit::Head) => limits.head,
            Some(Limit::Body) => limits.body,
        };
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        let pause = seconds(limit).saturating_mul(bytes.pause) / 1_000;
        (pause, seconds(limit) + seconds(limits.late))
    }

    fn understand(&mut self, heard: &[u8]) -> Heard {
        match http1::begun(heard) {
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
