//! `restante-center code`: provisional access codes, which a dealer hands over and a person types.

use clap::Subcommand;
use restante_center::program::Failure;
use restante_center::{Console, ConsoleError, duration_text, parse_duration};
use restante_core::Seconds;
use restante_core::id::{GrantId, Note, UserName};
use restante_core::wire::people::{
    CodeIssued, CodeRow, CodeState, IssueCode, ListCodes, PeopleReply, PeopleRequest, RevokeCode,
};

use super::reach::Reach;
use super::table;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a code for a user; it is shown this once
    #[command(
        after_help = "Examples:\n  restante-center code issue --user \"Anna Weber, 2nd floor\"\n  restante-center code issue --user C001 --validity 12h --limit 3 --note \"ground floor\""
    )]
    Issue {
        /// The user whose devices it enrols: all that must be entered
        #[arg(long, value_name = "NAME")]
        user: UserName,
        /// How long it is valid, such as 12h or 7d; as the center's policy says unless given
        #[arg(long, value_parser = parse_duration)]
        validity: Option<Seconds>,
        /// How many devices it may enrol; as many as the center's policy allows unless given
        #[arg(long, value_name = "N")]
        limit: Option<u32>,
        /// What you want to remember about it
        #[arg(long, value_name = "TEXT")]
        note: Option<Note>,
    },
    /// Show the codes that you have made
    #[command(
        after_help = "Examples:\n  restante-center code list\n  restante-center code list --center https://center.example --token-file token"
    )]
    List,
    /// Refuse a code from now on; what it has enrolled stays enrolled
    #[command(
        after_help = "Example:\n  restante-center code revoke grt-01m7ya45bvcpmn75kyy5me293q"
    )]
    Revoke {
        /// Its id, as `code list` shows it
        code: GrantId,
    },
}

impl Command {
    pub(crate) async fn run(self, reach: &Reach) -> Result<(), Failure> {
        match self {
            Self::Issue {
                user,
                validity,
                limit,
                note,
            } => {
                let message = IssueCode {
                    user,
                    validity,
                    limit,
                    note,
                };
                issue(reach, message).await
            }
            Self::List => list(reach).await,
            Self::Revoke { code } => revoke(reach, code).await,
        }
    }
}

async fn issue(reach: &Reach, message: IssueCode) -> Result<(), Failure> {
    let url = reach.shown_url();
    let console = reach.console().await?;
    match console.ask(PeopleRequest::IssueCode(message)).await? {
        PeopleReply::CodeIssued(issued) if reach.json => table::json(&issued),
        PeopleReply::CodeIssued(issued) => table::line(&sheet(&issued, &url, &reach.ca_again())),
        _ => Err(Failure::other_reply()),
    }
}

/// What the dealer reads, writes down or hands over.
fn sheet(issued: &CodeIssued, url: &str, ca: &str) -> String {
    let (row, code) = (&issued.row, &issued.code);
    let span = duration_text(row.expires.0.since(row.issued.0));
    let devices = match row.limit {
        1 => "1 device".into(),
        many => format!("up to {many} devices"),
    };
    let note = row
        .note
        .as_ref()
        .map_or(String::new(), |note| format!("\n  note     {note}"));
    format!(
        "
    {code}

  for      {user}
  enrols   {devices}
  valid    until {until} UTC ({span})
  revoke   restante-center code revoke {grant}{note}

At a panel: enter the center's address, {url}, then the code.
At a gateway: restante-device gateway enrol --center {url}{ca} --code {code} --state FILE
Capitals, spaces and hyphens do not matter; a group that was mistyped is named at once.
Keep the code between yourself and the user: whoever has it can enrol devices for them.
It cannot be shown again; if it is lost, revoke it and make another.",
        user = row.user,
        until = table::minute(row.expires),
        grant = row.grant,
    )
}

/// All codes that this person has made.
pub(crate) async fn rows(console: &Console) -> Result<Vec<CodeRow>, ConsoleError> {
    let asked = |after| PeopleRequest::ListCodes(ListCodes { after });
    let page = |reply| match reply {
        PeopleReply::Codes(page) => Some(page),
        _ => None,
    };
    console.all_pages(asked, page).await
}

async fn list(reach: &Reach) -> Result<(), Failure> {
    let console = reach.console().await?;
    let rows = rows(&console).await?;
    if reach.json {
        return table::json(&rows);
    }
    let heads = [
        "CODE",
        "USER",
        "STATE",
        "USED",
        "PENDING",
        "LIMIT",
        "EXPIRES (UTC)",
        "NOTE",
    ];
    let empty = "There are no codes. Make one with: restante-center code issue --user NAME";
    table::table(&heads, rows.iter().map(row).collect(), empty)
}

fn row(code: &CodeRow) -> Vec<String> {
    vec![
        code.grant.to_string(),
        code.user.to_string(),
        state(code.state).into(),
        code.used.to_string(),
        code.pending.to_string(),
        code.limit.to_string(),
        table::minute(code.expires),
        code.note
            .as_ref()
            .map_or(String::new(), ToString::to_string),
    ]
}

const fn state(state: CodeState) -> &'static str {
    match state {
        CodeState::Valid => "valid",
        CodeState::Exhausted => "used up",
        CodeState::Expired => "expired",
        CodeState::Revoked => "revoked",
        _ => "of a later version",
    }
}

async fn revoke(reach: &Reach, grant: GrantId) -> Result<(), Failure> {
    let console = reach.console().await?;
    let request = PeopleRequest::RevokeCode(RevokeCode { grant });
    let missing = || format!("there is no code {grant}; `code list` shows the ids of yours");
    let revoked = console.ask(request).await;
    match revoked.map_err(|error| Failure::unless_missing(error, missing))? {
        PeopleReply::CodeRevoked(row) if reach.json => table::json(&row),
        PeopleReply::CodeRevoked(row) => table::line(&format!(
            "revoked: the code for {} enrols nothing any more; {} devices stay enrolled",
            row.user, row.used
        )),
        _ => Err(Failure::other_reply()),
    }
}
