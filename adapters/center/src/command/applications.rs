//! `restante-center applications`: what was applied for, and how far each device is.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use clap::Subcommand;
use restante_center::Console;
use restante_center::program::Failure;
use restante_core::id::{ApplicationId, CustomerId};
use restante_core::wire::people::{PeopleReply, PeopleRequest};
use restante_core::wire::services::{
    ApplicationRow, ApplicationState, ListApplications, ListTargets, ServicesReply,
    ServicesRequest, Tally, TargetRow, TargetState,
};
use serde::Serialize;

use super::holdings;
use super::reach::Reach;
use super::whose::Whose;
use super::{table, watch};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show a customer's applications, oldest first
    #[command(after_help = "\
Examples:
  restante-center applications list --user 'Anna Weber'
  restante-center applications list --user 'Anna Weber' --watch")]
    List {
        #[command(flatten)]
        whose: Whose,
        /// Follow those that are under way until they have come to their end
        #[arg(long)]
        watch: bool,
    },
    /// Show one application with how far each of its devices is
    #[command(after_help = "\
Examples:
  restante-center applications show app-5cfv… --user 'Anna Weber'
  restante-center applications show app-5cfv… --user 'Anna Weber' --watch")]
    Show {
        /// The application's id, as `applications list` shows it
        application: ApplicationId,
        #[command(flatten)]
        whose: Whose,
        /// Follow it until something has become of every device
        #[arg(long)]
        watch: bool,
    },
}

/// An application, by its name.
#[derive(Clone, Copy)]
pub(crate) struct Named {
    pub(crate) id: ApplicationId,
    pub(crate) customer: Option<CustomerId>,
}

/// One application as programs read it.
#[derive(Serialize)]
struct Shown {
    application: ApplicationRow,
    devices: Vec<TargetRow>,
}

impl Command {
    pub(crate) async fn run(self, reach: &Reach) -> Result<(), Failure> {
        let console = reach.console().await?;
        match self {
            Self::List { whose, watch } => {
                let customer = whose.customer(&console).await?;
                if watch {
                    return watch::all(&console, customer, reach.json).await;
                }
                let rows = all(&console, customer).await?;
                if reach.json {
                    return table::json(&rows);
                }
                self::table(&rows)
            }
            Self::Show {
                application,
                whose,
                watch,
            } => {
                let customer = whose.customer(&console).await?;
                let id = application;
                let named = Named { id, customer };
                if watch {
                    watch::one(&console, named, &whose, reach).await
                } else {
                    show(&console, named, &whose, reach.json).await
                }
            }
        }
    }
}

async fn show(
    console: &Console,
    named: Named,
    whose: &Whose,
    as_json: bool,
) -> Result<(), Failure> {
    let application = one(console, named).await?;
    if as_json {
        let devices = targets(console, named).await?;
        return table::json(&Shown {
            application,
            devices,
        });
    }
    table::line(&format!("{}\n", headline(&application)))?;
    devices(console, named, whose).await
}

/// The application as it is now.
pub(crate) async fn one(console: &Console, named: Named) -> Result<ApplicationRow, Failure> {
    // Lists go on behind an id, so that the row of an id is the first behind the id before it.
    let number = u128::from_be_bytes(*named.id.as_bytes());
    let before = number.checked_sub(1).map(u128::to_be_bytes);
    let after = before.map(ApplicationId::from_bytes);
    let request = list(named.customer, after);
    let rows = match console.ask(request).await? {
        PeopleReply::Services(ServicesReply::Applications(page)) => page.rows,
        _ => return Err(Failure::other_reply()),
    };
    let row = rows.into_iter().find(|row| row.application == named.id);
    row.ok_or_else(|| Failure::ran(missing(named.id)))
}

/// All applications of the customer, oldest first: the center lists them by their ids, which say
/// nothing about their age.
pub(crate) async fn all(
    console: &Console,
    customer: Option<CustomerId>,
) -> Result<Vec<ApplicationRow>, Failure> {
    let asked = |after| list(customer, after);
    let page = |reply| match reply {
        PeopleReply::Services(ServicesReply::Applications(page)) => Some(page),
        _ => None,
    };
    Ok(by_age(console.all_pages(asked, page).await?))
}

fn by_age(mut rows: Vec<ApplicationRow>) -> Vec<ApplicationRow> {
    rows.sort_by_key(|row| (row.made, row.application));
    rows
}

