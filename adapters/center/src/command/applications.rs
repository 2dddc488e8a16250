//! `restante-center applications`: what was applied for, and how far each device is.

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

use super::holdings::{self, Whose};
use super::reach::Reach;
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
                let rows = behind(&console, customer, None).await?;
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

/// All applications of the customer behind this one.
pub(crate) async fn behind(
    console: &Console,
    customer: Option<CustomerId>,
    after: Option<ApplicationId>,
) -> Result<Vec<ApplicationRow>, Failure> {
    let asked = |next: Option<ApplicationId>| list(customer, next.or(after));
    let page = |reply| match reply {
        PeopleReply::Services(ServicesReply::Applications(page)) => Some(page),
        _ => None,
    };
    Ok(console.all_pages(asked, page).await?)
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
    let counted = is_counted(row.state);
    let count = |count: u32| {
        if counted {
            count.to_string()
        } else {
            "-".into()
        }
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

/// Whether there is something to count.
const fn is_counted(state: ApplicationState) -> bool {
    !matches!(
        state,
        ApplicationState::Choosing | ApplicationState::Filling
    )
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
        "not counted yet".into()
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
