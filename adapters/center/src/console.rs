//! The operator's console: the same commands, whether the center runs or not.
//!
//! While a center runs, the console asks it through the socket that it keeps beside its store for
//! this. While none does, the console opens the store itself and decides as the operator on this
//! machine. With `--center` it asks a center anywhere, with the token that a person was given.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use restante_core::center::{Call, Credential, Message, Reply, Source};
use restante_core::code::AccessToken;
use restante_core::id::CorrelationId;
use restante_core::wire::Refusal;
use restante_core::wire::people::{Page, PeopleReply, PeopleRequest};
use restante_http::client::{Client, ClientError, SendError, Trust};
use restante_store::sqlite::OpenError;
use restante_store::{DriverError, LeftEffects};
use tokio::net::UnixStream;
use tokio::time::Instant;

use crate::config::Config;
use crate::mail_room::MAIL_ROOM;
use crate::open::{CenterError, SqliteDriver, open};
use crate::socket::socket_path;

/// Somebody who answers what people ask.
#[non_exhaustive]
pub enum Console {
    /// The center's own store, which no center has open.
    Local(Box<SqliteDriver>),
    /// The center that runs on this machine, through its socket.
    Running(Client),
    /// A center anywhere.
    Remote {
        /// How it is reached.
        client: Client,
        /// The person's token.
        token: AccessToken,
    },
}

/// Why the console cannot ask, or was not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsoleError {
    /// The center cannot be opened.
    #[error(transparent)]
    Open(#[from] CenterError),
    /// The store is locked, and whoever holds the lock is no center that serves.
    #[error(
        "{locked}, or wait until it has ended: it is no center that serves, since nobody listens \
         at {}",
        socket.display()
    )]
    Silent {
        /// Who has the lock.
        locked: OpenError,
        /// Where a center would listen.
        socket: PathBuf,
    },
    /// Another user's center.
    #[error(
        "the center's folder {} is for {}; run this command as that user, or use --center and an \
         access token",
        data.display(), user(*.owner)
    )]
    Forbidden {
        /// The folder of its store.
        data: PathBuf,
        /// The user that the folder belongs to, where that can be seen.
        owner: Option<u32>,
    },
    /// The running center cannot be reached.
    #[error("the center's console {} cannot be reached: {why}", socket.display())]
    Unreachable {
        /// Its socket.
        socket: PathBuf,
        /// What the system says.
        why: std::io::Error,
    },
    /// Nobody serves here.
    #[error("no center runs on this machine; start it with: restante-center serve")]
    NotRunning,
    /// A center serves that should not yet.
    #[error(
        "the center serves already, and has believed what was recorded; stop it, run this again, \
         and then start it"
    )]
    Serves,
    /// The center cannot be addressed.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The center refused.
    #[error("refused ({}): {}", .0.code, .0.detail)]
    Refused(Refusal),
    /// The center's certificate is not trusted.
    #[error("{0}; --ca FILE names a certificate to trust, such as a center's own for trials")]
    Untrusted(SendError),
    /// Nothing came back.
    #[error("the center did not answer: {0}")]
    Link(String),
    /// The driver has no answer.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// The center answered something else.
    #[error("the center answered something else than was asked")]
    OtherReply,
}

/// What became of a mail that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailTaken {
    /// The center has done what there was to do. Only its log says what.
    Taken,
    /// It holds no message of this protocol, for this reason.
    NoMessage(String),
}

