//! The operator's console: the same commands, whether the center runs or not.
//!
//! While no center runs, the console opens the store itself and decides as the operator on this
//! machine. While one runs, the store is locked; the running center has left its address and two
//! tokens in a private file beside the store, and the console asks it over loopback. With
//! `--center` it asks a center anywhere, with the token that a person was given.

use std::path::{Path, PathBuf};
use std::time::Duration;

use restante_core::center::{Call, Credential, Message, Reply, Source};
use restante_core::code::AccessToken;
use restante_core::id::{AccountName, CorrelationId};
use restante_core::wire::Refusal;
use restante_core::wire::people::{
    IssueToken, ListCodes, ListTokens, PeopleReply, PeopleRequest, Role,
};
use restante_http::client::{Client, ClientError, SendError, Trust};
use restante_store::sqlite::OpenError;
use restante_store::{DriverError, Store};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::config::Config;
use crate::open::{CenterError, SqliteDriver, open};
use crate::private::{PrivateFileError, read_private, replace_private};

/// Somebody who answers what people ask.
#[non_exhaustive]
pub enum Console {
    /// The center's own store, which no center has open.
    Local(Box<SqliteDriver>),
    /// A center that runs.
    Remote {
        /// How it is reached.
        client: Client,
        /// The token for what operators do.
        operator: AccessToken,
        /// The token for what dealers do; the same one where a person has only one.
        dealer: AccessToken,
    },
}

/// What a running center leaves for the console.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Left {
    url: String,
    operator: AccessToken,
    dealer: AccessToken,
}

/// Why the console cannot ask, or was not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsoleError {
    /// The center cannot be opened.
    #[error(transparent)]
    Open(#[from] CenterError),
    /// The store is locked, and whoever holds the lock left no word.
    #[error("{locked}; it does not answer the console: {why}")]
    Silent {
        /// Who has the lock.
        locked: OpenError,
        /// What was tried.
        why: String,
    },
    /// The center cannot be addressed.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The center refused.
    #[error("refused ({}): {}", .0.code, .0.detail)]
    Refused(Refusal),
    /// Nothing came back.
    #[error("the center did not answer: {0}")]
    Link(String),
    /// The driver has no answer.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// The center answered something else.
    #[error("the center answered something else than was asked")]
    OtherReply,
    /// The console's file cannot be written.
    #[error("the console's file {} cannot be written: {why}", path.display())]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
}

impl Console {
    /// Reaches the center that `config` describes, whether it runs or not.
    ///
    /// # Errors
    /// [`ConsoleError`] if its store cannot be opened and nobody answers for it.
    pub async fn at(config: &Config) -> Result<Self, ConsoleError> {
        let until = Instant::now() + PATIENCE;
        loop {
            let locked = match open(config) {
                Ok(driver) => return Ok(Self::Local(Box::new(driver))),
                Err(CenterError::Store(locked @ OpenError::InUse { .. })) => locked,
                Err(error) => return Err(error.into()),
            };
            // Another command may have the store for a moment, and a center that has just been
            // started leaves its word a moment later.
            match Self::left(&config.data).await {
                Ok(console) => return Ok(console),
                Err(why) if Instant::now() > until => {
                    return Err(ConsoleError::Silent { locked, why });
                }
                Err(_) => tokio::time::sleep(AGAIN).await,
            }
        }
    }

    /// Reaches a center anywhere.
    ///
    /// # Errors
    /// [`ConsoleError::Client`] if the address cannot be used.
    pub fn of(url: &str, trust: &Trust, token: AccessToken) -> Result<Self, ConsoleError> {
        Ok(Self::Remote {
            client: Client::new(url, trust)?,
            operator: token.clone(),
            dealer: token,
        })
    }

    /// Asks one thing.
    ///
    /// # Errors
    /// [`ConsoleError`] if it was refused or nobody answered.
    pub async fn ask(&self, request: PeopleRequest) -> Result<PeopleReply, ConsoleError> {
        match self {
            Self::Local(driver) => ask_driver(driver, Credential::Console, request).await,
            Self::Remote {
                client,
                operator,
                dealer,
            } => {
                let token = if is_for_dealers(&request) {
                    dealer
                } else {
                    operator
                };
                client
                    .ask(token, &request)
                    .await
                    .map_err(|error| match error {
                        SendError::Refused(refusal) => ConsoleError::Refused(refusal),
                        other => ConsoleError::Link(other.to_string()),
                    })
            }
        }
    }

