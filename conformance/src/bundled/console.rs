//! The bundled center's own console: from there comes the first token of all.

use restante_core::center::{Call, Credential, Decide, Message, Reply, Source};
use restante_core::id::{AccountName, CorrelationId};
use restante_core::wire::people::{IssueToken, PeopleReply, PeopleRequest, Role};
use restante_store::{Driver, Store};

/// An operator's token that does not expire, made at the console.
///
/// # Errors
/// A sentence, if the center does not answer its own operator.
pub(super) async fn operator_token<D: Decide, S: Store>(
    driver: &Driver<D, S>,
) -> Result<String, String> {
    let call = Call {
        source: Source {
            address: None,
            correlation: CorrelationId::from_bytes([0; 16]),
        },
        presented: Credential::Console,
        message: Message::People(PeopleRequest::IssueToken(IssueToken {
            role: Role::Operator,
            account: AccountName::new("kit operator").map_err(|why| why.to_string())?,
            customer: None,
            validity: None,
        })),
    };
    let answer = driver.call(call).await.map_err(|why| why.to_string())?;
    match answer.outcome {
        Ok(Reply::People(PeopleReply::TokenIssued(issued))) => Ok(issued.token.to_text()),
        other => Err(format!("the console got {other:?} for an operator's token")),
    }
}
