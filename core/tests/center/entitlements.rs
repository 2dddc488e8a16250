//! Who uses a service: told rightly however many devices there are and were.

use restante_core::id::DeviceId;
use restante_core::wire::Progress;
use restante_core::wire::services::{Devices, Selection, ServicesRequest, StopUse, TargetState};

use crate::services::acknowledge;
use crate::trial::{Trial, id};

// spec: SVC-005, SVC-006
#[test]
fn a_service_counts_as_used_however_many_other_uses_were_stopped() {
    let mut trial = Trial::new();
    let (mut devices, formal) = trial.crowd("C005", 110);
    trial.applied("C005", "service-x", Selection::All);
    for (device, invitation) in trial.shown(&formal) {
        let code = Some(invitation.code.as_str());
        trial
            .register_device(device, "service-x", code)
            .expect("right");
    }
    devices.sort_unstable();
    let last = devices.pop().expect("a device");
    let customer = Some(trial.customer("C005"));
    let stop = |trial: &mut Trial, devices: Vec<DeviceId>| {
        let stop = ServicesRequest::StopUse(StopUse {
            service: id("service-x"),
            customer,
            devices: Devices(devices),
        });
        trial.ask(stop).expect("stopped");
        trial.unused("C005")
    };
    let others = ["service-y", "service-z"];
    assert_eq!(stop(&mut trial, devices), others, "one goes on");
    let all = ["service-x", "service-y", "service-z"];
    assert_eq!(stop(&mut trial, vec![last]), all, "none goes on");
}

// spec: SVC-041
#[test]
fn the_code_of_a_device_that_failed_is_refused_once_it_is_called_off() {
    let mut trial = Trial::new();
    let of = trial.applied("C001", "service-x", Selection::All);
    let code = trial.invitations("D10020102")[0].code.clone();
    let failed = acknowledge(&mut trial, "D10020102", Progress::Rejected);
    trial.say("D10020102", failed);
    trial.calls_off("C001", of, &["D10020102"]);
    let refused = trial.register("D10020102", "service-x", Some(&code));
    let word = refused.expect_err("called off").reason.word;
    assert_eq!(word, "registration-code-withdrawn");
    assert_eq!(trial.targets("C001", of)["D10020102"], TargetState::Failed);
}
