//! `restante-center entitlements`: which devices use a service, or did.

use clap::Args;
use restante_center::Console;
use restante_center::program::Failure;
use restante_core::id::{CustomerId, ServiceId};
use restante_core::wire::people::{PeopleReply, PeopleRequest};
use restante_core::wire::services::{
    EntitlementRow, ListEntitlements, ServicesReply, ServicesRequest,
};

use super::holdings;
use super::reach::Reach;
use super::table;
use super::whose::Whose;

/// The devices that use a service, or did.
#[derive(Args)]
#[command(after_help = "Example:\n  restante-center entitlements pull-print --user 'Anna Weber'")]
pub(crate) struct List {
    /// The service, as `service list` shows it
    service: ServiceId,
    #[command(flatten)]
    whose: Whose,
}

impl List {
    pub(crate) async fn run(self, reach: &Reach) -> Result<(), Failure> {
        let console = reach.console().await?;
        let customer = self.whose.customer(&console).await?;
        let rows = rows(&console, &self.service, customer).await?;
        if reach.json {
            return table::json(&rows);
        }
        let names = holdings::names(&console, &self.whose).await?;
        let lines = rows.iter().map(|row| {
            let (model, serial) = names.get(&row.device).cloned().unwrap_or_default();
            let stopped = row.stopped.map_or(String::new(), table::minute);
            let since = table::minute(row.since);
            vec![row.device.to_string(), model, serial, since, stopped]
        });
        let heads = ["DEVICE", "MODEL", "SERIAL", "SINCE (UTC)", "STOPPED (UTC)"];
        let empty = format!("No device uses {}.", self.service);
        table::table(&heads, lines.collect(), &empty)
    }
}

/// All devices of the customer that use the service or did.
pub(crate) async fn rows(
    console: &Console,
    service: &ServiceId,
    customer: Option<CustomerId>,
) -> Result<Vec<EntitlementRow>, Failure> {
    let asked = |after| {
        PeopleRequest::Services(ServicesRequest::ListEntitlements(ListEntitlements {
            service: service.clone(),
            customer,
            after,
        }))
    };
    let page = |reply| match reply {
        PeopleReply::Services(ServicesReply::Entitlements(page)) => Some(page),
        _ => None,
    };
    Ok(console.all_pages(asked, page).await?)
}
