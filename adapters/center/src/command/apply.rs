//! `restante-center apply`, `choose`, `call-off` and `stop-use`: starting a service on devices, and
//! taking it back.
//!
//! Whoever names no devices is shown the candidates and chooses among them. What happens next is
//! always said: the instructions wait until the devices come for them.

use clap::Args;
use restante_center::program::Failure;
use restante_center::{Console, parse_duration};
use restante_core::Seconds;
use restante_core::id::{ApplicationId, CustomerId, DeviceId, Model, RequestId, ServiceId};
use restante_core::limits::{DEVICES_PER_MESSAGE, MODELS_PER_SERVICE};
use restante_core::wire::RefusalCode;
use restante_core::wire::people::{PeopleReply, PeopleRequest};
use restante_core::wire::services::{
    ApplicationRow, ApplicationState, Apply, CancelApplication, Choose, Devices, Models, Selection,
    ServicesReply, ServicesRequest, StopUse, UseStopped,
};

use super::applications::{self, Named};
use super::entitlements;
use super::instruct::draw;
use super::reach::Reach;
use super::table;
use super::whose::Whose;

/// A wish to start services on devices.
#[derive(Args)]
#[command(after_help = "\
Examples:
  restante-center apply pull-print --user 'Anna Weber' --all
  restante-center apply pull-print scan-to-mail --user 'Anna Weber' --model 'MF 1' --within 14d
  restante-center apply --user 'Anna Weber'      # the only service there is; shows the candidates")]
pub(crate) struct Order {
    /// The services, as `service list` shows them; none need be named where there is only one
    #[arg(value_name = "SERVICE")]
    services: Vec<ServiceId>,
    #[command(flatten)]
    on: On,
    #[command(flatten)]
    whose: Whose,
    /// How long the devices have to start it, such as 14d; 30 days unless given
    #[arg(long, value_name = "SPAN", value_parser = parse_duration)]
    within: Option<Seconds>,
    /// The request's id; the same one again makes nothing twice. Drawn unless given
    #[arg(long, value_name = "ID")]
    request: Option<RequestId>,
}

/// Which devices; at most one of the three ways to name them.
#[derive(Args)]
#[group(multiple = false)]
pub(crate) struct On {
    /// On every device that the service applies to
    #[arg(long)]
    all: bool,
    /// On the devices of this model; may be given several times
    #[arg(long = "model", value_name = "MODEL")]
    models: Vec<Model>,
    /// On this device, as `devices list` shows it; may be given several times
    #[arg(long = "device", value_name = "ID")]
    devices: Vec<DeviceId>,
}

/// A choice among the candidates of an application.
#[derive(Args)]
#[command(after_help = "\
Examples:
  restante-center choose app-5cfv… --user 'Anna Weber' --all
  restante-center choose app-5cfv… --user 'Anna Weber' --device dev-2yaq… --device dev-7f3k…")]
pub(crate) struct Choice {
    /// The application's id, as `applications list` shows it
    application: ApplicationId,
    #[command(flatten)]
    on: On,
    #[command(flatten)]
    whose: Whose,
}

/// An application that is not to go on: codes that were not used open nothing any more.
#[derive(Args)]
#[command(after_help = "\
Examples:
  restante-center call-off app-5cfv… --user 'Anna Weber'
  restante-center call-off app-5cfv… --user 'Anna Weber' --device dev-2yaq…")]
pub(crate) struct CallOff {
    /// The application's id, as `applications list` shows it
    application: ApplicationId,
    /// For this device only; may be given several times
    #[arg(long = "device", value_name = "ID")]
    devices: Vec<DeviceId>,
    #[command(flatten)]
    whose: Whose,
}

/// Devices that are to use a service no longer; they can be applied for again.
#[derive(Args)]
#[command(after_help = "\
Examples:
  restante-center stop-use pull-print --user 'Anna Weber' --device dev-2yaq…
  restante-center stop-use pull-print --user 'Anna Weber' --all")]
pub(crate) struct Stop {
    /// The service, as `service list` shows it
    service: ServiceId,
    /// Every device that uses it
    #[arg(long, required_unless_present = "devices", conflicts_with = "devices")]
    all: bool,
    /// This device, as `entitlements` shows it; may be given several times
    #[arg(long = "device", value_name = "ID")]
    devices: Vec<DeviceId>,
    #[command(flatten)]
    whose: Whose,
}

