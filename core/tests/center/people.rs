//! People and their tokens: each role sees only its own, and what is another's answers like what is
//! not there.

use restante_core::center::{Credential, Message};
use restante_core::code::AccessToken;
use restante_core::id::{CustomerId, DeviceId, TokenId};
use restante_core::wire::people::{
    AcceptClock, IssueToken, ListDevices, ListReadings, ListTokens, PeopleReply, PeopleRequest,
    RevokeToken, Role,
};
use restante_core::wire::{Refusal, RefusalCode};
use restante_core::{Seconds, Timestamp};

use crate::world::World;

fn devices(customer: Option<CustomerId>, user: Option<&str>) -> PeopleRequest {
    PeopleRequest::ListDevices(ListDevices {
        customer,
        user: user.map(|user| user.parse().expect("a name")),
        after: None,
    })
}

fn readings(customer: Option<CustomerId>, device: DeviceId) -> PeopleRequest {
    PeopleRequest::ListReadings(ListReadings {
        device,
        customer,
        after: None,
    })
}

fn refusal(world: &mut World, who: &Credential, request: PeopleRequest) -> Refusal {
    let decided = world.decide(who.clone(), Message::People(request));
    decided.decision.outcome.expect_err("refused").refusal
}

#[test]
fn another_customers_ids_answer_like_none() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let device = world.activate(&code, 1, &["A"]).devices[0].device;
    let other = world.issue("Smith", None);
    let nowhere = CustomerId::from_bytes([5; 16]);
    let administrator = world.token(Role::Administrator, "ada", Some(other.customer));
    let dealer = world.token(Role::Dealer, "acme", None);
    for who in [&administrator, &dealer] {
        let there = refusal(&mut world, who, devices(Some(code.customer), None));
        let none = refusal(&mut world, who, devices(Some(nowhere), None));
        assert_eq!(there.code, RefusalCode::NotFound);
        assert_eq!(there, none);
        let there = refusal(&mut world, who, readings(Some(code.customer), device));
        let none = refusal(&mut world, who, readings(Some(nowhere), device));
        assert_eq!(there, none);
    }
    let foreign = refusal(&mut world, &administrator, readings(None, device));
    let unknown = DeviceId::from_bytes([6; 16]);
    assert_eq!(
        foreign,
        refusal(&mut world, &administrator, readings(None, unknown))
    );
    let own = world.people(administrator, devices(None, None));
    assert!(matches!(own, Ok(PeopleReply::Devices(page)) if page.rows.is_empty()));
}

#[test]
fn two_dealers_who_use_one_name_never_share_a_customer() {
    let mut world = World::new();
    let console = world.issue("Miller", None);
    world.activate(&console, 1, &["A"]);
    let acme = world.token(Role::Dealer, "acme", None);
    let shown = world.people(Credential::Console, devices(None, Some("Miller")));
    assert!(matches!(shown, Ok(PeopleReply::Devices(page)) if page.rows.len() == 1));
    assert_eq!(
        world.people(acme, devices(None, Some("Miller"))),
        Err(RefusalCode::NotFound)
    );
}

#[test]
fn a_list_names_one_customer_in_one_way() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let console = Credential::Console;
    let neither = refusal(&mut world, &console, devices(None, None));
    assert_eq!(
        neither.detail,
        "name the customer, or as a dealer one of your users"
    );
    let both = devices(Some(code.customer), Some("Miller"));
    let both = refusal(&mut world, &console, both);
    assert_eq!(both.detail, "name the customer or the user, not both");
}

#[test]
fn roles_may_do_what_is_theirs_and_nothing_else() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let customer = Some(code.customer);
    let requests: [(&str, PeopleRequest); 5] = [
        ("codes", PeopleRequest::ListCodes(Default::default())),
        ("tokens", PeopleRequest::ListTokens(Default::default())),
        (
            "revocation",
            PeopleRequest::RevokeToken(RevokeToken {
                token: TokenId::from_bytes([1; 16]),
            }),
        ),
        ("clock", PeopleRequest::AcceptClock(AcceptClock {})),
        ("devices", devices(customer, None)),
    ];
    let may = |role: Role, what: &str| match role {
        Role::Dealer => ["codes", "devices"].contains(&what),
        Role::Administrator => what == "devices",
        Role::Operator => what != "codes",
        _ => false,
    };
    for role in Role::ALL {
        let of = customer.filter(|_| role.is_of_a_customer());
        let token = world.token(role, "somebody", of);
        for (what, request) in &requests {
            let forbidden =
                world.people(token.clone(), request.clone()) == Err(RefusalCode::RoleForbidden);
            assert_eq!(forbidden, !may(role, what), "{} {what}", role.word());
        }
    }
}

