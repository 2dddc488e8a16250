//! `call`: the links of poll requests, opened from a terminal on the devices' network.
//!
//! The center cannot reach devices, and a person with a hundred links would open them by hand. All
//! links are read before the first one is opened, so that a slip calls nobody. Serves spec chapter
//! POL, whose section 11.1 says what a link is.

use std::collections::HashSet;
use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use restante_core::id::LanAddress;
use restante_core::limits::{DEVICES_PER_PLAN, POLL_REQUEST_CHARS};
use restante_core::registrant::{Exchange, PeerCall};
use restante_core::wire::PollRequest;
use restante_core::wire::poll_request::DO_POLLING;
use restante_http::client::PeerClient;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{CommandError, Outcome};
use crate::cli;
use crate::say;

/// A link: whom it calls, and what it asks.
type Link = (LanAddress, PollRequest);

pub(super) async fn run(args: cli::Call) -> Result<Outcome, CommandError> {
    let links = links(&args)?;
    let silent = open(&links, args.every).await?;
    for (address, request) in &silent {
        say::line(format!("no answer: {}", request.link(address)));
    }
    let heard = links.len().saturating_sub(silent.len());
    say::line(format!("{heard} of {} devices have heard", links.len()));
    Ok(match silent.is_empty() {
        true => Outcome::Done,
        false => Outcome::Refused,
    })
}

/// Opens all links in their order; those that nobody answered, in that order too.
async fn open(links: &[Link], every: Option<Duration>) -> Result<Vec<&Link>, CommandError> {
    let client = PeerClient::new()?;
    let bar = bar(links.len());
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut calls = JoinSet::new();
    let mut due = Instant::now();
    for (place, (address, request)) in links.iter().cloned().enumerate() {
        if let Some(every) = every {
            tokio::time::sleep_until(due).await;
            due += every;
        }
        // The semaphore is never closed, so that there is always a turn.
        let turn = Arc::clone(&room).acquire_owned().await;
        let (client, bar) = (client.clone(), bar.clone());
        calls.spawn(async move {
            let exchange = Exchange::default();
            let heard = client
                .call(&PeerCall {
                    exchange,
                    address,
                    request,
                })
                .await;
            bar.inc(1);
            drop(turn);
            (place, heard)
        });
    }
    let mut silent: Vec<usize> = calls
        .join_all()
        .await
        .into_iter()
        .filter(|it| !it.1)
        .map(|it| it.0)
        .collect();
    bar.finish_and_clear();
    silent.sort_unstable();
    Ok(silent
        .into_iter()
        .filter_map(|place| links.get(place))
        .collect())
}

/// How far it is, where somebody looks.
fn bar(links: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("calling {bar:40} {pos} of {len} devices");
    let bar = ProgressBar::new(links as u64);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// All links that the command line names, each once, in its order.
fn links(args: &cli::Call) -> Result<Vec<Link>, CommandError> {
    let mut words = Vec::new();
    for link in &args.link {
        words.push((link.clone(), "the command line".to_owned()));
    }
    if let Some(path) = &args.links {
        for (line, text) in (1..).zip(read(path)?.lines()) {
            for word in links_in(text) {
                words.push((word.to_owned(), format!("{}, line {line}", path.display())));
            }
        }
    }
    let (mut seen, mut links) = (HashSet::new(), Vec::new());
    for (word, place) in words {
        let link = PollRequest::in_link(&word).ok_or_else(|| no_link(&word, &place))?;
        if seen.insert(word) {
            links.push(link);
        }
    }
    match links.len() {
        0 => Err(CommandError::Value(
            "there is no link of a poll request in what was given; `restante-center poll-links` \
             prints them"
                .to_owned(),
        )),
        1..=DEVICES_PER_PLAN => Ok(links),
        many => Err(CommandError::Value(format!(
            "{many} links are more than the {DEVICES_PER_PLAN} devices of one plan; give them in \
             several files"
        ))),
    }
}

/// What looks like a link of a poll request in a line of any text, without the marks around it.
fn links_in(text: &str) -> impl Iterator<Item = &str> {
    let around = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '(' | ')');
    let words = text
        .split(around)
        .map(|it| it.trim_end_matches(['.', ',', ';', ':', '!']));
    words.filter(|it| it.starts_with("https://") && it.contains(DO_POLLING))
}

fn no_link(word: &str, place: &str) -> CommandError {
    CommandError::Value(format!(
        "{place}: `{}` is no link of a poll request, such as https://192.0.2.1:8443{DO_POLLING}; \
         nobody was called",
        word.escape_debug()
    ))
}

fn read(path: &Path) -> Result<String, CommandError> {
    let bounded = |from: &mut dyn Read| {
        let mut text = String::new();
        from.take(INPUT_BYTES + 1).read_to_string(&mut text)?;
        Ok(text)
    };
    let taken = match path.to_str() {
        Some("-") => bounded(&mut std::io::stdin()),
        _ => File::open(path).and_then(|mut file| bounded(&mut file)),
    };
    let shown = || path.display().to_string();
    let text = taken.map_err(|why| CommandError::File { path: shown(), why })?;
    if text.len() as u64 > INPUT_BYTES {
        return Err(CommandError::Value(format!(
            "{}: it is longer than {INPUT_BYTES} bytes; give the links in several files",
            shown()
        )));
    }
    Ok(text)
}

/// The links of a whole plan, each as long as a link can be, have room in it.
const INPUT_BYTES: u64 = (DEVICES_PER_PLAN * POLL_REQUEST_CHARS) as u64;

/// Devices that are being called at one time: one that is silent holds up the others for a moment
/// only.
const AT_ONCE: usize = 32;
