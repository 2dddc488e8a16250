//! `restante-center poll-links`: having devices poll at once.
//!
//! The center cannot reach devices, so that it only plans: it prints links, and a person on the
//! devices' network opens them, one for each device, or one whose device tells the others.

use clap::Args;
use restante_center::Console;
use restante_center::program::Failure;
use restante_core::id::{ApplicationId, CustomerId, DeviceId, RequestId};
use restante_core::wire::people::{PeopleReply, PeopleRequest};
use restante_core::wire::plan::{
    ListPollLinks, PlanFirst, PlanOf, PlanPolls, PlanShape, PollLinkRow, PollLinkState, PollPlan,
};
use restante_core::wire::services::{ApplicationRow, ApplicationState};
use restante_core::wire::{PollTag, RefusalCode};
use serde::Serialize;

use super::applications::{self, Named};
use super::apply::named;
use super::instruct::draw;
use super::reach::Reach;
use super::table;
use super::whose::Whose;

/// Devices that are to poll at once.
#[derive(Args)]
#[command(after_help = "\
Examples:
  restante-center poll-links --application app-5cfv… --user 'Anna Weber'
  restante-center poll-links --device dev-2yaq… --device dev-7f3k… --user 'Anna Weber' --each
  restante-center poll-links --application app-5cfv… --user 'Anna Weber' --roots 2 --most-capable \\
      --widths 3,4 --per-minute 60")]
pub(crate) struct Order {
    /// The devices for which this application's instruction waits
    #[arg(
        long,
        value_name = "ID",
        required_unless_present = "devices",
        conflicts_with = "devices"
    )]
    application: Option<ApplicationId>,
    /// This device, as `devices list` shows it; may be given several times
    #[arg(long = "device", value_name = "ID")]
    devices: Vec<DeviceId>,
    #[command(flatten)]
    whose: Whose,
    /// A link for each device; none of them tells others
    #[arg(long, conflicts_with_all = ["roots", "most_capable", "widths"])]
    each: bool,
    /// How many devices you call, which tell the others; one unless given
    #[arg(long, value_name = "N", default_value_t = 1)]
    roots: u32,
    /// Call the devices of the models that `capable-models` names in the configuration, then those
    /// with the most functions, and not the first ones of the holdings
    #[arg(long)]
    most_capable: bool,
    /// How many devices each one tells, layer by layer, such as 3,4; 8 unless given
    #[arg(long, value_name = "N,N…", value_delimiter = ',')]
    widths: Vec<u8>,
    /// How many devices poll in a minute; what the configuration lets unless given
    #[arg(long, value_name = "N")]
    per_minute: Option<u32>,
    /// The request's id; the same one again makes no second plan. Drawn unless given
    #[arg(long, value_name = "ID")]
    request: Option<RequestId>,
}

/// A plan as programs read it.
#[derive(Serialize)]
struct Shown {
    plan: PollPlan,
    devices: Vec<PollLinkRow>,
}

impl Order {
    pub(crate) async fn run(self, reach: &Reach) -> Result<(), Failure> {
        let request = match self.request {
            Some(request) => request,
            None => draw()?,
        };
        let of = match self.application {
            Some(id) => PlanOf::Application(id),
            None => PlanOf::Devices(named(self.devices)?),
        };
        let console = reach.console().await?;
        let customer = self.whose.customer(&console).await?;
        let application = match self.application {
            Some(id) => Some(planned(&console, Named { id, customer }).await?),
            None => None,
        };
        let message = PlanPolls {
            request,
            customer,
            of,
            shape: match self.each {
                true => PlanShape::Each,
                false => PlanShape::Roots(self.roots),
            },
            first: match self.most_capable {
                true => PlanFirst::MostCapable,
                false => PlanFirst::Holdings,
            },
            widths: self.widths,
            per_minute: self.per_minute,
        };
        let reply = console.ask(PeopleRequest::PlanPolls(message)).await;
        let plan = match reply.map_err(Failure::from) {
            Ok(PeopleReply::PollsPlanned(plan)) => plan,
            Ok(_) => return Err(Failure::other_reply()),
            Err(refused) if refused.is(RefusalCode::NoEligibleDevice) => {
                let of = self.whose.again() + &reach.again();
                return Err(nobody(refused, application, &of));
            }
            Err(failure) => return Err(failure),
        };
        let devices = listed(&console, &plan.tag, customer).await?;
        if reach.json {
            return table::json(&Shown { plan, devices });
        }
        print(&plan, &devices)
    }
}

