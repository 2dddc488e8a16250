//! `restante-center instruct`, `instructions` and `cancel`: what devices are to do, and what became
//! of it.

use clap::Args;
use restante_center::parse_duration;
use restante_center::program::Failure;
use restante_core::Seconds;
use restante_core::id::{DeviceId, InstructionId, Note, RequestId};
use restante_core::wire::instruct::{
    CancelInstruction, Instruct, Instructed, InstructionRow, ListInstructions,
};
use restante_core::wire::people::{PeopleReply, PeopleRequest};
use restante_core::wire::{Act, Acts, Notify};
use restante_store::{Entropy, SystemEntropy};

use super::reach::Reach;
use super::table;
use super::whose::Whose;

/// What devices are to do when they come for it next.
#[derive(Args)]
#[command(after_help = "\
Examples:
  restante-center instruct --user 'Anna Weber' --device dev-2yaq… --report-status
  restante-center instruct --user 'Anna Weber' --device dev-2yaq… --device dev-7f3k… \\
      --notify 'A technician will come on Monday.' --within 3d")]
pub(crate) struct Order {
    /// The device's id, as `devices list` shows it; may be given several times
    #[arg(long = "device", value_name = "ID", required = true)]
    devices: Vec<DeviceId>,
    #[command(flatten)]
    whose: Whose,
    /// Show this text to the people at the device
    #[arg(long, value_name = "TEXT")]
    notify: Vec<Note>,
    /// Report running status now
    #[arg(long)]
    report_status: bool,
    /// Ask for a new formal access code now
    #[arg(long)]
    rotate_code: bool,
    /// Not before so long from now, such as 2h
    #[arg(long, value_name = "SPAN", value_parser = parse_duration)]
    after: Option<Seconds>,
    /// To be begun within this time from now, such as 7d; 30 days unless given
    #[arg(long, value_name = "SPAN", value_parser = parse_duration)]
    within: Option<Seconds>,
    /// The request's id; the same one again makes nothing twice. Drawn unless given
    #[arg(long, value_name = "ID")]
    request: Option<RequestId>,
}

/// What one device was told, and what became of it.
#[derive(Args)]
#[command(after_help = "Example:\n  restante-center instructions dev-2yaq… --user 'Anna Weber'")]
pub(crate) struct List {
    /// The device's id, as `devices list` shows it
    device: DeviceId,
    #[command(flatten)]
    whose: Whose,
}

/// An instruction that is not to be carried out after all.
#[derive(Args)]
#[command(
    after_help = "Example:\n  restante-center cancel ins-5cfv… --device dev-2yaq… --user 'Anna Weber'"
)]
pub(crate) struct Cancel {
    /// Its id, as `instructions` shows it
    instruction: InstructionId,
    /// Its device's id
    #[arg(long, value_name = "ID")]
    device: DeviceId,
    #[command(flatten)]
    whose: Whose,
}

impl Order {
    pub(crate) async fn run(self, reach: &Reach) -> Result<(), Failure> {
        let acts = self.acts()?;
        let request = match self.request {
            Some(request) => request,
            None => draw()?,
        };
        let console = reach.console().await?;
        let message = Instruct {
            customer: self.whose.customer(&console).await?,
            devices: self.devices,
            acts,
            not_before: self.after,
            expires: self.within,
            request,
        };
        match console.ask(PeopleRequest::Instruct(message)).await? {
            PeopleReply::Instructed(told) if reach.json => table::json(&told),
            PeopleReply::Instructed(told) => instructed(&told),
            _ => Err(Failure::other_reply()),
        }
    }

    /// The acts, in the order in which the options stand in the help.
    fn acts(&self) -> Result<Acts, Failure> {
        let notify = |text: &Note| Act::Notify(Notify { text: text.clone() });
        let mut acts: Vec<Act> = self.notify.iter().map(notify).collect();
        acts.extend(self.report_status.then_some(Act::ReportStatus));
        acts.extend(self.rotate_code.then_some(Act::RotateCode));
        Acts::new(acts).ok_or_else(|| {
            Failure::given("say what to do: --notify, --report-status or --rotate-code; 8 at most")
        })
    }
}

/// A fresh request id.
pub(crate) fn draw() -> Result<RequestId, Failure> {
    let drawn = SystemEntropy::new().id();
    let bytes = drawn.map_err(|error| Failure::ran(error.to_string()))?;
    Ok(RequestId::from_bytes(bytes))
}

fn instructed(told: &Instructed) -> Result<(), Failure> {
    let row = |row: &restante_core::wire::instruct::InstructedDevice| {
        vec![row.device.to_string(), row.instruction.to_string()]
    };
    let rows = told.rows.iter().map(row).collect();
    table::table(&["DEVICE", "INSTRUCTION"], rows, "No device was named.")
}

impl List {
    pub(crate) async fn run(self, reach: &Reach) -> Result<(), Failure> {
        let console = reach.console().await?;
        let customer = self.whose.customer(&console).await?;
        let device = self.device;
        let asked = |after| {
            PeopleRequest::ListInstructions(ListInstructions {
                device,
                customer,
                after,
            })
        };
        let page = |reply| match reply {
            PeopleReply::Instructions(page) => Some(page),
            _ => None,
        };
        let rows = console.all_pages(asked, page).await?;
        if reach.json {
            return table::json(&rows);
        }
        let heads = [
            "INSTRUCTION",
            "ACTS",
            "STATE",
            "DELIVERIES",
            "MADE (UTC)",
            "EXPIRES (UTC)",
            "TAKEN (UTC)",
            "FINISHED (UTC)",
            "RESULTS",
        ];
        let empty = "The device has not been told anything.";
        table::table(&heads, rows.iter().map(row).collect(), empty)
    }
}

fn row(row: &InstructionRow) -> Vec<String> {
    let acts: Vec<&str> = row.acts.as_slice().iter().map(Act::kind).collect();
    let results: Vec<String> = row.results.iter().map(result).collect();
    vec![
        row.instruction.to_string(),
        acts.join(", "),
        state(row),
        row.attempt.unwrap_or(0).to_string(),
        table::minute(row.made),
        table::minute(row.expires),
        row.taken.map_or("-".into(), table::minute),
        row.finished.map_or("-".into(), table::minute),
        results.join(", "),
    ]
}

/// What became of one act, with what the device says of it.
fn result(result: &restante_core::wire::ActResult) -> String {
    let word = format!("{:?}", result.outcome).to_lowercase();
    match &result.detail {
        Some(detail) => format!("{word} ({detail})"),
        None => word,
    }
}

fn state(row: &InstructionRow) -> String {
    let off = if row.cancel { ", called off" } else { "" };
    format!("{}{off}", row.state.word())
}

impl Cancel {
    pub(crate) async fn run(self, reach: &Reach) -> Result<(), Failure> {
        let console = reach.console().await?;
        let request = PeopleRequest::CancelInstruction(CancelInstruction {
            instruction: self.instruction,
            device: self.device,
            customer: self.whose.customer(&console).await?,
        });
        let (id, device) = (self.instruction, self.device);
        let missing = || format!("{device} has no {id}; `instructions {device}` shows the ids");
        let cancelled = console.ask(request).await;
        match cancelled.map_err(|error| Failure::unless_missing(error, missing))? {
            PeopleReply::InstructionCancelled(row) if reach.json => table::json(&row),
            PeopleReply::InstructionCancelled(row) => {
                table::line(&format!("the instruction is {}", state(&row)))
            }
            _ => Err(Failure::other_reply()),
        }
    }
}