#[test]
fn a_token_is_refused_once_it_is_revoked_run_out_or_altered() {
    let mut world = World::new();
    let request = |validity| {
        PeopleRequest::IssueToken(IssueToken {
            role: Role::Dealer,
            account: "acme".parse().expect("a name"),
            customer: None,
            validity,
        })
    };
    let issue =
        |world: &mut World, validity| match world.people(Credential::Console, request(validity)) {
            Ok(PeopleReply::TokenIssued(issued)) => issued.token,
            other => panic!("no token: {other:?}"),
        };
    let list = || PeopleRequest::ListCodes(Default::default());
    let short = issue(&mut world, Some(Seconds::HOUR));
    let long = issue(&mut world, None);
    let mut secret = *long.secret();
    secret[0] ^= 1;
    for wrong in [
        AccessToken::new(long.id(), secret),
        AccessToken::new(TokenId::from_bytes([8; 16]), *long.secret()),
    ] {
        let refused = world.people(Credential::Token(wrong), list());
        assert_eq!(refused, Err(RefusalCode::TokenRefused));
    }
    assert!(
        world
            .people(Credential::Token(short.clone()), list())
            .is_ok()
    );
    world.pass_unnoticed(Seconds::HOUR);
    let refused = world.people(Credential::Token(short), list());
    assert_eq!(refused, Err(RefusalCode::TokenRefused));
    let revoke = PeopleRequest::RevokeToken(RevokeToken { token: long.id() });
    assert!(
        world
            .people(Credential::Token(long.clone()), list())
            .is_ok()
    );
    let first = world.people(Credential::Console, revoke.clone());
    assert!(first.is_ok());
    world.pass_unnoticed(Seconds::HOUR);
    let again = world.people(Credential::Console, revoke);
    assert_eq!(again, first, "it stays revoked since then");
    let refused = world.people(Credential::Token(long), list());
    assert_eq!(refused, Err(RefusalCode::TokenRefused));
}

#[test]
fn tokens_are_listed_oldest_first_without_their_secrets() {
    let mut world = World::new();
    for name in ["one", "two", "three"] {
        world.now = world.now.after(Seconds::new(1));
        world.token(Role::Dealer, name, None);
    }
    let request = PeopleRequest::ListTokens(ListTokens::default());
    let Ok(PeopleReply::Tokens(page)) = world.people(Credential::Console, request) else {
        panic!("a list");
    };
    let names: Vec<&str> = page.rows.iter().map(|row| row.account.as_str()).collect();
    assert_eq!(names, ["one", "two", "three"]);
    assert!(page.rows.iter().all(|row| row.issued.0 > Timestamp::EPOCH));
}

#[test]
fn a_customers_token_names_a_customer_that_is_there_and_no_other_token_does() {
    let mut world = World::new();
    let code = world.issue("Miller", None);
    let mut says = |role, customer| {
        let request = PeopleRequest::IssueToken(IssueToken {
            role,
            account: "ada".parse().expect("a name"),
            customer,
            validity: None,
        });
        let decided = world.decide(Credential::Console, Message::People(request));
        let outcome = decided.decision.outcome;
        outcome.map(|_| ()).map_err(|it| it.refusal.detail)
    };
    assert_eq!(says(Role::Administrator, Some(code.customer)), Ok(()));
    assert_eq!(says(Role::Dealer, None), Ok(()));
    assert_eq!(
        says(Role::Administrator, None),
        Err("a token of role administrator names its customer".into())
    );
    assert_eq!(
        says(Role::Dealer, Some(code.customer)),
        Err("a token of role dealer names no customer".into())
    );
    let nowhere = CustomerId::from_bytes([5; 16]);
    assert_eq!(
        says(Role::Manager, Some(nowhere)),
        Err(format!("there is no customer {nowhere}"))
    );
}