impl On {
    /// What is named; nothing leaves the choice open.
    fn selection(&self) -> Result<Selection, Failure> {
        Ok(match (self.all, &self.models[..], &self.devices[..]) {
            (true, ..) => Selection::All,
            (_, [_, ..], _) if self.models.len() > MODELS_PER_SERVICE => {
                let most = format!("at most {MODELS_PER_SERVICE} models can be named");
                return Err(Failure::given(most));
            }
            (_, [_, ..], _) => Selection::Models(Models(self.models.clone())),
            (_, [], [_, ..]) => Selection::Devices(named(self.devices.clone())?),
            (_, [], []) => Selection::Chosen,
        })
    }
}

/// Devices, as many as one message names.
pub(crate) fn named(devices: Vec<DeviceId>) -> Result<Devices, Failure> {
    if devices.len() > DEVICES_PER_MESSAGE {
        return Err(Failure::given(format!(
            "at most {DEVICES_PER_MESSAGE} devices can be named at once; name them in several \
             commands, or by --model or --all"
        )));
    }
    Ok(Devices(devices))
}

/// Asks one thing about services.
pub(crate) async fn ask(
    console: &Console,
    request: ServicesRequest,
) -> Result<ServicesReply, Failure> {
    match console.ask(PeopleRequest::Services(request)).await? {
        PeopleReply::Services(reply) => Ok(reply),
        _ => Err(Failure::other_reply()),
    }
}

impl Order {
    pub(crate) async fn run(self, reach: &Reach) -> Result<(), Failure> {
        let on = self.on.selection()?;
        let request = match self.request {
            Some(request) => request,
            None => draw()?,
        };
        let console = reach.console().await?;
        let customer = self.whose.customer(&console).await?;
        let message = Apply {
            request,
            customer,
            services: self.services,
            on,
            validity: self.within,
        };
        let services = message.services.clone();
        let reply = ask(&console, ServicesRequest::Apply(message)).await;
        let applied = match reply {
            Ok(ServicesReply::Applied(applied)) => applied,
            Ok(_) => return Err(Failure::other_reply()),
            Err(refused) if refused.is(RefusalCode::ApplicationOpen) => {
                let of = self.whose.again() + &reach.again();
                return Err(call_off_first(&console, refused, customer, &services, &of).await);
            }
            Err(failure) => return Err(failure),
        };
        if reach.json {
            return table::json(&applied);
        }
        let (mut rows, mut left_out) = (Vec::new(), Vec::new());
        for row in applied.applications {
            let id = row.application;
            let named = Named { id, customer };
            let row = applications::filled(&console, named, row).await?;
            let (row, words) = applications::counted(&console, named, row).await?;
            rows.push(row);
            left_out.push(words);
        }
        applications::table(&rows)?;
        for (row, left_out) in rows.iter().zip(left_out) {
            let about = (customer, left_out);
            next_step(&console, row, about, (&self.whose, reach)).await?;
        }
        Ok(())
    }
}

/// A refusal because of applications that are open, with the command that ends the latest of them.
async fn call_off_first(
    console: &Console,
    refused: Failure,
    customer: Option<CustomerId>,
    services: &[ServiceId],
    of: &str,
) -> Failure {
    let rows = applications::all(console, customer).await;
    let is_it = |row: &ApplicationRow| {
        matches!(
            row.state,
            ApplicationState::Filling | ApplicationState::Open
        ) && (services.is_empty() || services.contains(&row.service))
    };
    match rows.unwrap_or_default().into_iter().rfind(is_it) {
        Some(open) => refused.advising(&format!(
            ". Wait until it is complete, or call it off:  restante-center call-off {}{of}",
            open.application
        )),
        None => refused,
    }
}

/// What the administrator can do next.
async fn next_step(
    console: &Console,
    row: &ApplicationRow,
    (customer, left_out): (Option<CustomerId>, Option<String>),
    (whose, reach): (&Whose, &Reach),
) -> Result<(), Failure> {
    let (id, of) = (row.application, whose.again() + &reach.again());
    let named = Named { id, customer };
    if let Some(words) = left_out {
        table::line(&format!("\n{words}"))?;
    }
    let tally = &row.tally;
    let told = tally.waiting + tally.entitled + tally.failed + tally.withdrawn;
    match row.state {
        ApplicationState::Choosing => {
            table::line(&format!("\nCandidates for {}:\n", row.service))?;
            applications::devices(console, named, whose).await?;
            table::line(&format!(
                "\nChoose among them:  restante-center choose {id}{of} --all    \
                 (or --model, or --device)"
            ))
        }
        ApplicationState::Open | ApplicationState::Complete if told == 0 && tally.left_out > 0 => {
            table::line(&format!("No device is told to start {}.", row.service))
        }
        ApplicationState::Filling | ApplicationState::Open if console.local().is_some() => {
            table::line(
                "\nNo center runs here. The instructions are made once it does:  \
                 restante-center serve",
            )
        }
        ApplicationState::Filling | ApplicationState::Open => table::line(&format!(
            "\nDevices start {} when they poll next. Watch them:  \
             restante-center applications show {id}{of} --watch",
            row.service
        )),
        _ => Ok(()),
    }
}