impl Console {
    /// Reaches the center that `config` describes, whether it runs or not.
    ///
    /// # Errors
    /// [`ConsoleError`] if its store cannot be opened and nobody answers for it.
    pub async fn at(config: &Config) -> Result<Self, ConsoleError> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(client) = running(&config.data).await? {
                return Ok(Self::Running(client));
            }
            let locked = match open(config) {
                // Whom it has to be told is known to the center that serves next.
                Ok(driver) => return Ok(Self::Local(Box::new(driver.effects(LeftEffects)))),
                Err(CenterError::Store(locked @ OpenError::InUse { .. })) => locked,
                Err(error) => return Err(error.into()),
            };
            // Another command may have the store for a moment, and a center that has just been
            // started listens a moment later.
            if Instant::now() > until {
                let socket = socket_path(&config.data);
                return Err(ConsoleError::Silent { locked, socket });
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Hands a mail to the center that runs on this machine with its store in this folder, as its
    /// mail server does.
    ///
    /// # Errors
    /// [`ConsoleError`] if no center runs, or it does not answer.
    pub async fn hand_mail(data: &Path, mail: Vec<u8>) -> Result<MailTaken, ConsoleError> {
        let center = running(data).await?;
        let center = center.ok_or(ConsoleError::NotRunning)?;
        let handed = center.hand_over(MAIL_ROOM, "message/rfc822", mail).await;
        match handed.map_err(|error| ConsoleError::Link(error.to_string()))? {
            (200, _) => Ok(MailTaken::Taken),
            (422, why) => Ok(MailTaken::NoMessage(why)),
            (status, why) => Err(ConsoleError::Link(format!("status {status}: {why}"))),
        }
    }

    /// Tells a center that its store was put back from a copy, before it serves again: the number
    /// of the generation that begins.
    ///
    /// # Errors
    /// [`ConsoleError::Serves`] if it serves already, and as for [`Console::at`].
    // spec: SEA-022
    pub async fn restored(config: &Config) -> Result<u32, ConsoleError> {
        let Self::Local(driver) = Self::at(config).await? else {
            return Err(ConsoleError::Serves);
        };
        match ask_driver(&driver, Message::Restored).await? {
            Reply::Restored(generation) => Ok(generation),
            _ => Err(ConsoleError::OtherReply),
        }
    }

    /// Reaches a center anywhere.
    ///
    /// # Errors
    /// [`ConsoleError::Client`] if the address cannot be used.
    pub fn of(url: &str, trust: &Trust, token: AccessToken) -> Result<Self, ConsoleError> {
        let client = Client::new(url, trust)?;
        Ok(Self::Remote { client, token })
    }

    /// Asks one thing.
    ///
    /// # Errors
    /// [`ConsoleError`] if it was refused or nobody answered.
    pub async fn ask(&self, request: PeopleRequest) -> Result<PeopleReply, ConsoleError> {
        let asked = match self {
            Self::Local(driver) => {
                return match ask_driver(driver, Message::People(request)).await? {
                    Reply::People(reply) => Ok(reply),
                    _ => Err(ConsoleError::OtherReply),
                };
            }
            Self::Running(client) => client.ask_as_operator(&request).await,
            Self::Remote { client, token } => client.ask(token, &request).await,
        };
        asked.map_err(|error| match error {
            SendError::Refused(refusal) => ConsoleError::Refused(refusal),
            untrusted @ SendError::Untrusted { .. } => ConsoleError::Untrusted(untrusted),
            other => ConsoleError::Link(other.to_string()),
        })
    }

    /// Asks for all pages of a list: `request` makes the request for the page that begins there,
    /// `page` reads it from the reply.
    ///
    /// # Errors
    /// [`ConsoleError`] as for [`Console::ask`], for any of the pages.
    pub async fn all_pages<Row, After>(
        &self,
        request: impl Fn(Option<After>) -> PeopleRequest,
        page: impl Fn(PeopleReply) -> Option<Page<Row, After>>,
    ) -> Result<Vec<Row>, ConsoleError> {
        let mut rows = Vec::new();
        let mut after = None;
        loop {
            let reply = self.ask(request(after)).await?;
            let page = page(reply).ok_or(ConsoleError::OtherReply)?;
            rows.extend(page.rows);
            after = page.next;
            if after.is_none() {
                return Ok(rows);
            }
        }
    }

    /// Whether the store is open here, so that no center runs on it.
    #[must_use]
    pub const fn local(&self) -> Option<&SqliteDriver> {
        match self {
            Self::Local(driver) => Some(driver),
            _ => None,
        }
    }
}

/// The center that runs on this data, if one does.
async fn running(data: &Path) -> Result<Option<Client>, ConsoleError> {
    let socket = socket_path(data);
    match UnixStream::connect(&socket).await {
        Ok(_) => Ok(Some(Client::at_socket(&socket)?)),
        Err(why) => match why.kind() {
            // None was ever started there, it has stopped, or it was killed; or the name is too
            // long for a socket to stand there.
            ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::ConnectionRefused
            | ErrorKind::InvalidInput => Ok(None),
            ErrorKind::PermissionDenied => {
                let owner = fs::metadata(data).ok().map(|folder| folder.uid());
                let data = data.to_owned();
                Err(ConsoleError::Forbidden { data, owner })
            }
            _ => Err(ConsoleError::Unreachable { socket, why }),
        },
    }
}

async fn ask_driver(driver: &SqliteDriver, message: Message) -> Result<Reply, ConsoleError> {
    let correlation = driver.random().id().map_err(DriverError::from)?;
    let call = Call {
        source: Source {
            address: None,
            correlation: CorrelationId::from_bytes(correlation),
        },
        presented: Credential::Console,
        message,
    };
    let outcome = driver.call(call).await?.outcome;
    outcome.map_err(|refused| ConsoleError::Refused(refused.refusal))
}

/// A user as a complaint names one.
fn user(id: Option<u32>) -> String {
    id.map_or("another user".into(), |id| format!("the user with id {id}"))
}

/// How long a locked store may go unexplained: as long as a center takes to start.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks at a locked store.
const AGAIN: Duration = Duration::from_millis(50);
