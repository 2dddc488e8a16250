//! What keeps a broker from serving: one line each, for whoever has to mend it.
//!
//! The broker is somebody else's, and so is its access list: a text names the broker, what it said,
//! and what would be right. Serves spec section 16.4.

use crate::topic::{DOWN_OF_ALL, UP_OF_ALL};

/// Why nothing can be said over a broker at present.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerError {
    /// It does not answer.
    #[error("the broker {broker} cannot be reached: {why}")]
    Unreachable {
        /// Which.
        broker: String,
        /// What the system says.
        why: String,
    },
    /// Its certificate is not trusted, or it speaks no TLS.
    #[error("no TLS with the broker {broker}: {why}")]
    Tls {
        /// Which.
        broker: String,
        /// What is wrong.
        why: String,
    },
    /// It does not let this user in.
    #[error("the broker {broker} refuses the user name or the password")]
    Login {
        /// Which.
        broker: String,
    },
    /// It lets this client in no further.
    #[error("the broker {broker} refuses the connection: {why}")]
    Refused {
        /// Which.
        broker: String,
        /// Its reason.
        why: String,
    },
    /// It does not let this user listen there.
    #[error("the broker denies listening to {filter} ({why}); its access list has to allow it")]
    ListeningDenied {
        /// Where.
        filter: String,
        /// Its reason.
        why: String,
    },
    /// It has no subscriptions that several clients share.
    #[error(
        "the broker has no shared subscriptions, by which centers listen; another broker is needed"
    )]
    NotShared,
    /// It does not let this user send there.
    #[error(
        "the broker did not take what was sent to {topic} ({why}); centers read {UP_OF_ALL} and \
         write {DOWN_OF_ALL}, devices the other way round"
    )]
    SendingDenied {
        /// Where.
        topic: String,
        /// Its reason.
        why: String,
    },
    /// Another client has come under the same id, which ends this connection.
    #[error("another client uses the id {client} at the broker; each needs one of its own")]
    TakenOver {
        /// The id.
        client: String,
    },
    /// The connection was ended from here.
    #[error("the connection to the broker was closed")]
    Closed,
    /// The connection is gone.
    #[error("the connection to the broker {broker} was lost: {why}")]
    Lost {
        /// Which.
        broker: String,
        /// How.
        why: String,
    },
}
