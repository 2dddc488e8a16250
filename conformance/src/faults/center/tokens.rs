//! Faults about access tokens and what each role may do and see.

use restante_core::center::Credential;
use restante_core::record::{Customer, Kind, Token};
use restante_core::wire::RefusalCode;
use restante_core::wire::people::{IssueToken, PeopleRequest, Role};
use restante_crypto::RingCrypto;

use crate::faults::scene::{refusal, refused_as};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "dealers-are-operators",
        says: "A dealer's token makes tokens.",
        breaks: &[],
        kills: &[(
            "server/COD/a-dealer-is-no-operator",
            "expected the refusal role-forbidden; got tokenIssued",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match scene.people() {
            Some(PeopleRequest::IssueToken(_)) => scene.seeing(Kind::Token, promoted),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "operators-are-dealers",
        says: "An operator's token makes codes.",
        breaks: &[],
        kills: &[(
            "server/COD/a-dealer-is-no-operator",
            "expected the refusal role-forbidden; got codeIssued",
        )],
        also: &["server/HTTP/an-administrator-sees-one-customer"],
        defect: Defect::Decision(|scene| match scene.people() {
            Some(PeopleRequest::IssueCode(_)) => scene.seeing(Kind::Token, |token: &mut Token| {
                token.role = Role::Dealer;
            }),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "token-secret-not-compared",
        says: "A token is accepted by its id alone.",
        breaks: &[],
        kills: &[(
            "server/COD/a-wrong-token-is-refused",
            "expected the refusal token-refused; got codes",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let Credential::Token(token) = &scene.call.presented else {
                return scene.decide();
            };
            let hash = scene.center.keys().token(&RingCrypto, token.secret());
            scene.seeing(Kind::Token, |kept: &mut Token| kept.secret = hash)
        }),
    },
    Fault {
        name: "expired-tokens-live",
        says: "A token is accepted after its end.",
        breaks: &[],
        kills: &[(
            "server/COD/a-wrong-token-is-refused",
            "expected the refusal token-refused; got codes",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            scene.seeing(Kind::Token, |kept: &mut Token| kept.expires = None)
        }),
    },
    Fault {
        name: "revoked-tokens-live",
        says: "A revoked token is accepted.",
        breaks: &[],
        kills: &[(
            "server/COD/an-operator-makes-tokens",
            "expected the refusal token-refused; got codeIssued",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            scene.seeing(Kind::Token, |kept: &mut Token| kept.revoked = None)
        }),
    },
    Fault {
        name: "administrators-of-nobody",
        says: "A token of an administrator need not name a customer.",
        breaks: &[],
        kills: &[(
            "server/COD/tokens-name-their-customer",
            "expected the refusal invalid; got tokenIssued",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match scene.people() {
            Some(PeopleRequest::IssueToken(message))
                if message.role == Role::Administrator && message.customer.is_none() =>
            {
                let role = Role::Dealer;
                scene.told(PeopleRequest::IssueToken(IssueToken {
                    role,
                    ..message.clone()
                }))
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "administrators-see-all",
        says: "An administrator sees the devices of every customer.",
        breaks: &[],
        kills: &[(
            "server/HTTP/an-administrator-sees-one-customer",
            "expected the refusal not-found; got devices",
        )],
        also: &[
            "server/MBX/who-instructs-is-an-operator-or-administrator",
            "server/SVC/who-applies-is-an-operator-or-administrator",
            "server/POL/who-plans-is-an-operator-or-administrator",
        ],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match (refused_as(&decided, RefusalCode::NotFound), scene.role()) {
                (true, Some(Role::Administrator)) => scene.presenting(Credential::Console),
                _ => decided,
            }
        }),
    },
    Fault {
        name: "foreign-customers-forbidden",
        says: "A customer of somebody else is refused in other words than one that there is not.",
        breaks: &[],
        kills: &[(
            "server/MOD/foreign-ids-answer-like-none",
            "expected the refusal not-found; got refusal role-forbidden",
        )],
        also: &["server/HTTP/an-administrator-sees-one-customer"],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            let exists = scene.any::<Customer>(Kind::Customer).is_some();
            let reads = matches!(
                scene.people(),
                Some(PeopleRequest::ListDevices(_) | PeopleRequest::ListReadings(_))
            );
            match reads && exists && refused_as(&decided, RefusalCode::NotFound) {
                true => refusal(scene, RefusalCode::RoleForbidden),
                false => decided,
            }
        }),
    },
];

fn promoted(token: &mut Token) {
    if token.role == Role::Dealer {
        token.role = Role::Operator;
    }
}