/// The application once the center has made its instructions, or as it is when that takes longer
/// than people wait. Where no center runs, nothing is made.
pub(crate) async fn filled(
    console: &Console,
    named: Named,
    mut row: ApplicationRow,
) -> Result<ApplicationRow, Failure> {
    let until = Instant::now() + PATIENCE;
    let is_filling = |row: &ApplicationRow| row.state == ApplicationState::Filling;
    while console.local().is_none() && is_filling(&row) && Instant::now() < until {
        tokio::time::sleep(AGAIN).await;
        row = one(console, named).await?;
    }
    Ok(row)
}

/// The same application with its counts, which the center makes a few seconds after a change only;
/// and how many devices are left out, with the reasons, if any are.
pub(crate) async fn counted(
    console: &Console,
    named: Named,
    mut row: ApplicationRow,
) -> Result<(ApplicationRow, Option<String>), Failure> {
    let is_known = is_counted(&row) && row.tally.left_out == 0;
    if is_known
        || !matches!(
            row.state,
            ApplicationState::Open | ApplicationState::Complete
        )
    {
        return Ok((row, None));
    }
    let targets = targets(console, named).await?;
    row.tally = Tally::default();
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for target in &targets {
        row.tally.add(target.state);
        if !target.state.is_left_out() {
            continue;
        }
        let why = state_of(target.state).trim_start_matches(LEFT_OUT);
        *reasons.entry(why).or_default() += 1;
    }
    let reasons: Vec<String> = reasons
        .iter()
        .map(|(why, count)| format!("{count} ({why})"))
        .collect();
    let said = (!reasons.is_empty()).then(|| format!("Left out: {}", reasons.join(", ")));
    Ok((row, said))
}

fn list(customer: Option<CustomerId>, after: Option<ApplicationId>) -> PeopleRequest {
    PeopleRequest::Services(ServicesRequest::ListApplications(ListApplications {
        customer,
        after,
    }))
}

/// What is said where an application is not there.
pub(crate) fn missing(id: ApplicationId) -> String {
    format!("there is no application {id} for this customer; `applications list` shows the ids")
}

/// Prints the devices of an application with how far each is.
pub(crate) async fn devices(console: &Console, named: Named, whose: &Whose) -> Result<(), Failure> {
    let rows = targets(console, named).await?;
    devices_table(console, &rows, whose).await
}

/// Prints these devices of an application.
pub(crate) async fn devices_table(
    console: &Console,
    rows: &[TargetRow],
    whose: &Whose,
) -> Result<(), Failure> {
    let names = holdings::names(console, whose).await?;
    let lines = rows.iter().map(|row| {
        let (model, serial) = names.get(&row.device).cloned().unwrap_or_default();
        let detail = row
            .detail
            .as_ref()
            .map_or(String::new(), ToString::to_string);
        let since = row.since.map_or(String::new(), table::minute);
        let state = state_of(row.state).to_owned();
        vec![row.device.to_string(), model, serial, state, since, detail]
    });
    let heads = [
        "DEVICE",
        "MODEL",
        "SERIAL",
        "STATE",
        "SINCE (UTC)",
        "DETAIL",
    ];
    let empty = "Its devices are not listed yet; look again in a moment.";
    table::table(&heads, lines.collect(), empty)
}

/// The devices of an application.
pub(crate) async fn targets(console: &Console, named: Named) -> Result<Vec<TargetRow>, Failure> {
    let asked = |after| {
        PeopleRequest::Services(ServicesRequest::ListTargets(ListTargets {
            application: named.id,
            customer: named.customer,
            after,
        }))
    };
    let page = |reply| match reply {
        PeopleReply::Services(ServicesReply::Targets(page)) => Some(page),
        _ => None,
    };
    let rows = console.all_pages(asked, page).await;
    rows.map_err(|error| Failure::unless_missing(error, || missing(named.id)))
}

/// Prints applications.
pub(crate) fn table(rows: &[ApplicationRow]) -> Result<(), Failure> {
    let heads = [
        "APPLICATION",
        "SERVICE",
        "STATE",
        "WAITING",
        "ENTITLED",
        "FAILED",
        "WITHDRAWN",
        "LEFT OUT",
        "MADE (UTC)",
        "UNTIL (UTC)",
    ];
    let empty = "There are no applications. Make one with: restante-center apply SERVICE --all";
    table::table(&heads, rows.iter().map(row).collect(), empty)
}

