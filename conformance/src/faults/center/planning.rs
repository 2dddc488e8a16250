//! Faults of poll requests at the center: spec chapter 11.

use restante_core::Seconds;
use restante_core::Timestamp;
use restante_core::center::{Credential, Message, Reply};
use restante_core::id::{DeviceId, RequestId};
use restante_core::record::{
    Change, Device, Kind, Pause, Plan, PlanPart, Registration, State, Target, Write,
};
use restante_core::wire::people::{DateTime, Page, PeopleReply, PeopleRequest};
use restante_core::wire::plan::{
    ListPollLinks, PlanFirst, PlanOf, PlanPolls, PlanShape, PollLink, PollLinkRow, PollLinkState,
    PollPlan,
};
use restante_core::wire::services::TargetState;
use restante_core::wire::{
    DeviceReply, DeviceRequest, Function, FunctionSet, Mailbox, Poll, PollCall, PollReply, PollTag,
};

use crate::faults::http::Wire;
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
        kills: &[("server/POL/the-most-capable-come-first", "links.0.device")],
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
        name: "the-first-one-tells-all",
        says: "The first device of a layer is given those that the others were to call.",
        breaks: &["POL-007", "POL-021"],
        kills: &[("server/POL/a-layer-is-shared-evenly", "mailbox.calls")],
        also: &[],
        defect: Defect::Decision(|scene| {
            calling(scene, |mailbox| {
                let mut calls = mailbox.calls.iter_mut();
                if let Some(first) = calls.next() {
                    calls.for_each(|it| first.below.append(&mut it.below));
                }
            })
        }),
    },
    Fault {
        name: "addresses-of-yesterday",
        says: "Devices are called at the addresses that they had when the plan was made.",
        breaks: &["POL-022"],
        kills: &[(
            "server/POL/a-device-is-called-where-it-is-now",
            "mailbox.calls",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            calling(scene, |mailbox| {
                for call in &mut mailbox.calls {
                    let before = call.address.as_ref().map(ToString::to_string);
                    let before = before.map(|it| it.replace("192.0.2.1", "192.0.2."));
                    call.address = before.and_then(|it| it.parse().ok());
                }
            })
        }),
    },
    Fault {
        name: "who-has-left-takes-the-others-along",
        says: "A device that has left is not named, and neither are those that it would have called.",
        breaks: &["POL-023"],
        kills: &[("server/POL/who-has-left-is-stepped-over", "mailbox.calls")],
        also: &[],
        defect: Defect::Decision(|scene| {
            calling(scene, |mailbox| {
                mailbox.calls.retain(|it| it.address.is_some())
            })
        }),
    },
    Fault {
        name: "all-are-called-for-ever",
        says: "Devices are called for an instruction that waits for them no more.",
        breaks: &["POL-030"],
        kills: &[(
            "server/POL/who-has-started-is-called-no-more",
            "mailbox.calls",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match tag(scene) {
            Some(_) => scene.seeing::<Target>(Kind::Target, |target| {
                target.state = TargetState::Waiting;
            }),
            None => scene.decide(),
        }),
    },
    Fault {
        name: "unchanged-tells-nobody",
        says: "A device that has seen the mailbox is told unchanged, whatever request had it poll.",
        breaks: &["POL-020"],
        kills: &[(
            "server/POL/a-poll-for-a-plan-is-shown-the-mailbox",
            "mailbox: expected",
        )],
        also: &[],
        defect: Defect::Wire(Wire::asking(|request| {
            let has_seen = request
                .headers
                .iter()
                .any(|(name, _)| name == "if-none-match");
            let kept = |name: &str| !has_seen || name != "restante-poll-tag";
            request.headers.retain(|(name, _)| kept(name));
            None
        })),
    },
    Fault {
        name: "calls-change-the-state",
        says: "The etag tags whom a device calls as well.",
        breaks: &["POL-026"],
        kills: &[(
            "server/POL/a-poll-for-a-plan-is-shown-the-mailbox",
            "mailbox.etag",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            calling(scene, |mailbox| {
                mailbox.etag = restante_core::wire::ETag::from_bytes(&[3; 16]);
            })
        }),
    },
    Fault {
        name: "a-tag-opens-the-plan-to-all",
        says: "Whoever polls with a plan's tag is told whom to call.",
        breaks: &["POL-024"],
        kills: &[(
            "server/POL/a-tag-tells-nobody-but-its-devices",
            "mailbox.calls",
        )],
        also: &["server/SCN/one-link-for-three"],
        defect: Defect::Decision(to_all),
    },
    Fault {
        name: "plans-for-ever",
        says: "A plan is never over.",
        breaks: &["POL-024"],
        kills: &[(
            "server/POL/a-plan-is-over-after-seven-days",
            "mailbox.calls",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match &scene.call.message {
            Message::Tick => scene
                .decide()
                .unwriting(Kind::Plan)
                .unwriting(Kind::PlanPart),
            _ if tag(scene).is_some() => scene.seeing::<Plan>(Kind::Plan, |plan| {
                plan.expires = Timestamp::from_millis(u64::MAX);
            }),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "calls-before-instructions",
        says: "Where a small message cannot hold both, instructions wait so that calls find room.",
        breaks: &["POL-025"],
        kills: &[(
            "server/POL/calls-make-room-for-instructions",
            "mailbox.instructions",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let is_small = matches!(
                scene.device(),
                Some(DeviceRequest::Poll(poll)) if poll.max_message.is_some()
            );
            calling(scene, |mailbox| {
                if is_small && !mailbox.instructions.is_empty() {
                    mailbox.instructions.clear();
                    mailbox.more = true;
                }
            })
        }),
    },
    Fault {
        name: "left-out-without-a-word",
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
        kills: &[("server/SCN/poll-requests-at-an-interval", "devices")],
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
    Fault {
        name: "a-plan-tells-once",
        says: "A plan is gone once a device has been told whom to call.",
        breaks: &["POL-027"],
        kills: &[(
            "server/POL/a-poll-for-a-plan-is-shown-the-mailbox",
            "mailbox.calls",
        )],
        also: &[
            "server/POL/calls-make-room-for-instructions",
            "server/POL/a-device-is-called-where-it-is-now",
            "server/POL/a-plan-is-over-after-seven-days",
            "server/POL/the-most-capable-come-first",
            "server/POL/who-has-left-is-stepped-over",
        ],
        defect: Defect::Decision(|scene| {
            let mut told = false;
            let mut decided = calling(scene, |_| told = true);
            let key = tag(scene).and_then(Plan::key);
            if let (true, Some(key), Ok(decision)) = (told, key, &mut decided) {
                let change = Change::Delete;
                decision.written.writes.push(Write { key, change });
            }
            decided
        }),
    },
    Fault {
        name: "the-root-tells-nobody",
        says: "A device for which something waits is told nobody to call.",
        breaks: &["POL-021"],
        kills: &[("server/SCN/one-link-for-three", "mailbox.calls")],
        also: &[
            "server/POL/calls-make-room-for-instructions",
            "server/POL/who-has-started-is-called-no-more",
        ],
        defect: Defect::Decision(|scene| {
            calling(scene, |mailbox| {
                if !mailbox.instructions.is_empty() {
                    mailbox.calls.clear();
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

/// The tag of a poll that a poll request caused.
fn tag<'a>(scene: &Scene<'a>) -> Option<&'a PollTag> {
    match scene.device() {
        Some(DeviceRequest::Poll(Poll { tag, .. })) => tag.as_ref(),
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

/// The decision with the mailbox altered that names somebody to call.
fn calling(scene: &Scene<'_>, change: impl FnOnce(&mut Mailbox)) -> Decided {
    scene.decide().answering(|reply| {
        if let DeviceReply::Polled(PollReply::Mailbox(mailbox)) = reply
            && !mailbox.calls.is_empty()
        {
            change(mailbox);
        }
    })
}

/// Names a device of a plan to whoever is none of its devices.
fn to_all(scene: &Scene<'_>) -> Decided {
    let decided = scene.decide()?;
    let (Some(tag), Credential::Formal(code)) = (tag(scene), &scene.call.presented) else {
        return Ok(decided);
    };
    let Some((key, plan)) = Plan::key(tag).zip(plan(scene, tag)?) else {
        return Ok(decided);
    };
    let part = scene.load::<PlanPart>(&Plan::part_key(&key, 0))?;
    let own = Registration::key(plan.customer, code.registration());
    let own = scene.load::<Registration>(&own)?;
    let is_among = match (part, own.map(|(it, _)| it.state)) {
        (Some((PlanPart(all), _)), Some(State::Active(own))) => {
            own.devices.iter().any(|it| all.contains(it))
        }
        _ => false,
    };
    Ok(decided).answering(|reply| {
        if let DeviceReply::Polled(PollReply::Mailbox(mailbox)) = reply
            && !is_among
        {
            mailbox.calls.push(PollCall {
                address: "192.0.2.2".parse().ok(),
                after: Seconds::ZERO,
                below: Vec::new(),
            });
        }
    })
}

/// The plan with this tag, whoever's it is.
fn plan(scene: &Scene<'_>, tag: &PollTag) -> Result<Option<Plan>, Pause> {
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
