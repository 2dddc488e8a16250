//! Handing a mail to the center under test.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::mail::Letter;
use crate::transcript::LineKind;

use super::player::Player;
use super::steps::Ended;

impl Player<'_> {
    pub(super) async fn mail(&mut self, letter: &Letter) -> Result<(), Ended> {
        let mut texts = Vec::new();
        for part in &letter.parts {
            texts.push(match part {
                Value::String(text) => self.scope.fill_str(text)?,
                json => self.scope.fill(json)?.to_string(),
            });
        }
        let mut headers = BTreeMap::new();
        for (name, value) in &letter.headers {
            headers.insert(name.clone(), self.scope.fill_str(value)?);
        }
        let mail = letter.written(&texts, &headers);
        self.note(letter.note.as_deref());
        let shown = String::from_utf8_lossy(&mail);
        let shown: String = shown.chars().take(SHOWN).collect();
        let said = "mail server → center: a mail";
        self.transcript.add_wire(LineKind::Sent, said, Some(&shown));
        let Some(server) = &self.target.mail else {
            return Err(Ended::Untested("nothing hands mails to this center".into()));
        };
        Ok(server.hand_over(&mail).await?)
    }
}

/// Characters of a mail that a transcript shows.
const SHOWN: usize = 4_000;
