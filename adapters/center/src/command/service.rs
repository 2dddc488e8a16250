//! `restante-center service`: what devices can be applied for.

use clap::Subcommand;
use restante_center::program::Failure;
use restante_core::id::{Model, Note, ServiceId};
use restante_core::limits::MODELS_PER_SERVICE;
use restante_core::wire::ServiceUrl;
use restante_core::wire::people::{PeopleReply, PeopleRequest};
use restante_core::wire::services::{
    Collator, DefineService, ListServices, ServiceRow, ServicesReply, ServicesRequest,
};

use super::apply::ask;
use super::reach::Reach;
use super::table;
use super::whose::Whose;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a service, or change it; applications that are under way go on as they were made
    #[command(after_help = "\
Examples:
  restante-center service define pull-print --url https://print.example/restante
  restante-center service define pull-print --url https://print.example/restante \\
      --title 'Pull printing' --model 'MF 1' --model 'MF 2'
  restante-center service define scan-cloud --url https://scan.example/start --by-provider \\
      --center https://center.example --token-file provider-token

The host of the URL has to stand in `service-hosts` of the configuration ([policy]): devices go
nowhere else. Where this center is the provider, the URL is
https://CENTER/v1/services/ID/registrations.")]
    Define {
        /// Its id, which people choose: lower-case letters, digits and hyphens
        service: ServiceId,
        /// Where devices register for it
        #[arg(long, value_name = "URL")]
        url: ServiceUrl,
        /// What people call it; its id unless given
        #[arg(long, value_name = "TEXT")]
        title: Option<Note>,
        /// A model that it applies to; may be given several times. Every model unless given
        #[arg(long = "model", value_name = "MODEL")]
        models: Vec<Model>,
        /// Its provider's own server makes the codes and collates them; takes that provider's
        /// token (--token-file)
        #[arg(long)]
        by_provider: bool,
    },
    /// Show the services
    #[command(after_help = "\
Examples:
  restante-center service list
  restante-center service list --user 'Anna Weber' --unused")]
    List {
        #[command(flatten)]
        whose: Whose,
        /// Only those that no device of the customer uses
        #[arg(long)]
        unused: bool,
    },
}

impl Command {
    pub(crate) async fn run(self, reach: &Reach) -> Result<(), Failure> {
        match self {
            Self::Define {
                service,
                url,
                title,
                models,
                by_provider,
            } => {
                let message = DefineService {
                    service,
                    title,
                    url,
                    models,
                    collator: match by_provider {
                        true => Collator::Provider,
                        false => Collator::Center,
                    },
                };
                define(reach, message).await
            }
            Self::List { whose, unused } => list(reach, &whose, unused).await,
        }
    }
}

async fn define(reach: &Reach, message: DefineService) -> Result<(), Failure> {
    if message.models.len() > MODELS_PER_SERVICE {
        let most = format!("a service names at most {MODELS_PER_SERVICE} models");
        return Err(Failure::given(most));
    }
    let console = reach.console().await?;
    let ServicesReply::Defined(row) = ask(&console, ServicesRequest::Define(message)).await? else {
        return Err(Failure::other_reply());
    };
    if reach.json {
        return table::json(&row);
    }
    let service = &row.service;
    table::line(&format!(
        "{service} can be applied for

  title      {}
  models     {}
  register   {}
  codes by   {}
  account    {}

Apply for it:  restante-center apply {service} --user NAME --all{}",
        row.title,
        models(&row),
        row.url.as_str(),
        codes_by(&row),
        account(&row),
        reach.again(),
    ))
}

async fn list(reach: &Reach, whose: &Whose, unused: bool) -> Result<(), Failure> {
    let console = reach.console().await?;
    let customer = whose.customer(&console).await?;
    let asked = |after| {
        PeopleRequest::Services(ServicesRequest::List(ListServices {
            customer,
            unused,
            after,
        }))
    };
    let page = |reply| match reply {
        PeopleReply::Services(ServicesReply::Services(page)) => Some(page),
        _ => None,
    };
    let rows = console.all_pages(asked, page).await?;
    if reach.json {
        return table::json(&rows);
    }
    let empty = if unused {
        "Every service is in use."
    } else {
        "There are no services. Make one with: restante-center service define ID --url URL"
    };
    let heads = [
        "SERVICE",
        "TITLE",
        "USED",
        "MODELS",
        "CODES BY",
        "ACCOUNT",
        "REGISTER AT",
    ];
    table::table(&heads, rows.iter().map(row).collect(), empty)
}

fn row(row: &ServiceRow) -> Vec<String> {
    let used = match row.used {
        Some(true) => "yes",
        Some(false) => "no",
        None => "-",
    };
    vec![
        row.service.to_string(),
        row.title.to_string(),
        used.into(),
        models(row),
        codes_by(row).into(),
        account(row),
        row.url.as_str().into(),
    ]
}

/// Who makes the registration codes.
const fn codes_by(row: &ServiceRow) -> &'static str {
    match row.collator.is_center() {
        true => "center",
        false => "provider",
    }
}

/// Whose service it is, for those who are told.
fn account(row: &ServiceRow) -> String {
    row.account
        .as_ref()
        .map_or_else(|| "-".into(), ToString::to_string)
}

/// The models, a few of them by name.
fn models(row: &ServiceRow) -> String {
    let names: Vec<String> = row.models.iter().map(ToString::to_string).collect();
    match names.as_slice() {
        [] => "every".into(),
        few if few.len() <= SHOWN => few.join(", "),
        many => format!(
            "{} and {} more",
            many[..SHOWN].join(", "),
            many.len() - SHOWN
        ),
    }
}

/// Models that a table names; `--json` names all.
const SHOWN: usize = 3;
