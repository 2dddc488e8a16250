//! `restante-center service`: what devices can be applied for.

use clap::Subcommand;
use restante_center::Console;
use restante_center::program::Failure;
use restante_core::id::{CustomerId, Model, Note, ServiceId};
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
    ///
    /// Of a service that there is already, title and models stay as they are unless they are given.
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
        /// It applies to every model again
        #[arg(long, conflicts_with = "models")]
        every_model: bool,
        /// Its provider's own server makes the codes and collates them; takes that provider's
        /// token (--token-file)
        #[arg(long, conflicts_with = "by_center")]
        by_provider: bool,
        /// The center makes the codes and collates them again; so it is unless given otherwise
        #[arg(long)]
        by_center: bool,
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
                every_model,
                by_provider,
                by_center,
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
                let keeps = Keeps {
                    models: !every_model,
                    collator: !by_center,
                };
                define(reach, message, keeps).await
            }
            Self::List { whose, unused } => list(reach, &whose, unused).await,
        }
    }
}

/// What a service that is there already keeps where it is not given again.
struct Keeps {
    models: bool,
    collator: bool,
}

async fn define(reach: &Reach, mut message: DefineService, keeps: Keeps) -> Result<(), Failure> {
    if message.models.len() > MODELS_PER_SERVICE {
        let most = format!("a service names at most {MODELS_PER_SERVICE} models");
        return Err(Failure::given(most));
    }
    if let Some(other) = other_service(&message, &reach.shown_url()) {
        return Err(Failure::given(format!(
            "devices would register for {other} there; the URL for {id} ends in \
             /v1/services/{id}/registrations",
            id = message.service
        )));
    }
    let console = reach.console().await?;
    let rows = rows(&console, None, false).await?;
    let before = rows.into_iter().find(|row| row.service == message.service);
    if let Some(before) = &before {
        message.title.get_or_insert_with(|| before.title.clone());
        if message.models.is_empty() && keeps.models {
            message.models.clone_from(&before.models);
        }
        if keeps.collator && before.collator == Collator::Provider {
            message.collator = Collator::Provider;
        }
    }
    let ServicesReply::Defined(row) = ask(&console, ServicesRequest::Define(message)).await? else {
        return Err(Failure::other_reply());
    };
    if reach.json {
        return table::json(&row);
    }
    table::line(&match before {
        Some(before) => changed(&before, &row),
        None => made(&row, reach),
    })
}

/// The service whose registrations a URL of this center would take, where it is another one.
fn other_service<'a>(message: &'a DefineService, center: &str) -> Option<&'a str> {
    let at = message.url.as_str().split(['?', '#']).next()?;
    let of = at
        .strip_prefix(center.trim_end_matches('/'))?
        .strip_prefix("/v1/services/")?
        .strip_suffix("/registrations")?;
    (message.collator.is_center() && of != message.service.as_str()).then_some(of)
}

/// What is said of a service that there was not.
fn made(row: &ServiceRow, reach: &Reach) -> String {
    let service = &row.service;
    let lines: Vec<String> = particulars(row)
        .iter()
        .map(|(name, value)| format!("  {name:10} {value}\n"))
        .collect();
    // A provider's token applies for nothing: that is for the customer's people or the operator.
    let next = match row.collator.is_center() {
        true => format!(
            "Apply for it:  restante-center apply {service} --user NAME --all{}",
            reach.again()
        ),
        false => "It can be applied for with the operator's or an administrator's token once its \
                  server runs: restante-provider serve"
            .to_owned(),
    };
    format!("{service} can be applied for\n\n{}\n{next}", lines.concat())
}

/// What is said of a service that there was: what is different.
fn changed(before: &ServiceRow, row: &ServiceRow) -> String {
    let pairs = particulars(before).into_iter().zip(particulars(row));
    let changes: Vec<String> = pairs
        .filter(|((_, old), (_, new))| old != new)
        .map(|((name, old), (_, new))| format!("\n  {name:10} {old} → {new}"))
        .collect();
    match changes.is_empty() {
        true => format!("{} is as it was", row.service),
        false => format!("{} is changed\n{}", row.service, changes.concat()),
    }
}

/// What is said of a service, by name. All models are named, so that no change hides.
fn particulars(row: &ServiceRow) -> [(&'static str, String); 5] {
    let names: Vec<&str> = row.models.iter().map(Model::as_str).collect();
    let models = match names.is_empty() {
        true => "every".to_owned(),
        false => names.join(", "),
    };
    [
        ("title", row.title.to_string()),
        ("models", models),
        ("register", row.url.as_str().to_owned()),
        ("codes by", codes_by(row).to_owned()),
        ("account", account(row)),
    ]
}

/// All services, or those that no device of the customer uses.
async fn rows(
    console: &Console,
    customer: Option<CustomerId>,
    unused: bool,
) -> Result<Vec<ServiceRow>, Failure> {
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
    Ok(console.all_pages(asked, page).await?)
}

async fn list(reach: &Reach, whose: &Whose, unused: bool) -> Result<(), Failure> {
    let console = reach.console().await?;
    let customer = whose.customer(&console).await?;
    let rows = rows(&console, customer, unused).await?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn service(title: &str, models: &[&str]) -> ServiceRow {
        let url = "https://center.example/v1/services/pull-print/registrations";
        let row = json!({ "service": "pull-print", "title": title, "url": url, "models": models });
        serde_json::from_value(row).expect("a row")
    }

    #[test]
    fn a_change_is_said_with_what_was_and_what_is() {
        let before = service("pull-print", &["MF 1", "MF 2"]);
        assert_eq!(changed(&before, &before), "pull-print is as it was");
        assert_eq!(
            changed(&before, &service("Pull printing", &[])),
            "pull-print is changed\n\n  title      pull-print → Pull printing\n  models     MF 1, \
             MF 2 → every"
        );
    }

    #[test]
    fn the_address_of_another_service_is_seen_where_the_center_collates() {
        let define = |url: &str, collator: &str| -> DefineService {
            let message = json!({ "service": "scan", "url": url, "collator": collator });
            serde_json::from_value(message).expect("a message")
        };
        const CENTER: &str = "https://center.example";
        let of_print = "https://center.example/v1/services/pull-print/registrations";
        let wrong = define(of_print, "center");
        assert_eq!(other_service(&wrong, CENTER), Some("pull-print"));
        assert_eq!(other_service(&define(of_print, "provider"), CENTER), None);
        for fine in [
            "https://center.example/v1/services/scan/registrations",
            "https://print.example/restante",
            "https://elsewhere.example/v1/services/pull-print/registrations",
        ] {
            assert_eq!(
                other_service(&define(fine, "center"), CENTER),
                None,
                "{fine}"
            );
        }
    }
}
