//! Collations: devices that present their pair for the first time and are entitled.
//!
//! Each is synced to disk before it is answered. The baseline is the same as that of enrolments: a
//! handler that has as many rows of the same sizes inserted.

use std::sync::Arc;

use restante_core::center::{Credential, Message};
use restante_core::wire::json;

use crate::baseline;
use crate::center::serve;
use crate::client::all;
use crate::polls::Share;
use crate::rounds::{Series, progress, report};
use crate::services::Site;
use crate::{Effort, Failure};

/// Enrols the devices, fills their mailboxes, and has each register once.
pub(crate) async fn measure(devices: usize, effort: Effort) -> Result<String, Failure> {
    let site = Site::new(devices).await?;
    site.apply("service").await?;
    site.fill().await?;
    let center = serve(site.bench.router()).await?;
    let shown = site.look(center).await?;
    let first = shown.first().ok_or("no device")?.pair.clone();
    let message = Message::Register("service".parse()?, first);
    let rows = site.bench.writes_of(Credential::None, message).await?;
    let baseline = serve(baseline::router(site.bench.folder.path(), rows.clone())?).await?;

    let mut subject = Series::new("collation");
    let mut insert = Series::new("insert as many rows");
    let bar = progress("collations", effort.rounds as u64 * 2);
    // Each device is entitled once, in one of the rounds.
    for part in shown.chunks(shown.len().div_ceil(effort.rounds)) {
        for (series, address, path, status) in [
            (
                &mut subject,
                center,
                "/v1/services/service/registrations",
                200,
            ),
            (&mut insert, baseline, "/v1/enrolments", 201),
        ] {
            let bodies = part.iter().map(|it| json::to_bytes(&it.pair));
            let requests = Arc::new(bodies.map(|body| post(path, &body)).collect());
            let clients = Share::of(&requests, effort.clients);
            series.rounds.push(all(address, clients, status).await?);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let bytes: usize = rows.iter().sum();
    let title = format!(
        "Collations over HTTP, SQLite, {devices} devices, {} connections; {} rows, {bytes} bytes \
         each",
        effort.clients,
        rows.len()
    );
    Ok(report(&title, &subject, &[&insert], None))
}

fn post(path: &str, body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend(body);
    request
}
