//! Faults of the mailbox and its tag.

use restante_core::center::Reply;
use restante_core::wire::{DeviceReply, DeviceRequest, ETag, Mailbox, PollReply, RefusalCode};
use restante_crypto::RingCrypto;
use serde_json::json;

use crate::faults::http::{Wire, is, with_body};
use crate::faults::scene::{Alter, instead, refused_as, schedule};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "always-unchanged",
        says: "A poll that has any state is answered unchanged.",
        breaks: &[],
        kills: &[(
            "server/MBX/another-state-is-not-unchanged",
            "expected the reply polled; in the reply polled, mailbox: expected",
        )],
        also: &[
            "server/MBX/before-its-time-nothing-is-shown",
            "server/MBX/called-off-after-delivery-it-is-marked",
            "server/MBX/the-tag-changes-with-what-is-shown",
            "server/MBX/the-tag-knows-no-attempt",
            "server/MBX/unchanged-is-said-in-a-word",
        ],
        defect: Defect::Decision(|scene| {
            let have =
                |it: &DeviceRequest| matches!(it, DeviceRequest::Poll(poll) if poll.have.is_some());
            let unchanged = PollReply::Unchanged(schedule(scene).poll);
            scene.decide().answering(|reply| {
                if let (DeviceReply::Polled(polled), true) =
                    (reply, scene.device().is_some_and(have))
                {
                    *polled = unchanged;
                }
            })
        }),
    },
    Fault {
        name: "unchanged-never",
        says: "A poll that has the present state gets it again.",
        breaks: &[],
        kills: &[(
            "server/MBX/unchanged-is-said-in-a-word",
            "expected the reply polled: unchanged; in the reply polled, unchanged: expected a value, and it is absent",
        )],
        also: &[
            "server/HTTP/a-poll-has-its-headers",
            "server/MBX/another-state-is-not-unchanged",
            "server/MBX/before-its-time-nothing-is-shown",
            "server/MBX/calling-off-again-changes-nothing",
            "server/MBX/the-tag-knows-no-attempt",
            "server/POL/a-poll-for-a-plan-is-shown-the-mailbox",
        ],
        defect: Defect::Wire(Wire::asking(|request| {
            request.headers.retain(|(name, _)| name != "if-none-match");
            None
        })),
    },
    Fault {
        name: "etag-changes-each-time",
        says: "The tag of an unchanged mailbox changes with each poll.",
        breaks: &[],
        kills: &[(
            "server/MBX/unchanged-is-said-in-a-word",
            "expected the reply polled: unchanged; in the reply polled, unchanged: expected a value, and it is absent",
        )],
        also: &[
            "server/HTTP/a-poll-has-its-headers",
            "server/MBX/another-state-is-not-unchanged",
            "server/MBX/before-its-time-nothing-is-shown",
            "server/MBX/calling-off-again-changes-nothing",
            "server/MBX/the-tag-knows-no-attempt",
            "server/POL/a-poll-for-a-plan-is-shown-the-mailbox",
        ],
        defect: Defect::Decision(|scene| {
            scene.decide().answering(|reply| {
                if let DeviceReply::Polled(PollReply::Mailbox(mailbox)) = reply {
                    mailbox.etag = ETag::from_bytes(&scene.seed.draw_id(&RingCrypto, "fault"));
                }
            })
        }),
    },
    Fault {
        name: "mailbox-for-anybody",
        says: "A poll without a formal code gets a mailbox.",
        breaks: &[],
        kills: &[(
            "server/MBX/no-code-no-mailbox",
            "expected the refusal credential-missing; got polled",
        )],
        also: &[],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match scene.device() {
                Some(DeviceRequest::Poll(_))
                    if refused_as(&decided, RefusalCode::CredentialMissing) =>
                {
                    let mailbox = Mailbox {
                        etag: ETag::from_bytes(&[7; 16]),
                        instructions: Vec::new(),
                        more: false,
                        schedule: schedule(scene),
                        calls: Vec::new(),
                    };
                    let reply = DeviceReply::Polled(PollReply::Mailbox(mailbox));
                    instead(decided, Reply::Device(reply))
                }
                _ => decided,
            }
        }),
    },
    Fault {
        name: "mailbox-without-instructions",
        says: "A mailbox in which nothing waits has no list of instructions.",
        breaks: &[],
        kills: &[(
            "server/MBX/a-poll-gets-the-mailbox",
            "expected the reply polled; in the reply polled, mailbox.instructions: expected [], and it is absent",
        )],
        also: &[
            "server/HTTP/instructions-have-their-routes",
            "server/MBX/",
            "server/HTTP/services-have-their-routes",
            "server/SVC/",
            "server/PRV/",
            "server/POL/",
            "server/SCN/",
            "server/MAIL/",
            "server/STA/nobody-moves-another-s-device",
            "server/STA/the-address-of-a-report-is-taken",
        ],
        defect: Defect::Wire(Wire::answering(|request, response| {
            if is(request, "GET", "/v1/mailbox") {
                with_body(response, |body| {
                    if let Some(members) = body.as_object_mut() {
                        members.remove("instructions");
                    }
                });
            }
        })),
    },
    Fault {
        name: "padded-mailbox",
        says: "A mailbox is larger than the device said that it can take.",
        breaks: &[],
        kills: &[(
            "server/MBX/a-small-poll-fits",
            "expected HTTP status 200, a body of the right size; in the body's size in bytes, expected at most 2048, got ",
        )],
        also: &["server/MBX/what-does-not-fit-waits"],
        defect: Defect::Wire(Wire::answering(|request, response| {
            if is(request, "GET", "/v1/mailbox") {
                with_body(response, |body| body["padding"] = json!(" ".repeat(4_096)));
            }
        })),
    },
];
