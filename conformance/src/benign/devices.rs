//! Oddities of devices that the specification allows: every case about devices has to stay green.

use std::collections::BTreeMap;

use restante_core::device::Input;
use restante_core::time::Seconds;
use restante_core::wire::{DeviceReply, PollReply};

use crate::bundled::{InsideCenter, core_center};
use crate::case::{Case, Catalogue, Role};
use crate::faults::dialling::played;
use crate::faults::{Mailing, Wiring, faulty, message};
use crate::mail::{Encoding, Letter};
use crate::party::DeviceKind;
use crate::profile::Profile;
use crate::run::{Circumstances, run_case};

use super::{Oddity, Outcome, Variant};

/// All of them.
pub(super) const VARIANTS: &[Variant] = &[
    Variant {
        name: "asked-and-not-hurried",
        says: "A device takes three seconds to think before it polls because it was asked.",
        oddity: Oddity::Device(Wiring::hearing(|_, mut input| {
            if let Input::PollRequested(request) = &mut input {
                request.after = request.after.plus(Seconds::new(3));
            }
            vec![input]
        })),
    },
    Variant {
        name: "calls-a-little-late",
        says: "A device calls others four seconds later than it could.",
        oddity: Oddity::Device(Wiring::hearing(|_, mut input| {
            if let Input::Replied {
                reply: DeviceReply::Polled(PollReply::Mailbox(mailbox)),
                ..
            } = &mut input
            {
                for call in &mut mailbox.calls {
                    call.after = call.after.plus(Seconds::new(4));
                    for below in &mut call.below {
                        below.after = below.after.plus(Seconds::new(4));
                    }
                }
            }
            vec![input]
        })),
    },
    Variant {
        name: "mails-in-quoted-printable",
        says: "A device's mails are quoted-printable, beside a text for people; it says HELO.",
        oddity: Oddity::Mailing(Mailing::writing(|errand, _| {
            let letter = Letter {
                encoding: Encoding::QuotedPrintable,
                beside: Some(2_000),
                ..Letter::default()
            };
            letter.written(&[message(errand)], &BTreeMap::new())
        })),
    },
    Variant {
        name: "mails-with-fields-in-disorder",
        says: "Header fields of a device's mails are folded and stand in another order.",
        oddity: Oddity::Mailing(Mailing::writing(|errand, _| {
            let letter = Letter::default();
            let mail = letter.written(&[message(errand)], &BTreeMap::new());
            let mail = String::from_utf8_lossy(&mail).into_owned();
            let (head, body) = mail.split_once("\r\n\r\n").unwrap_or((&mail, ""));
            let fields = head.split("\r\n").collect::<Vec<_>>();
            let fields = fields.iter().rev().map(|it| it.replace(": ", ":\r\n\t "));
            let head = fields.collect::<Vec<_>>().join("\r\n");
            format!("{head}\r\n\r\n{body}").into_bytes()
        })),
    },
];

/// Runs all cases about devices that need real connections with a device that mails in this way.
///
/// # Errors
/// A sentence, if the kit cannot listen or its own center fails.
pub(super) async fn mailed(
    (variant, mailing): (&'static Variant, Mailing),
    catalogue: &Catalogue,
    seed: u64,
) -> Result<Outcome, String> {
    let cases = catalogue.of_role(Role::Device);
    let cases: Vec<&Case> = cases.filter(|case| case.needs.sockets).collect();
    let mut outcome = Outcome::new(variant);
    let taken = |_: &Case, result| outcome.take(result);
    played(Role::Device, &cases, mailing.around(), seed, taken).await?;
    Ok(outcome)
}

/// Runs all cases about devices with a device that is odd in this way, each in a new world.
///
/// # Errors
/// A sentence, if the kit's own center fails.
pub(super) async fn try_out(
    (variant, wiring): (&'static Variant, Wiring<DeviceKind>),
    catalogue: &Catalogue,
    seed: u64,
) -> Result<Outcome, String> {
    let center = InsideCenter::deciding(core_center(seed));
    let profile = Profile::bundled(Role::Device);
    let around = Circumstances {
        profile: &profile,
        seed,
        again: "restante-conformance self-test --benign",
    };
    let mut outcome = Outcome::new(variant);
    for case in catalogue.of_role(Role::Device) {
        let target = center.target(seed, case.id.as_str()).await?;
        let (line, time) = (Box::new(center.line()), center.time());
        let mut party = faulty(wiring, line, time, seed, case.id.as_str());
        outcome.take(run_case(case, &target, Some(&mut *party), around).await);
    }
    Ok(outcome)
}
