//! Faults of a provider's decisions: before and behind them, and under them.

use restante_core::center::{Call, Decide, Decision, Message, Refused, Reply};
use restante_core::decision::Heard;
use restante_core::provider::Provider;
use restante_core::record::{Kind, Pause, Records, Unreported};
use restante_core::wire::provider::{HandoverState, ProviderReply, ProviderRequest};
use restante_core::wire::{Refusal, RefusalCode, Registered};
use restante_core::{Seed, Timestamp};
use restante_crypto::RingCrypto;

use crate::bundled::core_provider;
use crate::faults::scene::{Alter, Decided};
use crate::faults::{Defect, Fault};

use super::Wrong;

/// One call that a faulty provider has to decide.
pub struct Shop<'a> {
    provider: &'a Provider<RingCrypto>,
    /// The same provider with other keys.
    other: &'a Provider<RingCrypto>,
    now: Timestamp,
    seed: &'a Seed,
    call: &'a Call,
    records: &'a Records<'a>,
}

impl Shop<'_> {
    fn decide(&self) -> Decided {
        self.calling(self.call)
    }

    fn calling(&self, call: &Call) -> Decided {
        self.provider
            .decide(self.now, self.seed, call, self.records)
    }

    /// For what was heard, altered.
    fn hearing(&self, change: impl FnOnce(&mut Heard)) -> Decided {
        let mut call = self.call.clone();
        if let Message::Heard(_, heard) = &mut call.message {
            change(heard);
        }
        self.calling(&call)
    }

    /// What was heard, if that is what it is about.
    fn heard(&self) -> Option<&Heard> {
        match &self.call.message {
            Message::Heard(_, heard) => Some(heard),
            _ => None,
        }
    }

    /// Whether a page was heard that shows a device in this state.
    fn shows(&self, state: HandoverState) -> bool {
        let Some(Heard::Answer(_, ProviderReply::Handovers(page))) = self.heard() else {
            return false;
        };
        page.rows.iter().any(|row| row.state == state)
    }
}