    /// Whether the store is open here, so that no center runs on it.
    #[must_use]
    pub const fn local(&self) -> Option<&SqliteDriver> {
        match self {
            Self::Local(driver) => Some(driver),
            Self::Remote { .. } => None,
        }
    }

    /// What the running center has left in `data`, if it still holds.
    async fn left(data: &Path) -> Result<Self, String> {
        let left = Left::read(data).map_err(|error| error.to_string())?;
        // The line is plain HTTP on loopback: no certificate is looked at.
        let client = Client::new(&left.url, &Trust::system());
        let console = Self::Remote {
            client: client.map_err(|error| error.to_string())?,
            operator: left.operator,
            dealer: left.dealer,
        };
        let asked = console
            .ask(PeopleRequest::ListTokens(ListTokens::default()))
            .await;
        asked.map(|_| console).map_err(|error| error.to_string())
    }
}

/// Leaves word for the console: where the running center listens, and tokens that open it. Tokens
/// that were left before are used again while they hold, so that starting often makes no new ones.
///
/// # Errors
/// [`ConsoleError`] if there are no tokens to be had or the file cannot be written.
pub async fn leave_word(
    data: &Path,
    driver: &SqliteDriver,
    url: String,
) -> Result<(), ConsoleError> {
    let before = Left::read(data).ok();
    let held = |token: fn(&Left) -> &AccessToken| before.as_ref().map(token).cloned();
    let left = Left {
        url,
        operator: token(driver, Role::Operator, held(|left| &left.operator)).await?,
        dealer: token(driver, Role::Dealer, held(|left| &left.dealer)).await?,
    };
    let path = left_path(data);
    let text = serde_json::to_string_pretty(&left).map_err(|error| ConsoleError::Unwritable {
        path: path.clone(),
        why: error.into(),
    })?;
    replace_private(&path, &text).map_err(|why| ConsoleError::Unwritable { path, why })
}

/// A token of this role for the console's account: the one from before if it still opens anything.
async fn token(
    driver: &SqliteDriver,
    role: Role,
    before: Option<AccessToken>,
) -> Result<AccessToken, ConsoleError> {
    if let Some(before) = before {
        let try_it = match role {
            Role::Dealer => PeopleRequest::ListCodes(ListCodes::default()),
            _ => PeopleRequest::ListTokens(ListTokens::default()),
        };
        if ask_driver(driver, Credential::Token(before.clone()), try_it)
            .await
            .is_ok()
        {
            return Ok(before);
        }
    }
    let account = AccountName::new(ACCOUNT).map_err(|_| ConsoleError::OtherReply)?;
    let issue = PeopleRequest::IssueToken(IssueToken {
        role,
        account,
        customer: None,
        validity: None,
    });
    match ask_driver(driver, Credential::Console, issue).await? {
        PeopleReply::TokenIssued(issued) => Ok(issued.token),
        _ => Err(ConsoleError::OtherReply),
    }
}

async fn ask_driver<D, S>(
    driver: &restante_store::Driver<D, S>,
    presented: Credential,
    request: PeopleRequest,
) -> Result<PeopleReply, ConsoleError>
where
    D: restante_core::center::Decide,
    S: Store,
{
    let correlation = driver.random().id().map_err(DriverError::from)?;
    let call = Call {
        source: Source {
            address: None,
            correlation: CorrelationId::from_bytes(correlation),
        },
        presented,
        message: Message::People(request),
    };
    match driver.call(call).await?.outcome {
        Ok(Reply::People(reply)) => Ok(reply),
        Ok(_) => Err(ConsoleError::OtherReply),
        Err(refused) => Err(ConsoleError::Refused(refused.refusal)),
    }
}

impl Left {
    fn read(data: &Path) -> Result<Self, PrivateFileError> {
        let path = left_path(data);
        let text = read_private(&path)?;
        serde_json::from_str(&text).map_err(|_| PrivateFileError::Unreadable {
            why: std::io::Error::other("it is not what a running center leaves"),
            path,
        })
    }
}

fn left_path(data: &Path) -> PathBuf {
    data.join("console.json")
}

/// What only a dealer may ask; the console has an account of its own for it.
fn is_for_dealers(request: &PeopleRequest) -> bool {
    match request {
        PeopleRequest::IssueCode(_) | PeopleRequest::ListCodes(_) => true,
        PeopleRequest::ListDevices(list) => list.user.is_some(),
        _ => false,
    }
}

/// The account under which the operator acts as a dealer, locally and over loopback alike.
const ACCOUNT: &str = "console";
/// How long a locked store may go unexplained: as long as a center takes to start.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks at a locked store.
const AGAIN: Duration = Duration::from_millis(50);
