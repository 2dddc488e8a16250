//! The people of the world: dealers who have codes issued, and the operator who hands out tokens.
//!
//! They write to the center over the same bad line as devices do. A dealer whose answer is lost has
//! no code, although the center has a grant, and asks for another one when there is reason to.

use std::net::{IpAddr, Ipv4Addr};

use restante_core::code::{AccessToken, ProvisionalCode};
use restante_core::id::{AccountName, CustomerId, GrantId, TokenId, UserName};
use restante_core::time::Seconds;
use restante_core::wire::RefusalCode;
use restante_core::wire::people::{
    AcceptClock, IssueCode, IssueToken, ListCodes, ListDevices, PeopleReply, PeopleRequest,
    RevokeCode, RevokeToken, Role,
};

use crate::link::Weather;
use crate::mail::Origin;
use crate::orders::Orders;
use crate::parcel::{Header, Letter, Parcel};
use crate::party::{self, OTHER};
use crate::world::World;

/// Everybody.
#[derive(Clone, Debug)]
pub struct People {
    /// The codes that dealers have received, oldest first.
    pub codes: Vec<Known>,
    /// What administrators have in hand.
    pub orders: Orders,
    pub(crate) operator: Option<AccessToken>,
    dealers: Vec<Option<AccessToken>>,
}

/// A code that a dealer has received.
#[derive(Clone, Debug)]
pub struct Known {
    /// The code.
    pub code: ProvisionalCode,
    /// What it is listed and revoked by.
    pub grant: GrantId,
    /// Whose holdings its devices become.
    pub customer: CustomerId,
    /// Whose it is.
    pub dealer: usize,
    /// Which of the dealer's users it is for.
    pub user: usize,
}

/// What a person waits to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// A token for this dealer.
    Hire(usize),
    /// A token for the operator's own programs.
    OperatorToken,
    /// A code.
    Issue {
        /// Which dealer asked.
        dealer: usize,
        /// For which user.
        user: usize,
    },
    /// A token for this customer's administrator.
    Administrator(CustomerId),
    /// Instructions for devices of this customer.
    Instruct(CustomerId),
    /// An application for a service on devices of this customer.
    Apply(CustomerId),
    /// Something that the center has jobs for.
    Jobs,
    /// Nothing that would be remembered.
    Other,
}

impl People {
    /// So many dealers and one operator, none of whom has a token yet.
    #[must_use]
    pub fn new(dealers: usize) -> Self {
        Self {
            codes: Vec::new(),
            orders: Orders::default(),
            dealers: vec![None; dealers],
            operator: None,
        }
    }

    /// The code with this number, modulo how many there are.
    #[must_use]
    pub fn code(&self, number: usize) -> Option<&Known> {
        self.codes.get(number.checked_rem(self.codes.len())?)
    }

    fn dealer(&self, number: usize) -> (usize, Option<&AccessToken>) {
        let number = number % self.dealers.len().max(1);
        (number, self.dealers.get(number).and_then(Option::as_ref))
    }
}

impl World {
    /// The operator makes the first tokens at the console, which is no bad line.
    pub(crate) fn hire(&mut self) {
        let weather = std::mem::replace(&mut self.weather, Weather::FAIR);
        self.issue_token(Role::Operator, "operations", Errand::OperatorToken);
        for dealer in 0..self.own.people.dealers.len() {
            self.hire_dealer(dealer);
        }
        self.weather = weather;
    }

    fn hire_dealer(&mut self, dealer: usize) {
        self.issue_token(
            Role::Dealer,
            &dealer_name(self.party, dealer),
            Errand::Hire(dealer),
        );
    }

    fn issue_token(&mut self, role: Role, account: &str, errand: Errand) {
        let request = PeopleRequest::IssueToken(IssueToken {
            role,
            account: AccountName::new(account).expect("a name"),
            customer: None,
            validity: None,
        });
        self.write(errand, Header::Console, &request);
    }