/// The core's provider behind a fault, or without one.
pub(super) struct Faulty {
    provider: Provider<RingCrypto>,
    other: Provider<RingCrypto>,
    defect: Option<fn(&Shop<'_>) -> Decided>,
}

impl Faulty {
    /// The provider of this seed with this fault.
    pub(super) fn new(seed: u64, defect: Option<fn(&Shop<'_>) -> Decided>) -> Self {
        Self {
            provider: core_provider(seed),
            other: core_provider(seed.wrapping_add(1)),
            defect,
        }
    }
}

impl Decide for Faulty {
    fn decide(
        &self,
        now: Timestamp,
        seed: &Seed,
        call: &Call,
        records: &Records,
    ) -> Result<Decision, Pause> {
        let Some(defect) = self.defect else {
            return self.provider.decide(now, seed, call, records);
        };
        defect(&Shop {
            provider: &self.provider,
            other: &self.other,
            now,
            seed,
            call,
            records,
        })
    }
}

/// The same with another list of what is said next.
fn saying(decided: Decided, change: impl FnOnce(&mut Vec<ProviderRequest>)) -> Decided {
    decided.map(|mut decision| {
        if let Ok(Reply::ToSay(said)) = &mut decision.outcome {
            change(&mut said.messages);
        }
        decision
    })
}

/// A registration that is refused for one of these reasons is taken all the same.
fn taking(shop: &Shop<'_>, words: &[&str]) -> Decided {
    let Message::Register(service, register) = &shop.call.message else {
        return shop.decide();
    };
    shop.decide().map(|mut decision| {
        let is = |refused: &Refused| words.contains(&refused.reason.word);
        if decision.outcome.as_ref().is_err_and(is) {
            decision.outcome = Ok(Reply::Registered(Registered {
                device: register.device,
                service: service.clone(),
            }));
        }
        decision
    })
}

/// A whole message is refused with this word instead.
fn refusing_as(shop: &Shop<'_>, from: Option<RefusalCode>, to: RefusalCode) -> Decided {
    shop.hearing(|heard| {
        if let Heard::Refused(_, refusal) = heard
            && from.is_none_or(|code| code == refusal.code)
        {
            *refusal = Refusal::plain(to);
        }
    })
}

const TAKEN: &str = "expected the refusal registration-refused; got registered";
const NOT_TAKEN: &str = "expected the reply registered; got refusal registration-refused";

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "provider-forgets-a-device",
        says: "The last device of a page is given no code.",
        breaks: &["PRV-021"],
        kills: &[
            (
                "provider/SCN/whom-the-center-has-found",
                "in which codes: expected 2 items, got 1",
            ),
            (
                "provider/PRV/each-wanted-device-is-given-a-code",
                "in which codes: expected 2 items, got 1",
            ),
        ],
        also: &["provider/"],
        defect: Defect::Provider(Wrong::Decides(|shop| {
            saying(shop.decide(), |said| {
                for said in said {
                    if let ProviderRequest::Give(give) = said
                        && give.codes.len() > 1
                    {
                        give.codes.pop();
                    }
                }
            })
        })),
    },
    Fault {
        name: "provider-makes-another-code-each-time",
        says: "A device that is wanted again is given another code.",
        breaks: &["PRV-022"],
        kills: &[(
            "provider/PRV/a-device-that-is-wanted-again-has-its-code",
            "in which codes.0.code: expected",
        )],
        also: &["provider/PRV/another-refusal-changes-nothing"],
        defect: Defect::Provider(Wrong::Decides(|shop| {
            let decided = shop.decide();
            let has_pair = shop.records.iter().any(|(_, loaded)| {
                use restante_core::record::Loaded;
                matches!(loaded, Loaded::Record(Some(row)) if row.key.kind == Kind::Pair)
            });
            match shop.shows(HandoverState::Wanted) && has_pair {
                true => shop
                    .other
                    .decide(shop.now, shop.seed, shop.call, shop.records),
                false => decided,
            }
        })),
    },
    Fault {
        name: "provider-keeps-no-code",
        says: "A code opens nothing before the center has answered.",
        breaks: &["PRV-023", "PRV-025"],
        kills: &[(
            "provider/PRV/a-code-opens-before-the-center-answers",
            NOT_TAKEN,
        )],
        also: &["provider/"],
        defect: Defect::Provider(Wrong::Decides(|shop| {
            match shop.shows(HandoverState::Wanted) {
                true => shop.decide().unwriting(Kind::Pair),
                false => shop.decide(),
            }
        })),
    },
    Fault {
        name: "provider-reads-one-page",
        says: "Only the first page of the list is read.",
        breaks: &["PRV-024"],
        kills: &[(
            "provider/PRV/every-page-is-asked-for",
            "got the request listHandovers, in which after: expected",
        )],
        also: &[],
        defect: Defect::Provider(Wrong::Decides(|shop| {
            shop.hearing(|heard| {
                if let Heard::Answer(_, ProviderReply::Handovers(page)) = heard {
                    page.next = None;
                }
            })
        })),
    },
    Fault {
        name: "provider-takes-any-code",
        says: "Any code opens the service for a device that is wanted.",
        breaks: &["PRV-026"],
        kills: &[
            ("provider/SCN/three-devices-each-by-its-own-code", TAKEN),
            ("provider/PRV/whatever-is-wrong-is-refused-alike", TAKEN),
        ],
        also: &["provider/"],
        defect: Defect::Provider(Wrong::Decides(|shop| {
            taking(shop, &["registration-code-wrong"])
        })),
    },
    Fault {
        name: "provider-codes-never-run-out",
        says: "A code opens after its application's time.",
        breaks: &["PRV-026"],
        kills: &[("provider/PRV/a-code-that-has-run-out-opens-nothing", TAKEN)],
        also: &[],
        defect: Defect::Provider(Wrong::Decides(|shop| {
            taking(shop, &["registration-code-expired"])
        })),
    },
    Fault {
        name: "provider-reports-each-repetition",
        says: "A device that registers again is reported again.",
        breaks: &["PRV-027"],
        kills: &[(
            "provider/PRV/a-repeated-registration-has-no-effect",
            "the request reportEntitlements came",
        )],
        also: &["provider/SCN/three-devices-each-by-its-own-code"],
        defect: Defect::Provider(Wrong::Decides(|shop| {
            let Message::Register(service, register) = &shop.call.message else {
                return shop.decide();
            };
            let decided = shop.decide()?;
            let (Ok(Reply::Registered(_)), true) = (&decided.outcome, decided.written.is_empty())
            else {
                return Ok(decided);
            };
            // What was heard of the codes again is what has it reported.
            let Some(application) = application(shop) else {
                return Ok(decided);
            };
            Ok(reported_again(
                shop,
                decided,
                service,
                application,
                register.device,
            ))
        })),
    },
    Fault {
        name: "provider-reports-nothing",
        says: "The center is never told who uses the service.",
        breaks: &["PRV-028"],
        kills: &[(
            "provider/PRV/a-use-is-reported-until-it-is-answered",
            "expected the request reportEntitlements within 30 s; got the request listHandovers",
        )],
        also: &["provider/"],
        defect: Defect::Provider(Wrong::Decides(|shop| {
            shop.decide().unwriting(Kind::Unreported)
        })),
    },
    Fault {
        name: "provider-lets-the-ended-in",
        says: "What has ended opens the service still.",
        breaks: &["PRV-029", "PRV-032"],
        kills: &[(
            "provider/PRV/what-has-ended-opens-nothing-and-is-settled",
            TAKEN,
        )],
        also: &[],
        defect: Defect::Provider(Wrong::Decides(|shop| {
            match shop.shows(HandoverState::Ended) {
                true => shop.decide().unwriting(Kind::Pair),
                false => shop.decide(),
            }
        })),
    },
    Fault {
        name: "provider-lets-the-refused-in",
        says: "A code that the center has refused opens the service still.",
        breaks: &["PRV-029"],
        kills: &[("provider/PRV/what-the-center-refuses-opens-nothing", TAKEN)],
        also: &[],
        defect: Defect::Provider(Wrong::Decides(|shop| match shop.heard() {
            Some(Heard::Answer(ProviderRequest::Give(_), _)) => shop.decide().unwriting(Kind::Pair),
            _ => shop.decide(),
        })),
    },
    Fault {
        name: "provider-gives-nothing-up",
        says: "What the center does not know is used on and reported for ever.",
        breaks: &["PRV-030"],
        kills: &[(
            "provider/PRV/what-the-center-does-not-know-is-given-up",
            "expected the request reportEntitlements within 30 s; got the request listHandovers",
        )],
        also: &[],
        defect: Defect::Provider(Wrong::Decides(|shop| {
            refusing_as(shop, Some(RefusalCode::NotFound), RefusalCode::Invalid)
        })),
    },
    Fault {
        name: "provider-gives-up-at-any-refusal",
        says: "Whatever a message is refused for, its devices are given up.",
        breaks: &["PRV-031"],
        kills: &[("provider/PRV/another-refusal-changes-nothing", NOT_TAKEN)],
        also: &["provider/"],
        defect: Defect::Provider(Wrong::Decides(|shop| {
            refusing_as(shop, None, RefusalCode::NotFound)
        })),
    },
    Fault {
        name: "provider-never-settles",
        says: "What has ended is never settled.",
        breaks: &["PRV-032"],
        kills: &[(
            "provider/PRV/what-has-ended-opens-nothing-and-is-settled",
            "expected the request settleHandovers within 30 s; got the request listHandovers",
        )],
        also: &[],
        defect: Defect::Provider(Wrong::Decides(|shop| {
            saying(shop.decide(), |said| {
                said.retain(|said| !matches!(said, ProviderRequest::Settle(_)));
            })
        })),
    },
    Fault {
        name: "provider-forgets-at-a-power-cut",
        says: "A power cut takes the codes and the uses.",
        breaks: &["PRV-033"],
        kills: &[("provider/PRV/codes-and-uses-survive-a-power-cut", NOT_TAKEN)],
        also: &[],
        defect: Defect::Provider(Wrong::Forgets),
    },
    Fault {
        name: "provider-heeds-no-time",
        says: "The next round begins when it always would, whatever time the center names.",
        breaks: &["PRV-035"],
        kills: &[(
            "provider/PRV/no-round-before-the-time-that-is-named",
            "the request listHandovers came after",
        )],
        also: &[],
        defect: Defect::Provider(Wrong::Hurries),
    },
    Fault {
        name: "provider-throttles-nobody",
        says: "Wrong pairs are not counted.",
        breaks: &["PRV-034"],
        kills: &[(
            "provider/PRV/ten-wrong-pairs-are-throttled",
            "expected the refusal throttled; got registered",
        )],
        also: &["provider/PRV/the-time-to-come-again-is-a-header-too"],
        defect: Defect::Provider(Wrong::Decides(|shop| {
            shop.decide().unwriting(Kind::Throttle)
        })),
    },
];

/// The application of the pair that was loaded.
fn application(shop: &Shop<'_>) -> Option<restante_core::id::ApplicationId> {
    use restante_core::provider::Pair;
    use restante_core::record::{Loaded, Record};
    shop.records.iter().find_map(|(_, loaded)| match loaded {
        Loaded::Record(Some(row)) if row.key.kind == Kind::Pair => {
            let pair = Pair::read(row.format, &row.body).ok()?;
            Some(pair.application)
        }
        _ => None,
    })
}

/// The same, and the device is to be reported.
fn reported_again(
    shop: &Shop<'_>,
    mut decision: Decision,
    service: &restante_core::id::ServiceId,
    application: restante_core::id::ApplicationId,
    device: restante_core::id::DeviceId,
) -> Decision {
    use restante_core::record::{Change, Record, Write};
    let owner = shop.provider.keys().service(&RingCrypto, service);
    let body = serde_json::to_vec(&Unreported { at: shop.now }).unwrap_or_default();
    decision.written.writes.push(Write {
        key: Unreported::key(owner, application, device),
        change: Change::Put {
            format: Unreported::FORMAT,
            body,
        },
    });
    decision
}
