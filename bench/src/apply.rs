//! Applying for many devices: how long it takes until all mailboxes are filled.
//!
//! The job goes in chunks, each a decision that is synced to disk. The baseline inserts as many
//! rows of the same sizes in as many transactions, each synced, with the same SQLite settings. Each
//! round applies for another service, so that the mailboxes hold an instruction more each time.

use std::time::Duration;

use restante_core::center::{Credential, Message};

use crate::services::Site;
use crate::{Effort, Failure, baseline, facts};

/// Enrols the devices, then applies once a round.
pub(crate) async fn measure(devices: usize, effort: Effort) -> Result<String, Failure> {
    let site = Site::new(devices).await?;
    let mut text = format!("\nApplying for {devices} devices of one customer, SQLite\n");
    let mut ratios = Vec::new();
    for round in 1..=effort.rounds.min(INSTRUCTIONS) {
        let before = resident()?;
        site.apply(&format!("service-{round}")).await?;
        let chunk = site
            .bench
            .writes_of(Credential::None, Message::Tick)
            .await?;
        let (took, ticks) = site.fill().await?;
        let after = resident()?;
        let file = site
            .bench
            .folder
            .path()
            .join(format!("baseline-{round}.db"));
        let inserted = tokio::task::spawn_blocking(move || baseline::chunks(&file, &chunk, ticks));
        let inserted = inserted.await??;
        ratios.push(inserted.as_secs_f64() / took.as_secs_f64());
        text.push_str(&format!(
            "round {round}: filled in {} ({ticks} chunks, {:.0} devices/s), inserting as many rows \
             {}; resident {} MiB before, {} MiB after\n",
            seconds(took),
            devices as f64 / took.as_secs_f64(),
            seconds(inserted),
            before >> 20,
            after >> 20,
        ));
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN);
    text.push_str(&format!(
        "subject ÷ inserting as many rows, median: {median:.2}\n"
    ));
    Ok(text)
}

fn resident() -> Result<u64, Failure> {
    let bytes = facts::resident(std::process::id());
    bytes.ok_or_else(|| "there is no /proc to read memory from".into())
}

fn seconds(span: Duration) -> String {
    format!("{:.2} s", span.as_secs_f64())
}

/// Rounds at the most: so many instructions wait in one mailbox.
const INSTRUCTIONS: usize = 16;