/// The application that is planned for, once its instructions are made: a plan before that would
/// be one for some of its devices.
async fn planned(console: &Console, named: Named) -> Result<ApplicationRow, Failure> {
    let row = applications::one(console, named).await?;
    applications::filled(console, named, row).await
}

/// That nobody can be called, with what there is to do about it.
fn nobody(refused: Failure, application: Option<ApplicationRow>, of: &str) -> Failure {
    let next = match application.map(|row| (row.state, row.application)) {
        Some((ApplicationState::Choosing, id)) => {
            format!(". Choose first:  restante-center choose {id}{of} --all")
        }
        Some((ApplicationState::Complete | ApplicationState::Cancelled, _)) => String::new(),
        _ => ". Devices that cannot be called come at their own time".to_owned(),
    };
    refused.advising(&next)
}

/// All devices of a plan.
async fn listed(
    console: &Console,
    tag: &PollTag,
    customer: Option<CustomerId>,
) -> Result<Vec<PollLinkRow>, Failure> {
    let asked = |after| {
        PeopleRequest::ListPollLinks(ListPollLinks {
            tag: tag.clone(),
            customer,
            after,
        })
    };
    let page = |reply| match reply {
        PeopleReply::PollLinks(page) => Some(page),
        _ => None,
    };
    Ok(console.all_pages(asked, page).await?)
}

fn print(plan: &PollPlan, devices: &[PollLinkRow]) -> Result<(), Failure> {
    table::line("Open on the devices' network:\n")?;
    let short = devices.iter().filter_map(|row| row.link.as_ref());
    let named: Vec<&String> = plan.links.iter().map(|it| &it.link).collect();
    let links: Vec<&String> = match plan.layers {
        0 => short.collect(),
        _ => named,
    };
    for link in links {
        table::line(&format!("  {link}"))?;
    }
    let last = plan.lasts.get();
    table::line(&format!(
        "\n{} devices poll within {last} seconds, at most {} in a minute; {} are left out. Until {} \
         UTC.\n",
        plan.devices,
        plan.per_minute,
        plan.left_out,
        table::minute(plan.expires)
    ))?;
    let heads = [
        "NUMBER",
        "DEVICE",
        "MODEL",
        "ADDRESS",
        "HOW",
        "CALLED BY",
        "AFTER (S)",
    ];
    table::table(&heads, devices.iter().map(row).collect(), "No device.")
}

fn row(row: &PollLinkRow) -> Vec<String> {
    let text = |value: Option<String>| value.unwrap_or_default();
    vec![
        row.number.to_string(),
        row.device.to_string(),
        text(row.model.as_ref().map(ToString::to_string)),
        text(row.address.as_ref().map(ToString::to_string)),
        how(row.state).to_owned(),
        text(row.caller.map(|it| it.to_string())),
        text(row.after.map(|it| it.get().to_string())),
    ]
}

/// How a device is made to poll, in words.
const fn how(state: PollLinkState) -> &'static str {
    match state {
        PollLinkState::Root => "by its link",
        PollLinkState::Called => "by another device",
        PollLinkState::NoAddress => "left out: it has told no address",
        PollLinkState::BehindGateway => "left out: behind a gateway",
        PollLinkState::Unregistered => "left out: not registered any more",
        _ => "of a later version",
    }
}
