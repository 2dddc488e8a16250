//! A center and a provider with a server of its own, each with its store, over a line that loses
//! messages and answers.

use std::collections::{BTreeMap, VecDeque};

use restante_core::Seconds;
use restante_core::center::{Credential, Message, Reply};
use restante_core::code::RegistrationCode;
use restante_core::decision::Heard;
use restante_core::id::{ApplicationId, DeviceId};
use restante_core::provider::PairState;
use restante_core::record::Kind;
use restante_core::wire::ServiceUrl;
use restante_core::wire::people::{PeopleReply, PeopleRequest, Role};
use restante_core::wire::provider::ProviderRequest;
use restante_core::wire::services::{
    ApplicationState, Collator, DefineService, Devices, Selection, ServicesRequest, StopUse,
    TargetState,
};

use crate::provider::{Shop, hears, registers, shop, state};
use crate::trial::{Trial, id};

/// Both servers, and what the line between them does.
struct Two {
    trial: Trial,
    token: Credential,
    shop: Shop,
    /// After so many messages the line does this, once.
    trouble: Option<(usize, Trouble)>,
    said: usize,
}

/// What happens to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// It does not arrive, and the provider begins again.
    Lost,
    /// It arrives, its answer does not, and the provider begins again.
    AnswerLost,
    /// It arrives, and the provider crashes when it has written what follows from the answer.
    Crash,
    /// It arrives twice, and so does its answer.
    Twice,
}

const TROUBLES: [Trouble; 4] = [
    Trouble::Lost,
    Trouble::AnswerLost,
    Trouble::Crash,
    Trouble::Twice,
];

impl Two {
    fn new() -> Self {
        let mut trial = Trial::new();
        let token = trial.world.token(Role::Provider, "scan", None);
        let define = PeopleRequest::Services(ServicesRequest::Define(DefineService {
            service: id("only"),
            title: None,
            url: ServiceUrl::new("https://only.a.com/regist").expect("a URL"),
            models: Vec::new(),
            collator: Collator::Provider,
        }));
        trial.world.people(token.clone(), define).expect("defined");
        Self {
            trial,
            token,
            shop: shop("only"),
            trouble: None,
            said: 0,
        }
    }

    /// Says one thing to the center.
    fn ask(&mut self, said: &ProviderRequest) -> Heard {
        let message = Message::People(PeopleRequest::Provider(said.clone()));
        match self.trial.world.call(self.token.clone(), message) {
            Ok(Reply::People(PeopleReply::Provider(reply))) => Heard::Answer(said.clone(), reply),
            Ok(other) => panic!("a provider was answered by {other:?}"),
            Err(refused) => Heard::Refused(said.clone(), refused.refusal),
        }
    }

    /// One round, to its end or to where it breaks off; what was said.
    fn round(&mut self) -> Vec<ProviderRequest> {
        let mut to_say: VecDeque<_> = hears(&mut self.shop, "only", Heard::Nothing).into();
        let mut all = Vec::new();
        while let Some(said) = to_say.pop_front() {
            assert!(all.len() < 100, "a round ends");
            let now = self.said;
            self.said += 1;
            all.push(said.clone());
            let trouble = self.trouble.filter(|(at, _)| *at == now).map(|it| it.1);
            if trouble == Some(Trouble::Lost) {
                break;
            }
            let mut heard = self.ask(&said);
            if trouble == Some(Trouble::AnswerLost) {
                break;
            }
            let mut next = hears(&mut self.shop, "only", heard.clone());
            match trouble {
                Some(Trouble::Crash) => break,
                Some(Trouble::Twice) => {
                    hears(&mut self.shop, "only", heard);
                    heard = self.ask(&said);
                    next = hears(&mut self.shop, "only", heard);
                }
                _ => {}
            }
            to_say.extend(next);
        }
        all
    }

    /// Rounds until one asks for the list and finds nothing.
    fn quiet(&mut self) {
        for _ in 0..10 {
            self.trial.world.tick();
            let before = self.said;
            let is_short = self.round().len() == 1;
            let struck = self
                .trouble
                .is_some_and(|(at, _)| (before..self.said).contains(&at));
            if is_short && !struck {
                return;
            }
        }
        panic!("they never fall silent");
    }