impl Choice {
    pub(crate) async fn run(self, reach: &Reach) -> Result<(), Failure> {
        let on = self.on.selection()?;
        if on == Selection::Chosen {
            return Err(Failure::given(
                "say which devices: --all, --model MODEL or --device ID",
            ));
        }
        let console = reach.console().await?;
        let customer = self.whose.customer(&console).await?;
        let message = Choose {
            application: self.application,
            customer,
            on,
        };
        let request = PeopleRequest::Services(ServicesRequest::Choose(message));
        let named = Named {
            id: self.application,
            customer,
        };
        let row = match about_one(&console, self.application, request).await {
            Err(refused) if refused.is(RefusalCode::ApplicationOpen) => {
                let services = [applications::one(&console, named).await?.service];
                let of = self.whose.again() + &reach.again();
                return Err(call_off_first(&console, refused, customer, &services, &of).await);
            }
            row => row?,
        };
        if reach.json {
            return table::json(&row);
        }
        let row = applications::filled(&console, named, row).await?;
        let (row, left_out) = applications::counted(&console, named, row).await?;
        applications::table(std::slice::from_ref(&row))?;
        next_step(&console, &row, (customer, left_out), (&self.whose, reach)).await
    }
}

impl CallOff {
    pub(crate) async fn run(self, reach: &Reach) -> Result<(), Failure> {
        let devices = if self.devices.is_empty() {
            None
        } else {
            Some(named(self.devices)?)
        };
        let console = reach.console().await?;
        let message = CancelApplication {
            application: self.application,
            customer: self.whose.customer(&console).await?,
            devices,
        };
        let was_for_all = message.devices.is_none();
        let request = PeopleRequest::Services(ServicesRequest::CancelApplication(message));
        let row = about_one(&console, self.application, request).await?;
        if reach.json {
            return table::json(&row);
        }
        applications::table(std::slice::from_ref(&row))?;
        table::line(match (row.state, was_for_all) {
            (ApplicationState::Cancelled, _) => {
                "\nCalled off: codes that were not used open nothing any more."
            }
            (_, true) => "\nIt had come to its end already.",
            (_, false) => "\nCalled off for these devices.",
        })
    }
}

/// The application that a message is about, as it is now.
async fn about_one(
    console: &Console,
    id: ApplicationId,
    request: PeopleRequest,
) -> Result<ApplicationRow, Failure> {
    let missing = || applications::missing(id);
    let reply = console.ask(request).await;
    match reply.map_err(|error| Failure::unless_missing(error, missing))? {
        PeopleReply::Services(ServicesReply::Application(row)) => Ok(row),
        _ => Err(Failure::other_reply()),
    }
}

impl Stop {
    pub(crate) async fn run(self, reach: &Reach) -> Result<(), Failure> {
        let console = reach.console().await?;
        let customer = self.whose.customer(&console).await?;
        let service = &self.service;
        let devices = if self.all {
            let rows = entitlements::rows(&console, service, customer).await?;
            let in_use = rows.iter().filter(|row| row.stopped.is_none());
            in_use.map(|row| row.device).collect()
        } else {
            self.devices
        };
        let mut stopped = 0;
        for some in devices.chunks(DEVICES_PER_MESSAGE) {
            let message = StopUse {
                service: service.clone(),
                customer,
                devices: Devices(some.to_vec()),
            };
            match ask(&console, ServicesRequest::StopUse(message)).await? {
                ServicesReply::UseStopped(told) => stopped += told.stopped,
                _ => return Err(Failure::other_reply()),
            }
        }
        if reach.json {
            return table::json(&UseStopped { stopped });
        }
        table::line(&match stopped {
            0 => format!("None of these devices uses {service}."),
            1 => format!("stopped: 1 device uses {service} no longer"),
            many => format!("stopped: {many} devices use {service} no longer"),
        })
    }
}
