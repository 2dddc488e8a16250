//! Polls of devices for which an instruction waits: those that are shown it, and those that have
//! seen it already.
//!
//! The baselines verify the formal code as the center does, without any record, and answer with a
//! body of the same length, or with 304 and the same headers.

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::center::{first_poll, serve};
use crate::client::{all, pace};
use crate::polls::{Polls, Share, is_genuine, request, verify};
use crate::rounds::{Series, progress, report};
use crate::services::Site;
use crate::{Effort, Failure};

/// Enrols the fleet, fills its mailboxes, then measures.
pub(crate) async fn measure(devices: usize, effort: Effort) -> Result<String, Failure> {
    let site = Site::new(devices).await?;
    site.apply("service").await?;
    site.fill().await?;
    let center = serve(site.bench.router()).await?;
    let firsts: Arc<Vec<_>> = Arc::new(site.codes.iter().map(first_poll).collect());
    let delivered = all(center, Share::of(&firsts, effort.clients), 200).await?;
    let shown = site.look(center).await?;
    let body = shown.first().ok_or("no device")?.body.clone();
    let seen = site.codes.iter().zip(&shown);
    let again: Arc<Vec<_>> = Arc::new(seen.map(|(code, it)| request(code, &it.tag)).collect());
    let unchanged = serve(Router::new().route("/v1/mailbox", get(verify))).await?;
    let same = serve(Router::new().route("/v1/mailbox", get(same_body(body.clone())))).await?;

    let mut waiting = Series::new("poll, an instruction waits");
    let mut as_long = Series::new("verify, body as long");
    let mut seen = Series::new("unchanged, an instruction waits");
    let mut verified = Series::new("verify only");
    let bar = progress("mailboxes", effort.rounds as u64 * 4);
    for _ in 0..effort.rounds {
        for (series, address, requests, status) in [
            (&mut waiting, center, &firsts, 200),
            (&mut as_long, same, &firsts, 200),
            (&mut seen, center, &again, 304),
            (&mut verified, unchanged, &again, 304),
        ] {
            let clients = (0..effort.clients).map(|_| Polls::new(requests)).collect();
            series
                .rounds
                .push(pace(address, clients, status, effort.round).await?);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let title = |what: &str| {
        format!(
            "{what} over HTTP, SQLite, {devices} mailboxes, {} connections",
            effort.clients
        )
    };
    let shows = title(&format!(
        "Polls that show an instruction, {} bytes,",
        body.len()
    ));
    let mut text = report(&shows, &waiting, &[&as_long], None);
    text.push_str(&format!(
        "before: shown to each for the first time, {:.0}/s\n",
        delivered.rate
    ));
    let unchanged = title("Unchanged polls with an instruction waiting");
    text.push_str(&report(&unchanged, &seen, &[&verified], Some(0.8)));
    Ok(text)
}

/// The baseline: the credential, and a body of the same length.
fn same_body(
    body: Vec<u8>,
) -> impl Fn(HeaderMap) -> std::future::Ready<axum::response::Response> + Clone + Send + 'static {
    let body = axum::body::Bytes::from(body);
    move |headers: HeaderMap| {
        let answer = if is_genuine(&headers).unwrap_or(false) {
            ([(CONTENT_TYPE, "application/json")], body.clone()).into_response()
        } else {
            StatusCode::UNAUTHORIZED.into_response()
        };
        std::future::ready(answer)
    }
}