fn row(row: &ApplicationRow) -> Vec<String> {
    let tally = &row.tally;
    let counted = is_counted(row);
    let count = |count: u32| match counted {
        true => count.to_string(),
        false => "-".into(),
    };
    vec![
        row.application.to_string(),
        row.service.to_string(),
        state(row.state).into(),
        count(tally.waiting),
        count(tally.entitled),
        count(tally.failed),
        count(tally.withdrawn),
        count(tally.left_out),
        table::minute(row.made),
        table::minute(row.expires),
    ]
}

/// Whether there is something to count, and the center has counted it.
fn is_counted(row: &ApplicationRow) -> bool {
    match row.state {
        ApplicationState::Choosing | ApplicationState::Filling => false,
        ApplicationState::Open => row.tally != Tally::default(),
        _ => true,
    }
}

/// An application in one line.
pub(crate) fn headline(row: &ApplicationRow) -> String {
    let until = table::minute(row.expires);
    let (id, service, state) = (row.application, &row.service, state(row.state));
    format!(
        "{id} for {service}: {state}, until {until} UTC\n{}",
        progress(row)
    )
}

/// How far it is, in words.
pub(crate) fn progress(row: &ApplicationRow) -> String {
    match row.state {
        ApplicationState::Choosing => "nothing is chosen yet".into(),
        ApplicationState::Filling => "the instructions are being made".into(),
        _ if !is_counted(row) => "not counted yet".into(),
        _ => counts(&row.tally),
    }
}

fn counts(tally: &Tally) -> String {
    let all = [
        (tally.waiting, "waiting"),
        (tally.entitled, "entitled"),
        (tally.failed, "failed"),
        (tally.withdrawn, "withdrawn"),
        (tally.left_out, "left out"),
    ];
    let some = all.iter().filter(|(count, _)| *count > 0);
    let words: Vec<String> = some
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if words.is_empty() {
        "no device".into()
    } else {
        words.join(", ")
    }
}

/// Where an application stands, in a word.
pub(crate) const fn state(state: ApplicationState) -> &'static str {
    match state {
        ApplicationState::Choosing => "choosing",
        ApplicationState::Filling => "filling",
        ApplicationState::Open => "open",
        ApplicationState::Complete => "complete",
        ApplicationState::Cancelled => "cancelled",
        _ => "of a later version",
    }
}

/// How far a device is, in words.
const fn state_of(state: TargetState) -> &'static str {
    match state {
        TargetState::Candidate => "candidate",
        TargetState::HandedOver => "waiting for its provider",
        TargetState::Waiting => "waiting",
        TargetState::Taken => "taken",
        TargetState::Entitled => "entitled",
        TargetState::Failed => "failed",
        TargetState::Withdrawn => "withdrawn",
        TargetState::NotApplicable => "left out: not for its model",
        TargetState::AlreadyEntitled => "left out: uses it already",
        TargetState::AlreadyApplied => "left out: another application is open",
        TargetState::MailboxFull => "left out: its mailbox is full",
        _ => "of a later version",
    }
}

/// What stands before the reason in the state of a device that is left out.
const LEFT_OUT: &str = "left out: ";
/// How long a command waits for the center to make the instructions: a few thousand devices take so
/// long.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks at an application.
const AGAIN: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn application(id: u8, state: &str, minute: u8, entitled: u32) -> ApplicationRow {
        let row = json!({
            "application": ApplicationId::from_bytes([id; 16]), "service": "pull-print",
            "state": state, "made": format!("2026-11-21T08:{minute}:00Z"),
            "expires": "2026-12-21T08:30:00Z", "tally": { "entitled": entitled },
        });
        serde_json::from_value(row).expect("a row")
    }

    #[test]
    fn the_oldest_application_comes_first_whatever_its_id() {
        let rows = [(1, 30), (2, 10), (3, 20)].map(|(id, at)| application(id, "open", at, 0));
        let ids: Vec<u8> = by_age(rows.to_vec())
            .iter()
            .map(|row| row.application.as_bytes()[0])
            .collect();
        assert_eq!(ids, [2, 3, 1]);
    }

    #[test]
    fn what_nobody_has_counted_yet_is_no_zero() {
        for (state, entitled, shown, says) in [
            ("choosing", 0, "-", "nothing is chosen yet"),
            ("filling", 0, "-", "the instructions are being made"),
            ("open", 0, "-", "not counted yet"),
            ("open", 1, "1", "1 entitled"),
            ("complete", 0, "0", "no device"),
        ] {
            let made = application(1, state, 10, entitled);
            assert_eq!(row(&made)[4], shown, "{state}");
            assert_eq!(progress(&made), says, "{state}");
        }
    }
}
