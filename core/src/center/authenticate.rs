//! Authentication: who speaks, and may they have this conversation at all.
//!
//! A device is known by its formal code, a person by a token. The first use of a formal code
//! changes the registration (pending becomes active, a rotation is completed), and that change is
//! written with whatever the message brings about, or not at all if the message is refused.

use alloc::format;
use alloc::vec::Vec;

use crate::code::FormalCode;
use crate::crypto::Crypto;
use crate::id::{AccountName, CustomerId, DeviceId, RegistrationId};
use crate::record::{
    Active, Clock, Facts, InUse, Key, LaneRecord, Pause, Registration, RegistrationLocator, Secret,
    State, Token, Use,
};
use crate::seal::Lane;
use crate::wire::RefusalCode;
use crate::wire::people::Role;

use super::Credential;
use super::work::{Stop, Work};

/// The registration that a formal code speaks for.
pub(super) struct Speaker {
    pub(super) id: RegistrationId,
    pub(super) facts: Facts,
    pub(super) active: Active,
}

impl Person {
    /// Whether they run the center.
    pub(super) fn is_operator(&self) -> bool {
        self.role == Role::Operator
    }

    /// Whether they see only what they installed themselves.
    pub(super) fn is_dealer(&self) -> bool {
        self.role == Role::Dealer
    }

    /// Whether they see only the services that they run.
    pub(super) fn is_provider(&self) -> bool {
        self.role == Role::Provider
    }
}

/// The person or program that a token speaks for.
pub(super) struct Person {
    role: Role,
    /// The operator at the console may do what a dealer may, under an account of that name.
    console: bool,
    pub(super) account: AccountName,
    /// Whose devices the token is about, if it belongs to one customer.
    pub(super) customer: Option<CustomerId>,
}

