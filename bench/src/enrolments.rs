//! Durable enrolments: each is synced to disk before it is answered.
//!
//! The baseline is an axum handler that reads the body and has one thread insert as many rows of
//! the same size in a group-committed transaction, with the same SQLite settings: what durability
//! itself costs on this disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use restante_core::center::{Credential, Message};
use restante_core::code::ProvisionalCode;
use restante_core::wire::{DeviceRequest, json};

use crate::baseline;
use crate::center::{Bench, enrol, serve};
use crate::client::{Requests, pace};
use crate::rounds::{Series, progress, report};
use crate::{Effort, Failure};

/// Issues codes, then measures.
pub(crate) async fn measure(effort: Effort) -> Result<String, Failure> {
    let bench = Bench::new()?;
    let presented = Credential::Provisional(bench.code("a first user").await?);
    let message = Message::Device(DeviceRequest::Enrol(enrol(0)?));
    let rows = bench.writes_of(presented, message).await?;
    let center = serve(bench.router()).await?;
    let baseline = serve(baseline::router(bench.folder.path(), rows.clone())?).await?;

    let numbers = Arc::new(AtomicU64::new(1));
    let mut subject = Series::new("durable enrolment");
    let mut insert = Series::new("insert as many rows");
    let progress = progress("enrolments", effort.rounds as u64 * 2);
    for round in 0..effort.rounds {
        for (series, address) in [(&mut subject, center), (&mut insert, baseline)] {
            let mut clients = Vec::new();
            for client in 0..effort.clients {
                let codes = codes(&bench, round, client).await?;
                clients.push(Panels {
                    codes,
                    numbers: Arc::clone(&numbers),
                    next: 0,
                });
            }
            series
                .rounds
                .push(pace(address, clients, 201, effort.round).await?);
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    let bytes: usize = rows.iter().sum();
    let title = format!(
        "Durable enrolments over HTTP, SQLite, {} connections; {} rows, {bytes} bytes each",
        effort.clients,
        rows.len()
    );
    Ok(report(&title, &subject, &[&insert], Some(0.8)))
}

/// Codes for one connection and one round: a code registers at most a thousand devices.
async fn codes(
    bench: &Bench,
    round: usize,
    client: usize,
) -> Result<Vec<ProvisionalCode>, Failure> {
    let mut codes = Vec::new();
    for number in 0..CODES_PER_CLIENT {
        codes.push(
            bench
                .code(&format!("user {round}-{client}-{number}"))
                .await?,
        );
    }
    Ok(codes)
}

/// A dealer who goes from panel to panel with a few codes.
struct Panels {
    codes: Vec<ProvisionalCode>,
    numbers: Arc<AtomicU64>,
    next: usize,
}

impl Requests for Panels {
    fn next(&mut self) -> Option<Vec<u8>> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let body = json::to_bytes(&enrol(number).expect("an enrolment of one device is valid"));
        self.next = (self.next + 1) % self.codes.len();
        let mut request = format!(
            "POST /v1/enrolments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Authorization: Restante-Provisional {}\r\nContent-Length: {}\r\n\r\n",
            self.codes[self.next].to_text(),
            body.len()
        )
        .into_bytes();
        request.extend(body);
        Some(request)
    }
}

/// Codes that a connection takes turns with.
const CODES_PER_CLIENT: usize = 4;