    /// A dealer asks for a code; one without a token asks for that first.
    pub(crate) fn issue_code(
        &mut self,
        dealer: usize,
        user: usize,
        validity: Option<Seconds>,
        limit: Option<u32>,
    ) {
        let request = PeopleRequest::IssueCode(IssueCode {
            user: user_name(user),
            validity,
            limit,
            note: None,
        });
        let (dealer, token) = self.own.people.dealer(dealer);
        match token.cloned() {
            None => self.hire_dealer(dealer),
            Some(token) => {
                let errand = Errand::Issue { dealer, user };
                self.write(errand, Header::Token(token.to_text()), &request);
            }
        }
    }

    /// A dealer revokes a code of its own.
    pub(crate) fn revoke_code(&mut self, number: usize) {
        let Some(Known { grant, dealer, .. }) = self.own.people.code(number).cloned() else {
            return;
        };
        let request = PeopleRequest::RevokeCode(RevokeCode { grant });
        if let (_, Some(token)) = self.own.people.dealer(dealer) {
            let header = Header::Token(token.to_text());
            self.write(Errand::Other, header, &request);
        }
    }

    /// A dealer looks at its codes and at a user's devices, an administrator at what is under way.
    pub(crate) fn look(&mut self, dealer: usize) {
        let (_, Some(token)) = self.own.people.dealer(dealer) else {
            return;
        };
        let header = Header::Token(token.to_text());
        let codes = PeopleRequest::ListCodes(ListCodes::default());
        let devices = PeopleRequest::ListDevices(ListDevices {
            user: Some(user_name(dealer % 2)),
            ..ListDevices::default()
        });
        self.write(Errand::Other, header.clone(), &codes);
        self.write(Errand::Other, header, &devices);
        self.look_around(dealer);
    }

    /// The operator accepts the clock.
    pub(crate) fn accept_clock(&mut self) {
        let header = match &self.own.people.operator {
            Some(token) => Header::Token(token.to_text()),
            None => Header::Console,
        };
        let request = PeopleRequest::AcceptClock(AcceptClock {});
        self.write(Errand::Other, header, &request);
    }

    /// The operator revokes a dealer's token and hands out another one.
    pub(crate) fn change_token(&mut self, dealer: usize) {
        let (dealer, token) = self.own.people.dealer(dealer);
        if let Some(token) = token.map(AccessToken::id) {
            self.revoke_token(token);
        }
        self.hire_dealer(dealer);
    }

    fn revoke_token(&mut self, token: TokenId) {
        let request = PeopleRequest::RevokeToken(RevokeToken { token });
        self.write(Errand::Other, Header::Console, &request);
    }

    pub(crate) fn write(&mut self, errand: Errand, header: Header, request: &PeopleRequest) {
        let office = party::address(self.party, OFFICE);
        let parcel = Parcel::people(office, header, request);
        self.post(Origin::Person(errand), parcel);
    }

    pub(crate) fn person_hears(&mut self, errand: Errand, letter: Option<Letter>) {
        let reply = match (letter, errand) {
            (Some(Letter::People(reply)), _) => reply,
            (Some(Letter::Refused(refusal)), Errand::Issue { dealer, .. })
                if refusal.code == RefusalCode::TokenRefused =>
            {
                self.own.people.dealers[dealer] = None;
                return self.coverage.note("people: token refused");
            }
            _ => return self.coverage.note("people: no good answer"),
        };
        match (errand, reply) {
            (Errand::Hire(dealer), PeopleReply::TokenIssued(issued)) => {
                self.own.people.dealers[dealer] = Some(issued.token);
            }
            (Errand::OperatorToken, PeopleReply::TokenIssued(issued)) => {
                self.own.people.operator = Some(issued.token);
            }
            (Errand::Issue { dealer, user }, PeopleReply::CodeIssued(issued)) => {
                let code = issued.code.parse().expect("a code that reads right");
                self.own.people.codes.push(Known {
                    code,
                    grant: issued.row.grant,
                    customer: issued.row.customer,
                    dealer,
                    user,
                });
            }
            (errand, reply) => self.order_heard(errand, reply),
        }
    }
}

/// Dealers of different parties are different people.
fn dealer_name(party: usize, dealer: usize) -> String {
    let other = if party == OTHER { "other " } else { "" };
    format!("{other}dealer {dealer}")
}

fn user_name(user: usize) -> UserName {
    UserName::new(format!("user {user}")).expect("a name")
}

/// Where people write from.
const OFFICE: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));