impl<C: Crypto> Work<'_, C> {
    /// The registration that the presented formal code speaks for. `early` is loaded in the first
    /// round already: a few records that the conversation is going to need.
    // spec: COD-025
    pub(super) fn speaker(&mut self, early: &[Key]) -> Result<Speaker, Stop> {
        let code = match &self.call.presented {
            Credential::Formal(code) => code,
            Credential::BadFormal => return Err(formal("formal-code-unreadable", "")),
            _ => return Err(missing("a formal access code (rfc1.…)")),
        };
        let id = code.registration();
        let locator = RegistrationLocator::key(id);
        if !early.is_empty() {
            self.load(early.iter().chain([&locator]))?;
        }
        let Some(located) = self.desk.peek::<RegistrationLocator>(&locator)? else {
            return Err(formal("registration-unknown", format!("{id}")));
        };
        let key = Registration::key(located.customer, id);
        let Some(Registration { facts, state }) = self.desk.get(&key)? else {
            return Err(formal("registration-unknown", format!("{id}")));
        };
        let used = state
            .present(code.epoch())
            .map_err(|word| formal(word, format!("{id}, epoch {}", code.epoch().get())))?;
        self.verify(code, used.secret())?;
        self.used(id, facts, used)
    }

    /// The devices that the presented formal code speaks for, where its locator says that it is the
    /// one in use. Where it does not, [`Work::speaker`] finds out what the code is, and refuses it
    /// with the reason. Whoever writes because of it has it [held](Work::hold_in_use).
    // spec: COD-025
    pub(super) fn in_use(&mut self) -> Result<Option<Vec<DeviceId>>, Stop> {
        let Credential::Formal(code) = &self.call.presented else {
            return Ok(None);
        };
        let key = RegistrationLocator::key(code.registration());
        let located = self.desk.peek(&key)?;
        let in_use = located.and_then(|located: RegistrationLocator| located.in_use);
        match in_use.filter(|it| it.secret.epoch == code.epoch()) {
            Some(InUse { secret, devices }) => self.verify(code, secret).map(|()| Some(devices)),
            None => Ok(None),
        }
    }

    /// Has what [`Work::in_use`] went by stay unmoved until the decision is committed.
    pub(super) fn hold_in_use(&mut self) -> Result<(), Pause> {
        if let Credential::Formal(code) = &self.call.presented {
            let key = RegistrationLocator::key(code.registration());
            self.desk.get::<RegistrationLocator>(&key)?;
        }
        Ok(())
    }

    /// Compares what is presented with what was handed out, in constant time.
    fn verify(&self, code: &FormalCode, secret: Secret) -> Result<(), Stop> {
        let (id, center) = (code.registration(), self.center);
        let Some(ours) = center.keys.formal_code(&center.crypto, id, secret) else {
            return Err(no_master_key(id, secret.master));
        };
        if center.crypto.same_secret(ours.secret(), code.secret()) {
            Ok(())
        } else {
            Err(formal("formal-code-forged", format!("{id}")))
        }
    }

    /// What the use of a verified formal code brings about.
    fn used(&mut self, id: RegistrationId, facts: Facts, used: Use) -> Result<Speaker, Stop> {
        let active = match used {
            Use::Current(active) => return Ok(Speaker { id, facts, active }),
            Use::Next(active) => active,
            Use::First(pending) => self.first_use(id, &facts, &pending)?,
        };
        let speaker = Speaker { id, facts, active };
        self.save(&speaker);
        Ok(speaker)
    }

    /// Writes the speaker's registration as it is now.
    pub(super) fn save(&mut self, speaker: &Speaker) {
        let registration = Registration {
            facts: speaker.facts.clone(),
            state: State::Active(speaker.active.clone()),
        };
        self.put_registration(speaker.id, &registration);
    }

    /// Writes a registration, and with it what its locator says of it. The lanes of its sealed
    /// envelopes end with it.
    // spec: ENR-027
    pub(super) fn put_registration(&mut self, id: RegistrationId, registration: &Registration) {
        self.desk
            .put(RegistrationLocator::key(id), &registration.locator());
        let customer = registration.facts.customer;
        self.desk.put(Registration::key(customer, id), registration);
        if matches!(registration.state, State::Ended(_)) {
            for lane in [Lane::Conversation, Lane::Mail] {
                self.desk.delete(LaneRecord::key(customer, id, lane));
            }
        }
    }

    /// The person that the presented token speaks for, if theirs is one of these roles.
    // spec: COD-028
    pub(super) fn person(&mut self, roles: &[Role]) -> Result<Person, Stop> {
        let person = self.bearer()?;
        let may = |role: &Role| *role == person.role || (person.console && *role == Role::Dealer);
        if roles.iter().any(may) {
            return Ok(person);
        }
        let detail = format!("{} with role {}", person.account, person.role.word());
        Err(forbidden(detail))
    }

    // spec: COD-029
    fn bearer(&mut self) -> Result<Person, Stop> {
        let presented = match &self.call.presented {
            Credential::Token(token) => token,
            Credential::Console => return console(),
            Credential::BadToken => return Err(token("token-unreadable", "")),
            _ => return Err(missing("an access token (rtk1.…)")),
        };
        let key = Token::key(presented.id());
        self.load([&key, &Clock::key()])?;
        let detail = format!("{}", presented.id());
        let Some(kept) = self.desk.get::<Token>(&key)? else {
            return Err(token("token-unknown", detail));
        };
        let center = self.center;
        let hash = center.keys.token(&center.crypto, presented.secret());
        if !center.crypto.same_secret(&kept.secret.0, &hash.0) {
            return Err(token("token-forged", detail));
        }
        if kept.revoked.is_some() {
            return Err(token("token-revoked", detail));
        }
        if let Some(expires) = kept.expires
            && self.has_passed(expires)?
        {
            return Err(token("token-expired", detail));
        }
        Ok(Person {
            role: kept.role,
            console: false,
            account: kept.account,
            customer: kept.customer,
        })
    }
}

/// The operator at the center's own machine.
fn console() -> Result<Person, Stop> {
    let account = AccountName::new(CONSOLE_ACCOUNT)
        .map_err(|error| Stop::plain(RefusalCode::Internal, "internal", format!("{error}")))?;
    Ok(Person {
        role: Role::Operator,
        console: true,
        account,
        customer: None,
    })
}

/// A formal code that opens nothing: the same words whatever the reason.
pub(super) fn formal(word: &'static str, detail: impl Into<alloc::string::String>) -> Stop {
    Stop::plain(RefusalCode::FormalCodeRefused, word, detail)
}

/// A token that opens nothing: the same words whatever the reason.
fn token(word: &'static str, detail: impl Into<alloc::string::String>) -> Stop {
    Stop::plain(RefusalCode::TokenRefused, word, detail)
}

/// Something that the token's role does not allow.
pub(super) fn forbidden(detail: impl Into<alloc::string::String>) -> Stop {
    Stop::plain(RefusalCode::RoleForbidden, "role-forbidden", detail)
}

/// No credential, or one of another kind than this conversation takes.
// spec: STA-009
pub(super) fn missing(takes: &'static str) -> Stop {
    Stop::openly(
        RefusalCode::CredentialMissing,
        format!("this conversation takes {takes}"),
    )
}

/// A secret that cannot be derived: the operator has taken a master key away.
pub(super) fn no_master_key(id: RegistrationId, version: u32) -> Stop {
    let detail = format!("{id} needs master key {version}, which this center does not have");
    Stop::plain(RefusalCode::Internal, "master-key-missing", detail)
}

/// The dealer's account under which codes are made at the console.
const CONSOLE_ACCOUNT: &str = "console";
