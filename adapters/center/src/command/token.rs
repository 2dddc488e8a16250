//! `restante-center token`: access tokens of people and programs.

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use restante_center::program::Failure;
use restante_center::{Console, parse_duration};
use restante_core::Seconds;
use restante_core::id::{AccountName, TokenId};
use restante_core::wire::people::{
    IssueToken, ListTokens, PeopleReply, PeopleRequest, RevokeToken, Role, TokenRow,
};

use super::reach::Reach;
use super::table;
use super::whose::Whose;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a token; it is shown this once
    #[command(
        after_help = "Examples:\n  restante-center token issue --role dealer --account Harbour\n  restante-center token issue --role dealer --account Harbour --validity 90d\n  restante-center token issue --role administrator --account Anna --user 'Anna Weber'"
    )]
    Issue {
        /// What its owner may do
        #[arg(long, value_parser = PossibleValuesParser::new(Role::ALL.map(Role::word)))]
        role: String,
        /// Whose it is
        #[arg(long, value_name = "NAME")]
        account: AccountName,
        /// The customer that an administrator's or a manager's token is about
        #[command(flatten)]
        whose: Whose,
        /// How long it is valid, such as 30d; until it is revoked unless given
        #[arg(long, value_parser = parse_duration)]
        validity: Option<Seconds>,
    },
    /// Show all tokens
    #[command(after_help = "Example:\n  restante-center token list")]
    List,
    /// Refuse a token from now on
    #[command(
        after_help = "Example:\n  restante-center token revoke tok-01m7ya45bvcpmn75kyy5me293q"
    )]
    Revoke {
        /// Its id, as `token list` shows it
        token: TokenId,
    },
}

impl Command {
    pub(crate) async fn run(self, reach: &Reach) -> Result<(), Failure> {
        match self {
            Self::Issue {
                role,
                account,
                whose,
                validity,
            } => {
                let role = Role::ALL.into_iter().find(|it| it.word() == role);
                let role = role.ok_or_else(|| Failure::given("there is no such role"))?;
                let console = reach.console().await?;
                let message = IssueToken {
                    role,
                    account,
                    customer: whose.customer_to_be(&console).await?,
                    validity,
                };
                issue(&console, reach, message).await
            }
            Self::List => list(reach).await,
            Self::Revoke { token } => revoke(reach, token).await,
        }
    }
}

async fn issue(console: &Console, reach: &Reach, message: IssueToken) -> Result<(), Failure> {
    let PeopleReply::TokenIssued(issued) = console.ask(PeopleRequest::IssueToken(message)).await?
    else {
        return Err(Failure::other_reply());
    };
    if reach.json {
        return table::json(&issued);
    }
    let row = &issued.row;
    table::line(&format!(
        "{}\n\n  role     {}\n  account  {}\n  valid    {}\n  \
         revoke   restante-center token revoke {}\n\n\
         Keep it in a file that its owner alone can read (chmod 600); pass it with --token-file.\n\
         It cannot be shown again.",
        issued.token.to_text(),
        row.role.word(),
        row.account,
        row.expires
            .map_or("until it is revoked".into(), |at| format!(
                "until {} UTC",
                table::minute(at)
            )),
        row.token,
    ))
}

async fn list(reach: &Reach) -> Result<(), Failure> {
    let console = reach.console().await?;
    let asked = |after| PeopleRequest::ListTokens(ListTokens { after });
    let page = |reply| match reply {
        PeopleReply::Tokens(page) => Some(page),
        _ => None,
    };
    let rows = console.all_pages(asked, page).await?;
    if reach.json {
        return table::json(&rows);
    }
    let heads = [
        "TOKEN",
        "ROLE",
        "ACCOUNT",
        "CUSTOMER",
        "ISSUED (UTC)",
        "STATE",
    ];
    table::table(
        &heads,
        rows.iter().map(row).collect(),
        "There are no tokens yet.",
    )
}

fn row(token: &TokenRow) -> Vec<String> {
    let state = match (token.revoked, token.expires) {
        (Some(at), _) => format!("revoked {}", table::minute(at)),
        (None, Some(at)) => format!("until {}", table::minute(at)),
        (None, None) => "until revoked".into(),
    };
    vec![
        token.token.to_string(),
        token.role.word().into(),
        token.account.to_string(),
        token
            .customer
            .map_or(String::new(), |customer| customer.to_string()),
        table::minute(token.issued),
        state,
    ]
}

async fn revoke(reach: &Reach, token: TokenId) -> Result<(), Failure> {
    let console = reach.console().await?;
    let request = PeopleRequest::RevokeToken(RevokeToken { token });
    let missing = || format!("there is no token {token}; `token list` shows the ids");
    let revoked = console.ask(request).await;
    match revoked.map_err(|error| Failure::unless_missing(error, missing))? {
        PeopleReply::TokenRevoked(row) if reach.json => table::json(&row),
        PeopleReply::TokenRevoked(row) => table::line(&format!(
            "revoked: {} of {} opens nothing any more",
            row.token, row.account
        )),
        _ => Err(Failure::other_reply()),
    }
}
