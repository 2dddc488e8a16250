//! Oddities of devices that the specification allows: every case about devices has to stay green.

use restante_core::device::Input;
use restante_core::time::Seconds;
use restante_core::wire::{DeviceReply, PollReply};

use crate::bundled::{InsideCenter, core_center};
use crate::case::{Catalogue, Role};
use crate::faults::{Wiring, faulty};
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
];

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
