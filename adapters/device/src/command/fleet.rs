//! `fleet`: many simulated devices, from the command line's words to the summary.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use restante_core::device::Kept;
use restante_core::id::{LanAddress, Model, Serial};
use restante_core::wire::{Contacts, DeviceEntry, Function, FunctionSet, Identification, Status};

use super::{CommandError, Outcome, polling, stop, trusting};
use crate::cli;
use crate::driver::Ended;
use crate::fleet::list::{self, Listed};
use crate::fleet::{
    DEVICES, Entry, Fleet, FleetFolder, Goal, Limits, Member, Settings, Tally, wants_code,
};
use crate::line::HttpLine;
use crate::say;
use crate::trial;

pub(super) async fn run(args: cli::Fleet) -> Result<Outcome, CommandError> {
    let entries = entries(&args)?;
    let line = trusting(args.trust.as_deref())?;
    if let Some(center) = &args.center {
        line.client(center)?;
    }
    let (folder, kept) = match &args.state {
        Some(path) => {
            let found = FleetFolder::open(path)?;
            (Some(found.folder), found.devices)
        }
        None => (None, Vec::new()),
    };
    let members = members(&args, kept, &entries)?;
    let settings = Settings {
        per_second: args.per_second,
        poll_every: args.poll_every,
    };
    let limits = Limits {
        goal: args.until.goal(),
        lasts: args.lasts,
    };
    let mut fleet = Fleet::new(members, folder, line, settings);
    let _listening = match args.polling {
        Some(at) => Some(polling::listen_for_many(at, fleet.hearing()).await?),
        None => None,
    };
    let mut view = View::new(fleet.members().len(), limits.goal);
    let shown = |tally: &Tally, news: Vec<String>| view.show(tally, news);
    let ended = fleet.run(limits, stop(), shown).await?;
    let since = view.end();
    say::text(summary(&fleet, ended, since));
    Ok(match (ended, limits.goal) {
        // A fleet without a goal has done all that it was to do.
        (Ended::OutOfTime, Goal::Forever) => Outcome::Done,
        _ => ended.into(),
    })
}

/// What is entered at the devices, in the order of the codes.
fn entries(args: &cli::Fleet) -> Result<Vec<Arc<Entry>>, CommandError> {
    let Some(center) = &args.center else {
        return match args.codes.is_empty() {
            true => Ok(Vec::new()),
            false => Err(CommandError::Value(
                "a code needs the address of its center: give --center".to_owned(),
            )),
        };
    };
    let entry = |text: &String| {
        Ok(Arc::new(Entry {
            code: text.parse()?,
            center: center.clone(),
        }))
    };
    args.codes.iter().map(entry).collect()
}

/// The devices of the folder, and the new ones that are wanted beside them.
fn members(
    args: &cli::Fleet,
    kept: Vec<Kept>,
    entries: &[Arc<Entry>],
) -> Result<Vec<Member>, CommandError> {
    let wrong = |why: String| Err(CommandError::Value(why));
    let mut listed = match &args.devices {
        Some(file) => listed(args, file)?,
        None => made(args, kept.len())?,
    };
    let in_want = kept.iter().filter(|kept| wants_code(kept)).count();
    let mut devices = Vec::new();
    for kept in kept {
        let is_it = |me: &DeviceEntry| me.identification.is_same_device(kept.device());
        let place = listed.iter().position(is_it);
        let contacts = place.map(|place| listed.remove(place).contacts);
        devices.push((contacts.unwrap_or_default(), kept));
    }
    let count = devices.len() + listed.len();
    let in_want = in_want + listed.len();
    if count == 0 {
        return wrong("how many devices? give --count, or --state with a fleet in it".to_owned());
    }
    if count > DEVICES as usize {
        return wrong(format!(
            "a fleet has at most {DEVICES} devices, and not {count}"
        ));
    }
    if entries.is_empty() && in_want > 0 {
        return wrong(format!(
            "{in_want} of {count} devices have no registration: give --center and --code"
        ));
    }
    // Each code gets a part of the fleet in one piece, in which the models have their shares.
    let entry = |place: usize| entries.get(place * entries.len() / count).cloned();
    let mut members = Vec::with_capacity(count);
    for (contacts, kept) in devices {
        let place = members.len();
        let contacts = reachable(args, place, contacts)?;
        let (status, entry) = (status(place)?, entry(place));
        members.push(Member::resumed(kept, contacts, status, entry));
    }
    for mut me in listed {
        let place = members.len();
        me.contacts = reachable(args, place, me.contacts)?;
        members.push(Member::new(me, status(place)?, entry(place)));
    }
    Ok(members)
}

/// The contacts with the address at which the device at this place can be asked to poll.
fn reachable(
    args: &cli::Fleet,
    place: usize,
    contacts: Contacts,
) -> Result<Contacts, CommandError> {
    let Some(first) = args.polling else {
        return Ok(contacts);
    };
    let wrong = |why: String| CommandError::Value(format!("--polling {first}: {why}"));
    let address = u32::try_from(place)
        .ok()
        .and_then(|place| first.ip().to_bits().checked_add(place))
        .ok_or_else(|| wrong("there are not so many addresses behind it".to_owned()))?;
    let address = SocketAddrV4::new(Ipv4Addr::from_bits(address), first.port());
    let address = LanAddress::new(address.to_string()).map_err(|why| wrong(why.to_string()))?;
    Ok(Contacts {
        address: Some(address),
        ..contacts
    })
}

