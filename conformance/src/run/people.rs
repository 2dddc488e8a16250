//! The kit's people: dealers with accounts of their own for each case, and the operator.

use serde_json::json;

use crate::case::Actor;
use crate::line::render::{self, Outcome};
use crate::transcript::LineKind;

use super::player::{Player, word};
use super::source::address;
use super::steps::Ended;

impl Player<'_> {
    /// The token by which an actor signs in unless a step says otherwise.
    pub(super) async fn own_token(&mut self, actor: Actor) -> Result<String, Ended> {
        let name = format!("credential-{}", word(actor));
        if let Ok(token) = self.scope.fill_str(&format!("${{{name}}}")) {
            return Ok(token);
        }
        let tokens = &self.target.tokens;
        let given = match actor {
            Actor::Operator => tokens.operator.get(),
            Actor::Dealer => tokens.dealer.clone(),
            Actor::OtherDealer => tokens.other_dealer.clone(),
            Actor::Device | Actor::Gateway => None,
        };
        let token = match given {
            Some(token) => token,
            None if actor == Actor::Operator => {
                let why = "the kit holds no operator's token (RESTANTE_OPERATOR_TOKEN)";
                return Err(Ended::Untested(why.into()));
            }
            None => self.new_dealer(actor).await?,
        };
        self.scope.bind(&name, token.clone().into());
        Ok(token)
    }

    /// Has the operator make a token for a dealer of this case alone.
    async fn new_dealer(&mut self, actor: Actor) -> Result<String, Ended> {
        let Some(operator) = self.target.tokens.operator.get() else {
            let why = "the kit holds neither a dealer's token (RESTANTE_DEALER_TOKEN, \
                       RESTANTE_OTHER_DEALER_TOKEN) nor an operator's to make one";
            return Err(Ended::Untested(why.into()));
        };
        let account = format!("{} {}", word(actor), self.scope.tag());
        let message = json!({ "role": "dealer", "account": account });
        let request = render::request("issueToken", &message, Some(&operator))
            .ok_or_else(|| Ended::Error("issueToken is no conversation".into()))?;
        let source = Some(address(&self.scope, "people"));
        let response = self.target.line.carry(&request, source).await?;
        let outcome = render::outcome("issueToken", &response);
        let token = match &outcome {
            Outcome::Reply(_, reply) => reply.get("token").and_then(|token| token.as_str()),
            _ => None,
        };
        match token {
            Some(token) => {
                let text = format!("the operator made a token for the dealer {account:?}");
                self.transcript.add(LineKind::Done, &text);
                Ok(token.to_owned())
            }
            None => Err(Ended::Error(format!(
                "the operator could not make a dealer's token: {outcome:?}"
            ))),
        }
    }
}