    /// A device registers at the provider with what its mailbox holds.
    fn starts(&mut self, serial: &str) {
        let mut invitations = self.trial.invitations(serial);
        let invitation = invitations.remove(0);
        assert_eq!(invitation.url, "https://only.a.com/start");
        let code: RegistrationCode = invitation.code.parse().expect("a code");
        let device = self.trial.device(serial);
        registers(&mut self.shop, "only", device, Some(&code)).expect("right");
    }

    fn stops(&mut self, serial: &str) {
        let stop = StopUse {
            service: id("only"),
            customer: Some(self.trial.customer("C001")),
            devices: Devices(vec![self.trial.device(serial)]),
        };
        self.trial
            .ask(ServicesRequest::StopUse(stop))
            .expect("stopped");
    }

    /// How the center and the provider see each device.
    fn states(&mut self, of: ApplicationId) -> BTreeMap<&'static str, (TargetState, &'static str)> {
        let targets = self.trial.targets("C001", of);
        let both = targets.into_iter().map(|(serial, target)| {
            let pair = state(&self.shop, "only", self.trial.device(serial));
            (serial, (target, word(pair)))
        });
        both.collect()
    }
}

fn word(state: Option<PairState>) -> &'static str {
    match state {
        None => "none",
        Some(PairState::Open) => "open",
        Some(PairState::Failed { .. }) => "failed",
        Some(PairState::Entitled { .. }) => "entitled",
        Some(PairState::Withdrawn { .. }) => "withdrawn",
    }
}

const ALL: [&str; 3] = ["D10010101", "D10020102", "D10020103"];

#[test]
fn devices_register_at_their_provider_and_the_application_is_complete() {
    let mut two = Two::new();
    let of = two.trial.applied("C001", "only", Selection::All);
    two.quiet();
    for serial in ALL {
        two.starts(serial);
    }
    two.quiet();
    let entitled = (TargetState::Entitled, "entitled");
    assert_eq!(two.states(of), ALL.map(|serial| (serial, entitled)).into());
    let row = two.trial.counted("C001", of);
    assert_eq!(row.state, ApplicationState::Complete);
    assert_eq!(two.shop.count(Kind::Unreported), 0);
}

/// One device starts, one is called off with its code, one starts and is stopped.
fn story(trouble: Option<(usize, Trouble)>) -> (usize, impl PartialEq + std::fmt::Debug) {
    let mut two = Two::new();
    two.trouble = trouble;
    let of = two.trial.applied("C001", "only", Selection::All);
    two.quiet();
    two.starts(ALL[0]);
    two.starts(ALL[2]);
    two.quiet();
    two.trial.calls_off("C001", of, &[ALL[1]]);
    two.stops(ALL[2]);
    two.quiet();
    let codes = ALL.map(|serial| two.trial.invitations(serial));
    let left = two.shop.count(Kind::Unreported) + two.trial.world.count(Kind::Handover);
    (two.said, (two.states(of), codes.map(|it| it.len()), left))
}

#[test]
fn whatever_is_lost_at_any_message_both_come_to_the_same() {
    let (messages, told) = story(None);
    assert!(messages > 8, "the story has {messages} messages");
    for at in 0..messages {
        for trouble in TROUBLES {
            let (_, again) = story(Some((at, trouble)));
            assert_eq!(again, told, "{trouble:?} at message {at}");
        }
    }
}

#[test]
fn the_story_ends_as_it_should() {
    let mut two = Two::new();
    let of = two.trial.applied("C001", "only", Selection::All);
    two.quiet();
    two.starts(ALL[0]);
    two.starts(ALL[2]);
    two.quiet();
    two.trial.calls_off("C001", of, &[ALL[1]]);
    two.stops(ALL[2]);
    two.quiet();
    let states = two.states(of);
    assert_eq!(states[ALL[0]], (TargetState::Entitled, "entitled"));
    assert_eq!(states[ALL[1]], (TargetState::Withdrawn, "withdrawn"));
    assert_eq!(states[ALL[2]].1, "withdrawn");
}

