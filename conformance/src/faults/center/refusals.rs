//! Faults of refusals, whatever they refuse.

use restante_core::center::Credential;
use restante_core::id::CorrelationId;
use restante_core::wire::{DeviceRequest, RefusalCode};
use serde_json::json;

use crate::faults::http::{Wire, with_body};
use crate::faults::scene::{Decided, Scene, refusal, refused_for};
use crate::faults::{Defect, Fault};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "one-correlation-for-all",
        says: "All refusals have the same correlation id.",
        breaks: &[],
        kills: &[(
            "server/ERR/a-refusal-has-its-members",
            "in which correlation: expected anything but",
        )],
        also: &[],
        defect: Defect::Wire(Wire::answering(|_, response| {
            if response.status >= 400 {
                let id = CorrelationId::from_bytes([7; 16]);
                with_body(response, |body| body["correlation"] = json!(id));
            }
        })),
    },
    Fault {
        name: "refusals-without-correlation",
        says: "A refusal has no correlation id.",
        breaks: &[],
        kills: &[(
            "server/ERR/a-refusal-has-its-members",
            "in which correlation: expected a value, and it is absent",
        )],
        also: &["server/HTTP/refusals-are-problems"],
        defect: Defect::Wire(Wire::answering(|_, response| {
            if response.status >= 400 {
                with_body(response, |body| {
                    if let Some(members) = body.as_object_mut() {
                        members.remove("correlation");
                    }
                });
            }
        })),
    },
    Fault {
        name: "refusal-quotes-the-code",
        says: "A refusal repeats the code that was presented.",
        breaks: &[],
        kills: &[(
            "server/ERR/no-refusal-repeats-a-credential",
            "in which detail: expected anything but",
        )],
        also: &[
            "server/COD/a-mistyped-code-is-refused-alike",
            "server/COD/a-wrong-token-is-refused",
            "server/COD/four-dead-codes-sound-alike",
            "server/MOD/foreign-ids-answer-like-none",
            "server/SCN/seven-days-and-no-more",
            "server/SVC/an-unknown-model-is-named",
        ],
        defect: Defect::Decision(quoted),
    },
    Fault {
        name: "content-before-credential",
        says: "A wrong formal code that reports on a foreign device is refused for the device.",
        breaks: &[],
        kills: &[(
            "server/ERR/the-first-rule-is-named",
            "expected the refusal formal-code-refused; got refusal device-not-covered",
        )],
        also: &[
            "server/SCN/copy-sheets-from-100-to-140",
            "server/STA/no-code-no-report",
        ],
        defect: Defect::Decision(|scene| {
            let decided = scene.decide();
            match (scene.device(), refused_for(&decided, "formal-code-forged")) {
                (Some(DeviceRequest::ReportStatus(_)), true) => {
                    refusal(scene, RefusalCode::DeviceNotCovered)
                }
                _ => decided,
            }
        }),
    },
];

fn quoted(scene: &Scene<'_>) -> Decided {
    let presented = match &scene.call.presented {
        Credential::Provisional(code) => code.to_text(),
        Credential::Formal(code) => code.to_text(),
        Credential::Token(token) => token.to_text(),
        _ => return scene.decide(),
    };
    scene.decide().map(|mut decision| {
        if let Err(refused) = &mut decision.outcome {
            refused.refusal.detail = format!("{presented} is refused");
        }
        decision
    })
}
