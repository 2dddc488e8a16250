//! Provisional codes: a dealer issues, lists and revokes them.
//!
//! A code is shown once, in the answer that issues it, and kept by nobody. A lost one costs
//! nothing: another is issued.

use alloc::format;
use alloc::vec::Vec;

use crate::code::ProvisionalCode;
use crate::crypto::Crypto;
use crate::id::GrantId;
use crate::limits::{CODE_VALIDITY_MAX, CODE_VALIDITY_MIN, PAGE_READ, PAGE_ROWS};
use crate::record::{
    Bytes, Clock, Customer, Due, Grant, GrantLocator, GrantState, Kind, Owner, Range, Slots,
};
use crate::time::Seconds;
use crate::wire::RefusalCode;
use crate::wire::people::{CodeIssued, CodeRow, IssueCode, ListCodes, Page, RevokeCode, Role};

use super::authenticate::Person;
use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// Makes a code for one of the dealer's users.
    // spec: COD-010, COD-013, COD-014
    pub(super) fn issue_code(&mut self, message: &IssueCode) -> Result<CodeIssued, Stop> {
        let dealer = self.person(&[Role::Dealer])?;
        let (validity, limit) = (self.validity(message)?, self.limit(message)?);
        let center = self.center;
        let (crypto, keys) = (&center.crypto, &center.keys);
        let now = self.time()?;
        let code = ProvisionalCode::draw(crypto, self.seed);
        let located = keys.enrol_id(crypto, code.enrol_id(crypto));
        let id = GrantId::from_bytes(self.dated_id("grant")?);
        let grant = Grant {
            user: message.user.clone(),
            customer: keys.customer(crypto, &dealer.account, &message.user),
            account: dealer.account,
            issued: now,
            expires: now.after(validity),
            slots: Slots::new(limit),
            state: GrantState::Open,
            note: message.note.clone(),
            located: Bytes(located),
            enrol_key: keys.wrap(crypto, id, &code.enrol_key(crypto)),
            master: keys.current(),
        };
        let row = grant.row(id, now);
        self.keep_grant(id, grant)?;
        Ok(CodeIssued {
            code: code.to_text(),
            row,
        })
    }

    /// Keeps a grant, the way to it, its customer, and the reminder to forget it.
    fn keep_grant(&mut self, id: GrantId, grant: Grant) -> Result<(), Stop> {
        let owner = self
            .center
            .keys
            .account(&self.center.crypto, &grant.account);
        let key = Grant::key(owner, id);
        let locator = GrantLocator::key(&grant.located.0);
        let customer = Customer::key(grant.customer);
        self.load([&key, &locator, &customer])?;
        let taken = self.desk.get::<Grant>(&key)?.is_some()
            || self.desk.get::<GrantLocator>(&locator)?.is_some();
        if taken {
            let detail = format!("{id} exists already: the random numbers repeat");
            return Err(Stop::plain(RefusalCode::Internal, "entropy-stuck", detail));
        }
        if self.desk.get::<Customer>(&customer)?.is_none() {
            let made = Customer {
                user: grant.user.clone(),
                account: grant.account.clone(),
                since: grant.issued,
            };
            self.desk.put(customer, &made);
        }
        let owner = Bytes(owner.0);
        let due = Due::Forget { owner, grant: id };
        self.desk.put(due.key(grant.expires), &due);
        let located = GrantLocator {
            owner,
            grant: id,
            customer: grant.customer,
        };
        self.desk.put(locator, &located);
        self.desk.put(GrantLocator::key_by_id(id), &located);
        self.desk.put(key, &grant);
        Ok(())
    }

    /// How long the code is to be valid.
    // spec: COD-011, MSG-003
    fn validity(&self, message: &IssueCode) -> Result<Seconds, Stop> {
        let validity = message.validity.unwrap_or(self.center.policy.code_validity);
        let (least, most) = (CODE_VALIDITY_MIN, CODE_VALIDITY_MAX);
        if (least..=most).contains(&validity) {
            return Ok(validity);
        }
        Err(Stop::invalid(format!(
            "validity is {} seconds; it is {} at least and {} at most",
            validity.get(),
            least.get(),
            most.get()
        )))
    }

    /// How many devices it may register.
    // spec: COD-012, MSG-003
    fn limit(&self, message: &IssueCode) -> Result<u32, Stop> {
        let most = self.center.policy.devices_per_grant;
        let limit = message.limit.unwrap_or(most);
        if (1..=most).contains(&limit) {
            return Ok(limit);
        }
        Err(Stop::invalid(format!(
            "limit is {limit} devices; it is 1 at least and {most} at most"
        )))
    }

    /// A page of the dealer's own codes, oldest first.
    // spec: COD-015
    pub(super) fn list_codes(
        &mut self,
        message: &ListCodes,
    ) -> Result<Page<CodeRow, GrantId>, Stop> {
        let dealer = self.person(&[Role::Dealer])?;
        let now = self.time()?;
        let after = message
            .after
            .map_or(Vec::new(), |id| id.as_bytes().to_vec());
        let grants =
            self.desk
                .range::<Grant>(&page_of(Kind::Grant, self.account(&dealer), after))?;
        Ok(page(grants.into_iter().filter_map(|(key, grant)| {
            let id = Grant::id(&key)?;
            Some((id, grant.row(id, now)))
        })))
    }

    /// Ends a code: a dealer one of their own, an operator any. What is registered stays
    /// registered; what is pending cannot become active any more.
    // spec: COD-016, MOD-002
    pub(super) fn revoke_code(&mut self, message: &RevokeCode) -> Result<CodeRow, Stop> {
        let person = self.person(&[Role::Dealer, Role::Operator])?;
        let unknown = |of: &Person| {
            let detail = format!("{} may revoke no {}", of.account, message.grant);
            Stop::plain(RefusalCode::NotFound, "grant-unknown", detail)
        };
        let owner = match person.is_dealer() {
            true => self.account(&person),
            false => {
                let locator = GrantLocator::key_by_id(message.grant);
                let located = self.desk.peek::<GrantLocator>(&locator)?;
                Owner(located.ok_or_else(|| unknown(&person))?.owner.0)
            }
        };
        let key = Grant::key(owner, message.grant);
        self.load([&key, &Clock::key()])?;
        let now = self.time()?;
        let Some(mut grant) = self.desk.get::<Grant>(&key)? else {
            return Err(unknown(&person));
        };
        if !grant.is_revoked() {
            grant.revoke(now);
            self.desk.put(key, &grant);
        }
        Ok(grant.row(message.grant, now))
    }

    fn account(&self, person: &Person) -> Owner {
        let center = self.center;
        center.keys.account(&center.crypto, &person.account)
    }
}

/// The range of one page, and one row more, which tells whether there is a next one.
pub(super) fn page_of(kind: Kind, owner: Owner, after: Vec<u8>) -> Range {
    Range {
        kind,
        owner,
        after,
        through: Vec::new(),
        limit: PAGE_READ,
    }
}

/// The page with the rows that [`page_of`] found.
pub(super) fn page<Id: Clone, Row>(found: impl Iterator<Item = (Id, Row)>) -> Page<Row, Id> {
    let mut ids = Vec::new();
    let mut rows = Vec::new();
    for (id, row) in found {
        ids.push(id);
        rows.push(row);
    }
    let more = rows.len() > PAGE_ROWS;
    rows.truncate(PAGE_ROWS);
    let next = if more {
        ids.get(PAGE_ROWS.saturating_sub(1)).cloned()
    } else {
        None
    };
    Page { rows, next }
}
