//! Access tokens: an operator issues, lists and revokes them. A token is shown once; the center
//! keeps a keyed hash of its secret.

use alloc::format;
use alloc::vec::Vec;

use crate::code::AccessToken;
use crate::crypto::Crypto;
use crate::id::TokenId;
use crate::record::{Clock, Customer, Kind, Owner, Token};
use crate::wire::RefusalCode;
use crate::wire::people::{IssueToken, ListTokens, Page, RevokeToken, Role, TokenIssued, TokenRow};

use super::codes::{page, page_of};
use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// Makes a token.
    pub(super) fn issue_token(&mut self, message: &IssueToken) -> Result<TokenIssued, Stop> {
        self.person(&[Role::Operator])?;
        self.check_customer(message)?;
        let now = self.time()?;
        let center = self.center;
        let secret = self.seed.draw(&center.crypto, "token secret", 0);
        let id = TokenId::from_bytes(self.dated_id("token")?);
        let key = Token::key(id);
        if self.desk.get::<Token>(&key)?.is_some() {
            let detail = format!("{id} exists already: the random numbers repeat");
            return Err(Stop::plain(RefusalCode::Internal, "entropy-stuck", detail));
        }
        let token = Token {
            role: message.role,
            account: message.account.clone(),
            customer: message.customer,
            secret: center.keys.token(&center.crypto, &secret),
            issued: now,
            expires: message.validity.map(|validity| now.after(validity)),
            revoked: None,
        };
        self.desk.put(key, &token);
        Ok(TokenIssued {
            token: AccessToken::new(id, secret),
            row: token.row(id),
        })
    }

    /// A token that is about one customer's devices names one that exists; no other token does.
    // spec: COD-030
    fn check_customer(&mut self, message: &IssueToken) -> Result<(), Stop> {
        let role = message.role.word();
        let detail = match (message.role.is_of_a_customer(), message.customer) {
            (true, None) => format!("a token of role {role} names its customer"),
            (false, Some(_)) => format!("a token of role {role} names no customer"),
            (false, None) => return Ok(()),
            (true, Some(customer)) => {
                if self
                    .desk
                    .get::<Customer>(&Customer::key(customer))?
                    .is_some()
                {
                    return Ok(());
                }
                format!("there is no customer {customer}")
            }
        };
        Err(Stop::invalid(detail))
    }

    /// A page of all tokens, oldest first.
    pub(super) fn list_tokens(
        &mut self,
        message: &ListTokens,
    ) -> Result<Page<TokenRow, TokenId>, Stop> {
        self.person(&[Role::Operator])?;
        let after = message
            .after
            .map_or(Vec::new(), |id| id.as_bytes().to_vec());
        let range = page_of(Kind::Token, Owner::NONE, after);
        let tokens = self.desk.range::<Token>(&range)?;
        Ok(page(tokens.into_iter().filter_map(|(key, token)| {
            let id = Token::id(&key)?;
            Some((id, token.row(id)))
        })))
    }

    /// Ends a token. What is revoked already stays as it was.
    pub(super) fn revoke_token(&mut self, message: &RevokeToken) -> Result<TokenRow, Stop> {
        self.person(&[Role::Operator])?;
        let key = Token::key(message.token);
        self.load([&key, &Clock::key()])?;
        let Some(mut token) = self.desk.get::<Token>(&key)? else {
            let detail = format!("{}", message.token);
            return Err(Stop::plain(RefusalCode::NotFound, "token-unknown", detail));
        };
        if token.revoked.is_none() {
            token.revoked = Some(self.time()?);
            self.desk.put(key, &token);
        }
        Ok(token.row(message.token))
    }
}