#[test]
fn a_use_that_was_stopped_begins_again_with_another_code() {
    let mut two = Two::new();
    two.trial
        .applied("C001", "only", two.trial.named(&ALL[..1]));
    two.quiet();
    let first = two.trial.invitations(ALL[0])[0].code.clone();
    two.starts(ALL[0]);
    two.quiet();
    two.stops(ALL[0]);
    let again = two
        .trial
        .applied("C001", "only", two.trial.named(&ALL[..1]));
    two.quiet();
    let shown = two.trial.invitations(ALL[0]);
    let second = shown.last().expect("a code").code.clone();
    assert_ne!(first, second);
    let device = two.trial.device(ALL[0]);
    let code = |text: &str| text.parse::<RegistrationCode>().expect("a code");
    registers(&mut two.shop, "only", device, Some(&code(&first))).expect_err("over");
    registers(&mut two.shop, "only", device, Some(&code(&second))).expect("right");
    two.quiet();
    assert_eq!(
        two.states(again)[ALL[0]],
        (TargetState::Entitled, "entitled")
    );
}

#[test]
fn a_center_that_lost_an_application_is_not_told_of_it_for_ever() {
    let mut two = Two::new();
    let backup = two.trial.world.clone();
    two.trial.applied("C001", "only", Selection::All);
    two.quiet();
    two.starts(ALL[0]);
    two.trial.world = backup;
    two.quiet();
    let device = two.trial.device(ALL[0]);
    assert_eq!(word(state(&two.shop, "only", device)), "withdrawn");
    assert_eq!(two.shop.count(Kind::Unreported), 0);
}

#[test]
fn a_center_that_lost_the_codes_is_given_and_told_the_same_again() {
    let mut two = Two::new();
    let of = two.trial.applied("C001", "only", Selection::All);
    let backup = two.trial.world.clone();
    two.quiet();
    let before = two.trial.invitations(ALL[0]);
    two.starts(ALL[0]);
    two.quiet();
    two.trial.world = backup;
    two.quiet();
    assert_eq!(two.trial.invitations(ALL[1]).len(), 1);
    assert_eq!(two.states(of)[ALL[0]], (TargetState::Entitled, "entitled"));
    assert_eq!(before.len(), 1);
}

#[test]
fn what_is_stopped_before_it_is_reported_ends_at_the_provider_too() {
    let mut two = Two::new();
    let of = two.trial.applied("C001", "only", Selection::All);
    two.quiet();
    two.starts(ALL[0]);
    two.trial.calls_off("C001", of, &[]);
    two.trial.world.pass(Seconds::new(10));
    two.quiet();
    for serial in ALL {
        assert_eq!(
            two.states(of)[serial],
            (TargetState::Withdrawn, "withdrawn")
        );
    }
}

#[test]
fn more_devices_than_a_page_holds_are_given_codes_and_reported() {
    let mut two = Two::new();
    let (devices, formal) = two.trial.crowd("C001", 230);
    let on = Selection::Devices(Devices(devices.clone()));
    let of = two.trial.applied("C001", "only", on);
    two.trial.world.pass(Seconds::new(10));
    two.quiet();
    let shown = two.trial.shown(&formal);
    assert!(shown.len() > 100, "{} are shown", shown.len());
    for (device, invitation) in &shown {
        let code: RegistrationCode = invitation.code.parse().expect("a code");
        registers(&mut two.shop, "only", *device, Some(&code)).expect("right");
    }
    two.quiet();
    let is_entitled = |device: &DeviceId| word(state(&two.shop, "only", *device)) == "entitled";
    let entitled = devices.iter().filter(|it| is_entitled(it)).count();
    assert_eq!(entitled, shown.len());
    let row = two.trial.counted("C001", of);
    assert_eq!(row.tally.entitled as usize, shown.len());
}
