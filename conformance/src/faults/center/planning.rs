//! Faults of plans and their links: spec sections 11.2 and 11.3.

use restante_core::Seconds;
use restante_core::center::Reply;
use restante_core::id::{DeviceId, RequestId};
use restante_core::record::{Device, Kind, Pause, Plan, PlanPart};
use restante_core::wire::people::{DateTime, Page, PeopleReply, PeopleRequest};
use restante_core::wire::plan::{
    ListPollLinks, PlanFirst, PlanOf, PlanPolls, PlanShape, PollLink, PollLinkRow, PollLinkState,
    PollPlan,
};
use restante_core::wire::{Function, FunctionSet, PollTag};

use crate::faults::scene::{Alter, Decided, Scene, instead, refused_for};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "roots-from-the-end",
        says: "The last device of the holdings is the one that tells the others.",
        breaks: &["POL-002", "POL-006"],
        kills: &[("server/POL/one-link-reaches-all", "rows.0.address")],
        also: &["server/POL/who-cannot-be-called-is-left-out"],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            let wholly = |plan: &&PlanPolls| {
                plan.first == PlanFirst::Holdings && plan.shape != PlanShape::Each
            };
            match planning(scene).filter(wholly) {
                Some(_) => decided.writing::<PlanPart>(Kind::PlanPart, |part| part.0.reverse()),
                None => decided,
            }
        }),
    },
    Fault {
        name: "a-tag-in-every-link",
        says: "The links of devices that tell nobody bear the tag as well.",
        breaks: &["POL-004"],
        kills: &[("server/POL/a-link-for-each-device", "links.0.link")],
        also: &[],
        defect: Defect::Decision(|scene| {
            planned(scene.decide(), |plan| {
                let tag = plan.tag.clone();
                for link in plan.links.iter_mut().filter(|it| !it.link.contains("tag=")) {
                    let joint = if link.link.contains('?') { '&' } else { '?' };
                    link.link = format!("{}{joint}tag={tag}", link.link);
                }
            })
        }),
    },
    Fault {
        name: "capability-passed-over",
        says: "The devices with the fewest functions are the roots where the most capable are asked \
               for.",
        breaks: &["POL-006"],
        kills: &[
            ("server/SCN/a-tree-of-fourteen", "links.0.device"),
            ("server/POL/the-most-capable-come-first", "links.0.device"),
        ],
        also: &[
            "server/POL/a-device-is-called-where-it-is-now",
            "server/POL/a-layer-is-shared-evenly",
            "server/POL/a-plan-is-over-after-seven-days",
            "server/POL/a-poll-for-a-plan-is-shown-the-mailbox",
            "server/POL/a-tag-tells-nobody-but-its-devices",
            "server/POL/calls-make-room-for-instructions",
            "server/POL/who-has-left-is-stepped-over",
            "server/POL/who-has-started-is-called-no-more",
            "server/SCN/one-link-for-three",
        ],
        defect: Defect::Decision(|scene| {
            let asked = planning(scene).filter(|plan| plan.first == PlanFirst::MostCapable);
            if asked.is_none() {
                return scene.decide();
            }
            scene.seeing::<Device>(Kind::Device, |device| {
                let many = device.identification.functions.iter().count();
                let fewer = Function::ALL.into_iter().skip(many.saturating_sub(1));
                if let Ok(functions) = FunctionSet::new(fewer) {
                    device.identification.functions = functions;
                }
            })
        }),
    },
    Fault {
        name: "nobody-is-said-to-be-left-out",
        says: "Devices that are left out of a plan are not listed.",
        breaks: &["POL-003", "POL-028"],
        kills: &[("server/POL/who-cannot-be-called-is-left-out", "rows")],
        also: &[],
        defect: Defect::Decision(|scene| {
            listed(scene.decide(), |page| {
                let called = [PollLinkState::Root, PollLinkState::Called];
                page.rows.retain(|row| called.contains(&row.state));
            })
        }),
    },
    Fault {
        name: "any-tree-will-do",
        says: "What a plan asks for beyond the bounds is passed over.",
        breaks: &["POL-008"],
        kills: &[(
            "server/POL/a-plan-has-bounds",
            "expected the refusal invalid; got pollsPlanned",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match planning(scene) {
            Some(plan) if refused_for(&scene.decide(), "invalid") => {
                scene.told(PeopleRequest::PlanPolls(PlanPolls {
                    shape: PlanShape::default(),
                    widths: Vec::new(),
                    per_minute: None,
                    ..plan.clone()
                }))
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "every-request-a-plan",
        says: "A message that is repeated makes another plan.",
        breaks: &["POL-009"],
        kills: &[("server/POL/planning-again-makes-nothing-twice", "tag")],
        also: &["server/POL/one-link-reaches-all"],
        defect: Defect::Decision(|scene| match planning(scene) {
            Some(plan) => scene.told(PeopleRequest::PlanPolls(PlanPolls {
                request: drawn(scene),
                ..plan.clone()
            })),
            None => scene.decide(),
        }),
    },
    Fault {
        name: "anybody-plans",
        says: "Whoever has a token can plan.",
        breaks: &["POL-010"],
        kills: &[(
            "server/POL/who-plans-is-an-operator-or-administrator",
            "expected the refusal role-forbidden; got pollsPlanned",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match planning(scene) {
                Some(_) if refused_for(&decided, "role-forbidden") => instead(
                    decided,
                    Reply::People(PeopleReply::PollsPlanned(made_up(scene))),
                ),
                _ => decided,
            }
        }),
    },
    Fault {
        name: "foreign-plans-are-listed",
        says: "Whoever names a plan is shown it, whoever's it is.",
        breaks: &["POL-011"],
        kills: &[(
            "server/POL/what-is-another-customer-s-is-not-planned",
            "expected the refusal not-found; got pollLinks",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            let Some(PeopleRequest::ListPollLinks(list)) = scene.people() else {
                return decided;
            };
            if !refused_for(&decided, "not-found") {
                return decided;
            }
            match plan(scene, &list.tag)? {
                Some(plan) => scene.told(PeopleRequest::ListPollLinks(ListPollLinks {
                    customer: Some(plan.customer),
                    ..list.clone()
                })),
                None => decided,
            }
        }),
    },
    Fault {
        name: "nobody-is-planned-for",
        says: "A plan is made although none of its devices can be called.",
        breaks: &["POL-012"],
        kills: &[(
            "server/POL/who-cannot-be-called-is-left-out",
            "expected the refusal no-eligible-device; got pollsPlanned",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match planning(scene) {
                Some(_) if refused_for(&decided, "no-eligible-device") => instead(
                    decided,
                    Reply::People(PeopleReply::PollsPlanned(made_up(scene))),
                ),
                _ => decided,
            }
        }),
    },
    Fault {
        name: "who-was-not-picked-is-called",
        says: "The links for chosen devices come with one for a device that nobody chose.",
        breaks: &["POL-002"],
        kills: &[
            (
                "server/SCN/polled-now-for-a-provider-s-service",
                "devices: expected 2, got 3",
            ),
            ("server/SCN/poll-requests-at-an-interval", "devices"),
        ],
        also: &[
            "server/POL/a-link-for-each-device",
            "server/SCN/a-link-to-each-address",
        ],
        defect: Defect::Decision(|scene| {
            let each = |plan: &&PlanPolls| plan.shape == PlanShape::Each;
            let asked = planning(scene).filter(each);
            let picked = asked.is_some_and(|plan| matches!(plan.of, PlanOf::Devices(_)));
            planned(scene.decide(), |plan| {
                if picked {
                    plan.devices = plan.devices.saturating_add(1);
                    plan.links.push(PollLink {
                        device: DeviceId::from_bytes([3; 16]),
                        link: "https://192.0.2.3/doPolling".into(),
                    });
                }
            })
        }),
    },
    Fault {
        name: "links-to-the-center",
        says: "The links lead to the center, which is to pass the requests on.",
        breaks: &["POL-001", "POL-004"],
        kills: &[("server/SCN/a-link-to-each-address", "links")],
        also: &[
            "server/POL/a-link-for-each-device",
            "server/POL/one-link-reaches-all",
            "server/POL/the-most-capable-come-first",
            "server/POL/who-cannot-be-called-is-left-out",
            "server/SCN/one-link-for-three",
            "server/SCN/poll-requests-at-an-interval",
            "server/SCN/a-tree-of-fourteen",
            "server/SCN/polled-now-for-a-provider-s-service",
        ],
        defect: Defect::Decision(|scene| {
            planned(scene.decide(), |plan| {
                for link in &mut plan.links {
                    if let Some((_, rest)) = link.link.split_once("/doPolling") {
                        link.link = format!("https://center.example/doPolling{rest}");
                    }
                }
            })
        }),
    },
    Fault {
        name: "no-time-in-the-links",
        says: "All devices whose links are opened at once come at once.",
        breaks: &["POL-013"],
        kills: &[("server/POL/a-link-for-each-device", "links.1.link")],
        also: &[
            "server/POL/the-most-capable-come-first",
            "server/SCN/poll-requests-at-an-interval",
            "server/SCN/polled-now-for-a-provider-s-service",
        ],
        defect: Defect::Decision(|scene| {
            planned(scene.decide(), |plan| {
                for link in &mut plan.links {
                    if let Some(at) = link.link.find("after=") {
                        link.link.truncate(at.saturating_sub(1));
                    }
                }
            })
        }),
    },
    Fault {
        name: "all-are-listed-for-now",
        says: "The list of a plan says of each device that it is called at once.",
        breaks: &["POL-028"],
        kills: &[(
            "server/SCN/poll-requests-at-an-interval",
            "in the reply pollLinks, rows",
        )],
        also: &["server/POL/", "server/SCN/"],
        defect: Defect::Decision(|scene| {
            listed(scene.decide(), |page| {
                for row in &mut page.rows {
                    row.after = row.after.map(|_| Seconds::ZERO);
                }
            })
        }),
    },
    Fault {
        name: "links-name-the-root-itself",
        says: "The addresses in a link are those of all devices of the plan.",
        breaks: &["POL-015"],
        kills: &[("server/POL/one-link-reaches-all", "links.0.link")],
        also: &[],
        defect: Defect::Decision(|scene| {
            planned(scene.decide(), |plan| {
                for link in &mut plan.links {
                    let address = link.link.trim_start_matches("https://");
                    let address = address.split('/').next().unwrap_or_default().to_owned();
                    let with = format!("pollreq={address},");
                    link.link = link.link.replace("pollreq=", &with);
                }
            })
        }),
    },
    Fault {
        name: "roots-without-a-tag",
        says: "The links of devices that tell others bear no tag.",
        breaks: &["POL-005"],
        kills: &[("server/POL/one-link-reaches-all", "rows.0.link")],
        also: &[],
        defect: Defect::Decision(|scene| {
            listed(scene.decide(), |page| {
                for row in &mut page.rows {
                    let bare = row.link.as_deref().and_then(|it| it.split_once("?tag="));
                    if let Some((bare, _)) = bare {
                        row.link = Some(bare.to_owned());
                    }
                }
            })
        }),
    },
];

/// The wish for a plan, if it is one.
fn planning<'a>(scene: &Scene<'a>) -> Option<&'a PlanPolls> {
    match scene.people() {
        Some(PeopleRequest::PlanPolls(plan)) => Some(plan),
        _ => None,
    }
}

/// The decision with the plan altered that it answers with.
fn planned(mut decided: Decided, change: impl FnOnce(&mut PollPlan)) -> Decided {
    if let Ok(decision) = &mut decided
        && let Ok(Reply::People(PeopleReply::PollsPlanned(plan))) = &mut decision.outcome
    {
        change(plan);
    }
    decided
}

/// The decision with the list altered that it answers with.
fn listed(mut decided: Decided, change: impl FnOnce(&mut Page<PollLinkRow, u32>)) -> Decided {
    if let Ok(decision) = &mut decided
        && let Ok(Reply::People(PeopleReply::PollLinks(page))) = &mut decision.outcome
    {
        change(page);
    }
    decided
}

/// The plan with this tag, whoever's it is.
pub(super) fn plan(scene: &Scene<'_>, tag: &PollTag) -> Result<Option<Plan>, Pause> {
    let Some(key) = Plan::key(tag) else {
        return Ok(None);
    };
    let found = scene.load::<Plan>(&key)?;
    Ok(found.map(|(plan, _)| plan))
}

fn drawn(scene: &Scene<'_>) -> RequestId {
    RequestId::from_bytes(scene.seed.draw_id(&restante_crypto::RingCrypto, "fault"))
}

/// A plan that nobody made.
fn made_up(scene: &Scene<'_>) -> PollPlan {
    PollPlan {
        tag: PollTag::from_bytes(drawn(scene).as_bytes()),
        made: DateTime(scene.now),
        expires: DateTime(scene.now.after(Seconds::WEEK)),
        devices: 1,
        left_out: 0,
        layers: 0,
        per_minute: 60,
        lasts: Seconds::ZERO,
        links: Vec::new(),
    }
}
