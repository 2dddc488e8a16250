//! `child`: a trial device on the LAN.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::net::TcpListener;

use super::{CommandError, Outcome, stop};
use crate::child::Child;
use crate::cli;
use crate::say;
use crate::trial;

pub(super) async fn run(args: cli::Child) -> Result<Outcome, CommandError> {
    let me = args.me.identification();
    let me = me.ok_or_else(|| CommandError::Value("name at least one --function".to_owned()))?;
    let status =
        trial::status(args.copy_sheets).map_err(|error| CommandError::Value(error.to_string()))?;
    let network = |doing: String, why: String| CommandError::Network { doing, why };
    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|why| network(format!("listening at {}", args.listen), why.to_string()))?;
    let at = listener
        .local_addr()
        .map_err(|why| network("listening".to_owned(), why.to_string()))?;
    say::line(format!("{} {} listens at {at}", me.model, me.serial));
    let child = Child::new(me, status, args.boot.unwrap_or_else(seconds_now));
    let announcement = match args.no_multicast {
        true => None,
        false => {
            let doing = || "answering general calls by multicast DNS".to_owned();
            let announced = child.announce(at);
            Some(announced.map_err(|why| network(doing(), why.to_string()))?)
        }
    };
    let served = child.serve(listener, stop()).await;
    drop(announcement);
    served.map_err(|why| network(format!("serving at {at}"), why.to_string()))?;
    Ok(Outcome::Done)
}

/// A number that rises from one start of a trial device to the next.
fn seconds_now() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs());
    u32::try_from(seconds).unwrap_or(u32::MAX)
}