/// The devices of a list.
fn listed(args: &cli::Fleet, file: &Path) -> Result<Vec<DeviceEntry>, CommandError> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).map_err(|why| CommandError::File {
        path: shown.to_string(),
        why,
    })?;
    let listed = list::read(&text);
    let listed = listed.map_err(|why| CommandError::Value(format!("{shown}:\n{why}")))?;
    let me = |it: Listed| {
        let contacts = Contacts {
            address: it.address,
            ..Contacts::default()
        };
        Ok(DeviceEntry {
            identification: identification(args, it.model, it.serial)?,
            contacts,
        })
    };
    listed.into_iter().map(me).collect()
}

/// As many new devices as are wanted beside those that there are.
fn made(args: &cli::Fleet, held: usize) -> Result<Vec<DeviceEntry>, CommandError> {
    let wrong = |why: String| CommandError::Value(why);
    let count = args.count.map_or(held, |count| count as usize);
    let new = count.checked_sub(held).ok_or_else(|| {
        wrong(format!(
            "the folder holds {held} devices; give --count {held} or more, or leave it out"
        ))
    })?;
    let me = |(number, model): (usize, Model)| {
        let serial = format!("{}{number:05}", args.serial);
        let serial: Serial = serial
            .parse()
            .map_err(|why| wrong(format!("{serial:?} is no serial number: {why}")))?;
        Ok(DeviceEntry {
            identification: identification(args, model, serial)?,
            contacts: Contacts::default(),
        })
    };
    (held + 1..).zip(args.models.deal(new)).map(me).collect()
}

fn identification(
    args: &cli::Fleet,
    model: Model,
    serial: Serial,
) -> Result<Identification, CommandError> {
    let functions = FunctionSet::new([Function::Scanner, Function::Printer]);
    Ok(Identification {
        vendor: args.vendor.clone(),
        model,
        serial,
        functions: functions.map_err(|why| CommandError::Value(why.to_string()))?,
    })
}

/// The readings of a trial: a hundred copied sheets more for each device than for the one before.
fn status(place: usize) -> Result<Status, CommandError> {
    let sheets = 100 * (place as u64 + 1);
    trial::status(Some(sheets)).map_err(|error| CommandError::Value(error.to_string()))
}

/// How far things are: a bar on a terminal, a line every few seconds elsewhere.
struct View {
    bar: Option<ProgressBar>,
    goal: Goal,
    begun: Instant,
    said: Instant,
    last: Option<Tally>,
}

impl View {
    fn new(devices: usize, goal: Goal) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let form = "{elapsed_precise} {bar:30} {pos:>5}/{len:<5} {msg}";
            let style =
                ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(devices as u64).with_style(style.progress_chars("=> "))
        });
        let now = Instant::now();
        Self {
            bar,
            goal,
            begun: now,
            said: now,
            last: None,
        }
    }

    fn show(&mut self, tally: &Tally, news: Vec<String>) {
        for sentence in news {
            match &self.bar {
                Some(bar) => bar.println(sentence),
                None => say::line(sentence),
            }
        }
        match &self.bar {
            Some(bar) => {
                bar.set_position(tally.reached(self.goal) as u64);
                bar.set_message(progress(tally));
            }
            None if self.said.elapsed() >= LINES && self.last != Some(*tally) => {
                let seconds = self.begun.elapsed().as_secs();
                say::line(format!("{seconds:>5} s  {}", progress(tally)));
                self.said = Instant::now();
                self.last = Some(*tally);
            }
            None => {}
        }
    }

    /// Takes the bar away; how long all of it took.
    fn end(&self) -> Duration {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.begun.elapsed()
    }
}

fn progress(tally: &Tally) -> String {
    let mut text = format!(
        "{} of {} enrolled, {} registered for a service",
        tally.enrolled, tally.devices, tally.registered
    );
    if tally.stuck > 0 {
        text.push_str(&format!(", {} wait for a person", tally.stuck));
    }
    text.push_str(&format!("; {} messages", tally.sent));
    if tally.asked > 0 {
        text.push_str(&format!(", {} poll requests", tally.asked));
    }
    if tally.refused + tally.unanswered > 0 {
        let (refused, unanswered) = (tally.refused, tally.unanswered);
        text.push_str(&format!(", {refused} refused, {unanswered} unanswered"));
    }
    text
}

/// What became of the fleet, model by model.
fn summary(fleet: &Fleet<HttpLine>, ended: Ended, since: Duration) -> String {
    let mut models: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for member in fleet.members() {
        let [devices, enrolled, registered] = models.entry(member.model()).or_default();
        *devices += 1;
        *enrolled += usize::from(member.is_enrolled());
        *registered += usize::from(member.is_registered());
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["MODEL", "DEVICES", "ENROLLED", "REGISTERED"]);
    for (model, numbers) in models {
        let mut row = vec![model.to_owned()];
        row.extend(numbers.iter().map(ToString::to_string));
        table.add_row(row);
    }
    for column in 1..=3 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let tally = fleet.tally();
    let seconds = since.as_secs_f64();
    let mut text: String = table.to_string();
    text = text
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();
    text.push_str(&format!(
        "{} after {seconds:.1} s: {}\n",
        word(ended),
        progress(tally)
    ));
    text
}

const fn word(ended: Ended) -> &'static str {
    match ended {
        Ended::Reached => "done",
        Ended::NeedsPerson | Ended::Refused => "a person is needed",
        Ended::OutOfTime => "the time is over",
        Ended::Stopped => "stopped",
    }
}

/// Between two lines where there is no terminal.
const LINES: Duration = Duration::from_secs(5);
