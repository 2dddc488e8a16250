//! The variants themselves.

use std::net::IpAddr;

use serde_json::Value;

use crate::faults::Wire;
use crate::line::{Ahead, Habit, Line, LineError, Pending, Request, Response};
use crate::run::{MailServer, NotHanded, Time, Unmoved};

use super::json::{escaped, reversed, spaced, with_unknown_members};
use super::manners::Manner;
use super::{MESSAGE_BYTES, Oddity, Variant};

/// All of them.
pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "unknown-members",
        says: "Every object of every message has a member that nobody knows.",
        oddity: Oddity::Json(grown),
    },
    Variant {
        name: "members-in-another-order",
        says: "The members of every object stand in reverse order.",
        oddity: Oddity::Json(reversed),
    },
    Variant {
        name: "white-space",
        says: "There is white space wherever JSON allows it.",
        oddity: Oddity::Json(spaced),
    },
    Variant {
        name: "escapes",
        says: "Every character of every text is written as an escape.",
        oddity: Oddity::Json(escaped),
    },
    Variant {
        name: "header-names-in-capitals",
        says: "Requests have their header names in capitals.",
        oddity: Oddity::Wire(Wire::asking(|request| {
            for (name, _) in &mut request.headers {
                name.make_ascii_uppercase();
            }
            None
        })),
    },
    Variant {
        name: "further-headers",
        says: "There are header fields that nobody asked for.",
        oddity: Oddity::Wire(Wire {
            asks: |request| {
                let more = [
                    ("x-forwarded-proto", "https"),
                    ("accept-language", "ja, en;q=0.5"),
                ];
                let more = more.map(|(name, value)| (name.to_owned(), value.to_owned()));
                request.headers.extend(more);
                None
            },
            answers: |_, response| {
                let more = ("x-served-by".to_owned(), "some cache".to_owned());
                response.headers.push(more);
            },
        }),
    },
    Variant {
        name: "media-types-with-a-charset",
        says: "Media types state the character set that JSON has anyway.",
        oddity: Oddity::Wire(Wire {
            asks: |request| {
                typed(&mut request.headers);
                None
            },
            answers: |_, response| typed(&mut response.headers),
        }),
    },
    Variant {
        name: "links-without-addresses",
        says: "The links of a plan hold the tag alone, however few devices there are.",
        oddity: Oddity::Wire(Wire::answering(|request, response| {
            if request.path == "/v1/poll-plans" {
                without_addresses(&mut response.body);
            }
        })),
    },
    Variant {
        name: "handovers-in-another-order",
        says: "Handovers are listed the other way round.",
        oddity: Oddity::Wire(Wire::answering(|request, response| {
            let is_list = request.method == "GET" && request.path.contains("/handovers");
            let body = serde_json::from_slice::<Value>(&response.body).ok();
            if let Some(mut page) = body.filter(|_| is_list)
                && let Some(Value::Array(rows)) = page.get_mut("rows")
            {
                rows.reverse();
                response.body = page.to_string().into_bytes();
            }
        })),
    },
    Variant {
        name: "mails-with-line-feeds",
        says: "The lines of mails end as a mail server's own system ends lines.",
        oddity: Oddity::Mail(|mail| {
            let text = String::from_utf8_lossy(mail);
            text.replace("\r\n", "\n").into_bytes()
        }),
    },
    Variant {
        name: "mails-with-folded-headers",
        says: "Header fields of mails are folded, their names are in capitals, and there are more.",
        oddity: Oddity::Mail(|mail| {
            let text = String::from_utf8_lossy(mail);
            let text = text
                .replace("Content-Type: ", "CONTENT-TYPE:\r\n\t ")
                .replace(
                    "Content-Transfer-Encoding: ",
                    "Content-transfer-encoding:\r\n ",
                )
                .replace("Subject: ", "SUBJECT:\r\n ");
            let traced = "Received: from mail.kit.example (192.0.2.25)\r\n\tby mx.kit.example;\r\n\
                          \tSat, 21 Nov 2026 08:00:01 +0000\r\nReturn-Path: <>\r\n";
            format!("{traced}{text}").into_bytes()
        }),
    },
    Variant {
        name: "mails-with-parameters",
        says: "The media type of a message has parameters, and is written in capitals.",
        oddity: Oddity::Mail(|mail| {
            let text = String::from_utf8_lossy(mail);
            let kind = restante_mail::MEDIA_TYPE;
            let odd = format!(
                "{}; charset=\"utf-8\"; name=register.json",
                kind.to_uppercase()
            );
            text.replace(kind, &odd).into_bytes()
        }),
    },
    Variant {
        name: "polls-twice",
        says: "Each poll is sent twice, and the second answer is the one that counts.",
        oddity: Oddity::PollsTwice,
    },
    Variant {
        name: "uneven-time",
        says: "Time passes in uneven steps.",
        oddity: Oddity::UnevenTime,
    },
    Variant {
        name: "one-connection-for-all",
        says: "A case's requests go over one connection of HTTP/1.1.",
        oddity: Oddity::Habit(Habit::Kept),
    },
    Variant {
        name: "a-connection-each",
        says: "Each request has a connection of its own.",
        oddity: Oddity::Habit(Habit::OneEach),
    },
    Variant {
        name: "http-2",
        says: "Requests go over HTTP/2.",
        oddity: Oddity::Habit(Habit::Http2),
    },
    Variant {
        name: "heads-byte-by-byte",
        says: "The head of a request comes one byte at a time.",
        oddity: Oddity::Manner(Manner::HeadByteByByte),
    },
    Variant {
        name: "bodies-in-pieces",
        says: "The body of a request comes a few bytes at a time.",
        oddity: Oddity::Manner(Manner::BodyInPieces),
    },
    Variant {
        name: "bodies-in-chunks",
        says: "The body of a request comes in chunks, and no length is stated.",
        oddity: Oddity::Manner(Manner::Chunked),
    },
    Variant {
        name: "fields-in-disorder",
        says: "Header fields stand in another order, in mixed case, with space around their values.",
        oddity: Oddity::Manner(Manner::FieldsInDisorder),
    },
    Variant {
        name: "behind-another-request",
        says: "A request follows another on its connection before that is answered.",
        oddity: Oddity::Manner(Manner::Pipelined),
    },
    Variant {
        name: "hesitant",
        says: "There are pauses of uneven length within each request.",
        oddity: Oddity::Manner(Manner::Hesitant),
    },
];

