//! Faults of polls that poll requests caused: spec section 11.4.

use restante_core::Seconds;
use restante_core::Timestamp;
use restante_core::center::{Credential, Message};
use restante_core::record::{Change, Kind, Plan, PlanPart, Registration, State, Target, Write};
use restante_core::wire::services::TargetState;
use restante_core::wire::{
    DeviceReply, DeviceRequest, Mailbox, Poll, PollCall, PollReply, PollTag,
};

use super::planning::plan;
use crate::faults::http::Wire;
use crate::faults::scene::{Alter, Decided, Scene};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "the-first-one-tells-all",
        says: "The first device of a layer is given those that the others were to call.",
        breaks: &["POL-007", "POL-021"],
        kills: &[("server/POL/a-layer-is-shared-evenly", "mailbox.calls")],
        also: &["server/SCN/a-tree-of-fourteen"],
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
        name: "no-time-to-find-out-who-is-silent",
        says: "Those below a device are to come right behind it.",
        breaks: &["POL-013"],
        kills: &[("server/POL/a-layer-is-shared-evenly", "mailbox.calls")],
        also: &[
            "server/POL/a-device-is-called-where-it-is-now",
            "server/POL/who-has-left-is-stepped-over",
        ],
        defect: Defect::Decision(|scene| {
            calling(scene, |mailbox| {
                for call in &mut mailbox.calls {
                    let next = call.after.plus(Seconds::new(1));
                    call.below.iter_mut().for_each(|it| it.after = next);
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
            "server/SCN/one-link-for-three",
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
        name: "the-last-is-called-first",
        says: "Devices are called against the order of their plan.",
        breaks: &["POL-021"],
        kills: &[(
            "server/SCN/one-link-for-three",
            "in the reply pollLinks, rows",
        )],
        also: &["server/POL/", "server/SCN/a-tree-of-fourteen"],
        defect: Defect::Decision(|scene| {
            calling(scene, |mailbox| {
                let calls = mailbox.calls.iter();
                let addresses: Vec<_> = calls.map(|call| call.address.clone()).collect();
                let calls = mailbox.calls.iter_mut().rev();
                calls
                    .zip(addresses)
                    .for_each(|(call, it)| call.address = it);
            })
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

/// The tag of a poll that a poll request caused.
fn tag<'a>(scene: &Scene<'a>) -> Option<&'a PollTag> {
    match scene.device() {
        Some(DeviceRequest::Poll(Poll { tag, .. })) => tag.as_ref(),
        _ => None,
    }
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
