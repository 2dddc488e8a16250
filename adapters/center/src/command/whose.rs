//! Whose devices a command is about: a customer's id, or the name of one of the own users.
//!
//! Names are a dealer's own words, so that only whoever made the codes can name a user. What cannot
//! be found by a name is explained from the codes that were made for it.

use clap::Args;
use restante_center::program::Failure;
use restante_center::{Console, ConsoleError};
use restante_core::id::{CustomerId, UserName};
use restante_core::wire::RefusalCode;
use restante_core::wire::people::{CodeRow, CodeState};

use super::code;
use super::holdings;
use super::shell;

/// Whose devices: the customer's id, or the name of one of your own users. Neither where the token
/// belongs to one customer.
#[derive(Args, Clone)]
#[group(multiple = false)]
pub(crate) struct Whose {
    /// The user whose devices they are, as you named them in `code issue`
    #[arg(long, value_name = "NAME")]
    pub(super) user: Option<UserName>,
    /// The customer's id, as `code list --json` shows it
    #[arg(long, value_name = "ID")]
    pub(super) customer: Option<CustomerId>,
}

impl Whose {
    /// The customer's id, if one is named; a user's customer is known by the devices that it holds.
    pub(crate) async fn customer(&self, console: &Console) -> Result<Option<CustomerId>, Failure> {
        let Some(user) = &self.user else {
            return Ok(self.customer);
        };
        let devices = holdings::devices(console, self).await?;
        match devices.first() {
            Some(first) => Ok(Some(first.customer)),
            None => Err(Failure::ran(nothing_held(console, user).await?)),
        }
    }

    /// The customer's id, if one is named, also where it holds nothing yet: codes know it too.
    pub(crate) async fn customer_to_be(
        &self,
        console: &Console,
    ) -> Result<Option<CustomerId>, Failure> {
        match &self.user {
            Some(user) => match by_code(console, user).await {
                Some(known) => Ok(Some(known)),
                None => self.customer(console).await,
            },
            None => Ok(self.customer),
        }
    }

    /// The options that name the same customer again, with a space before them.
    pub(crate) fn again(&self) -> String {
        match (&self.user, self.customer) {
            (Some(user), _) => format!(" --user {}", shell::quoted(user.as_str())),
            (None, Some(customer)) => format!(" --customer {customer}"),
            (None, None) => String::new(),
        }
    }
}

/// The customer that the codes for this user are about, where the codes can be read.
async fn by_code(console: &Console, user: &UserName) -> Option<CustomerId> {
    let rows = code::rows(console).await.ok()?;
    let row = rows.into_iter().find(|row| row.user == *user)?;
    Some(row.customer)
}

/// Why a user is not known: this person has no such user, or no users at all.
pub(super) async fn unknown(console: &Console, user: &UserName) -> String {
    match code::rows(console).await {
        Err(ConsoleError::Refused(refusal)) if refusal.code == RefusalCode::RoleForbidden => {
            format!(
                "this token knows no user {user}: users are named by the dealer who made their \
                 codes; leave --user out where the token is for one customer, and give \
                 --customer ID otherwise"
            )
        }
        _ => format!("you have no user {user}; `code list` shows whom you have"),
    }
}

/// Why a user holds no device, as far as the codes tell.
async fn nothing_held(console: &Console, user: &UserName) -> Result<String, Failure> {
    let mut codes = code::rows(console).await?;
    codes.retain(|row| row.user == *user);
    Ok(why_nothing(user, &codes))
}

fn why_nothing(user: &UserName, codes: &[CodeRow]) -> String {
    let total = |count: fn(&CodeRow) -> u32| codes.iter().map(count).fold(0, u32::saturating_add);
    let (used, pending) = (total(|row| row.used), total(|row| row.pending));
    let valid = codes.iter().filter(|row| row.state == CodeState::Valid);
    match (used, pending, valid.count()) {
        (1.., ..) => format!("{user} holds no device any more"),
        (0, 1, _) => format!("{user} holds no device yet: 1 has enrolled and has yet to come back"),
        (0, 2.., _) => {
            format!("{user} holds no device yet: {pending} have enrolled and have yet to come back")
        }
        (0, 0, 1) => format!("{user} holds no device yet: its code has not been used"),
        (0, 0, 2..) => format!("{user} holds no device yet: its codes have not been used"),
        (0, 0, 0) => format!(
            "{user} holds no device, and no code of it is valid; make one with: restante-center \
             code issue --user {}",
            shell::quoted(user.as_str())
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn code(state: &str, pending: u32, used: u32) -> CodeRow {
        let row = json!({
            "grant": "grt-00000000000000000000000001", "user": "Anna Weber",
            "customer": "cus-00000000000000000000000001", "state": state,
            "issued": "2026-11-21T08:30:00Z", "expires": "2026-11-28T08:30:00Z",
            "limit": 5, "pending": pending, "used": used,
        });
        serde_json::from_value(row).expect("a row")
    }

    #[test]
    fn that_a_user_holds_nothing_is_explained_by_its_codes() {
        let user = "Anna Weber".parse().expect("a name");
        let said = |codes: &[CodeRow]| why_nothing(&user, codes);
        for (codes, says) in [
            (
                vec![code("valid", 0, 0)],
                " yet: its code has not been used",
            ),
            (
                vec![code("valid", 0, 0), code("valid", 0, 0)],
                " yet: its codes have not been used",
            ),
            (
                vec![code("valid", 3, 0)],
                " yet: 3 have enrolled and have yet to come back",
            ),
            (
                vec![code("expired", 0, 0)],
                ", and no code of it is valid; make one with: restante-center code issue --user \
                 'Anna Weber'",
            ),
            (vec![code("exhausted", 0, 5)], " any more"),
        ] {
            assert_eq!(said(&codes), format!("Anna Weber holds no device{says}"));
        }
    }
}