fn grown(value: &Value) -> String {
    let mut value = value.clone();
    with_unknown_members(&mut value);
    value.to_string()
}

/// A line that writes the JSON of messages anew: a request's if it is JSON as the kit writes it and
/// stays small enough, and a response's.
pub(super) struct Rewritten {
    pub(super) behind: Box<dyn Line>,
    pub(super) write: fn(&Value) -> String,
}

impl Ahead for Rewritten {
    fn behind(&self) -> &dyn Line {
        &*self.behind
    }

    fn carried<'a>(
        &'a self,
        request: &'a Request,
        source: Option<IpAddr>,
    ) -> Pending<'a, Result<Response, LineError>> {
        Box::pin(async move {
            let mut asked = request.clone();
            if let Some(body) = &mut asked.body {
                rewrite(body, MESSAGE_BYTES, self.write);
            }
            let mut response = self.behind.carry(&asked, source).await?;
            let takes = request.headers.iter();
            let takes = takes.filter(|(name, _)| name == "restante-max-message");
            let most = takes.filter_map(|(_, bytes)| bytes.parse().ok()).next();
            rewrite(&mut response.body, most.unwrap_or(usize::MAX), self.write);
            let length = response.body.len().to_string();
            let mut headers = response.headers.iter_mut();
            if let Some((_, value)) = headers.find(|(name, _)| name == "content-length") {
                *value = length;
            }
            Ok(response)
        })
    }
}

fn rewrite(body: &mut Vec<u8>, most: usize, write: fn(&Value) -> String) {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    if value.to_string().len() != body.len() || !value.is_object() {
        return;
    }
    let written = write(&value).into_bytes();
    if written.len() <= most {
        *body = written;
    }
}

/// Takes `pollreq` out of the links of a plan.
fn without_addresses(body: &mut Vec<u8>) {
    let Ok(Value::Object(mut plan)) = serde_json::from_slice(body) else {
        return;
    };
    let links = plan.get_mut("links").and_then(Value::as_array_mut);
    for link in links.into_iter().flatten() {
        if let Some(Value::String(link)) = link.get_mut("link")
            && let Some((before, after)) = link.split_once("&pollreq=")
        {
            let rest = after.split_once('&').map(|(_, rest)| format!("&{rest}"));
            *link = format!("{before}{}", rest.unwrap_or_default());
        }
    }
    *body = Value::Object(plan).to_string().into_bytes();
}

fn typed(headers: &mut [(String, String)]) {
    for (name, value) in headers {
        if name.eq_ignore_ascii_case("content-type") && value.ends_with("json") {
            value.push_str("; charset=utf-8");
        }
    }
}

/// A mail server that writes its mails anew.
pub(super) struct Rephrased {
    pub(super) behind: Box<dyn MailServer>,
    pub(super) write: fn(&[u8]) -> Vec<u8>,
}

impl MailServer for Rephrased {
    fn hand_over<'a>(&'a self, mail: &'a [u8]) -> Pending<'a, Result<(), NotHanded>> {
        Box::pin(async move { self.behind.hand_over(&(self.write)(mail)).await })
    }
}

/// A line that sends each poll twice.
pub(super) struct Twice(pub(super) Box<dyn Line>);

impl Ahead for Twice {
    fn behind(&self) -> &dyn Line {
        &*self.0
    }

    fn carried<'a>(
        &'a self,
        request: &'a Request,
        source: Option<IpAddr>,
    ) -> Pending<'a, Result<Response, LineError>> {
        Box::pin(async move {
            if request.method == "GET" && request.path == "/v1/mailbox" {
                self.0.carry(request, source).await?;
            }
            self.0.carry(request, source).await
        })
    }
}

/// Time that passes in uneven steps: a third at once, a second by itself, then the rest.
pub(super) struct Uneven(pub(super) Box<dyn Time>);

impl Time for Uneven {
    fn advance(&self, seconds: u64) -> Pending<'_, Result<(), Unmoved>> {
        Box::pin(async move {
            let first = seconds / 3;
            let second = u64::from(seconds > first);
            for step in [first, second, seconds - first - second] {
                self.0.advance(step).await?;
            }
            Ok(())
        })
    }

    fn restart(&self) -> Pending<'_, Result<(), Unmoved>> {
        self.0.restart()
    }

    fn set_up_anew(&self) -> Pending<'_, Result<Option<String>, Unmoved>> {
        self.0.set_up_anew()
    }

    fn jump(&self, seconds: i64) -> Pending<'_, Result<(), Unmoved>> {
        self.0.jump(seconds)
    }
}
