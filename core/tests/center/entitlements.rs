//! Who uses a service: told rightly however many devices there are and were.

use restante_core::center::{Credential, Message};
use restante_core::id::{ApplicationId, DeviceId};
use restante_core::record::Kind;
use restante_core::wire::services::{
    ApplicationState, Devices, Selection, ServicesRequest, StopUse, TargetState,
};
use restante_core::wire::{DeviceRequest, Mailed, PollReply, Progress, RegisterAt};

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

// spec: SVC-030, SVC-040, MAIL-010
#[test]
fn the_entitlements_are_the_same_in_whatever_order_their_parts_arrive() {
    let mut orders = 0;
    each_order(&mut Way::ALL.to_vec(), 0, &mut |order| {
        let mut trial = Trial::new();
        let named = trial.named(&[SERIAL]);
        let application = trial.applied("C001", "service-x", named);
        let parts = Parts::of(&mut trial);
        for way in order {
            parts.arrive(&mut trial, *way);
        }
        assert_eq!(outcome(&mut trial, application), expected(), "{order:?}");
        orders += 1;
    });
    assert_eq!(orders, 120);
}

/// One of the ways in which something about one instruction reaches the center.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// The device polls, in its own time or because somebody called it.
    Poll,
    /// It says that it has taken the instruction.
    Taken,
    /// It registers at the URL.
    Url,
    /// The same pair comes by mail.
    Mail,
    /// It says that all is done.
    Done,
}

impl Way {
    const ALL: [Self; 5] = [Self::Poll, Self::Taken, Self::Url, Self::Mail, Self::Done];
}

/// What a device has in hand once it was shown its instruction.
struct Parts {
    code: String,
    taken: DeviceRequest,
    done: DeviceRequest,
}

const SERIAL: &str = "D10020102";

impl Parts {
    fn of(trial: &mut Trial) -> Self {
        Self {
            code: trial.invitations(SERIAL)[0].code.clone(),
            taken: acknowledge(trial, SERIAL, Progress::Taken),
            done: acknowledge(trial, SERIAL, Progress::Done),
        }
    }

    fn arrive(&self, trial: &mut Trial, way: Way) {
        match way {
            Way::Poll => {
                let formal = trial.formal(SERIAL);
                trial.world.poll(&formal).expect("polled");
            }
            Way::Taken => drop(trial.say(SERIAL, self.taken.clone())),
            Way::Done => drop(trial.say(SERIAL, self.done.clone())),
            Way::Url => {
                let code = Some(self.code.as_str());
                trial.register(SERIAL, "service-x", code).expect("right");
            }
            Way::Mail => {
                let register = RegisterAt {
                    url: "https://service-x.a.com/regist".parse().expect("a URL"),
                    device: trial.device(SERIAL),
                    code: Some(self.code.parse().expect("a code")),
                };
                let from = trial.world.source.take();
                let message = Message::Mailed(Mailed::Register(register));
                let answer = trial.world.call(Credential::None, message);
                answer.expect("right");
                trial.world.source = from;
            }
        }
    }
}

/// Who uses the service, how the application stands, and whether anything waits.
type Seen = (usize, TargetState, ApplicationState, bool);

fn outcome(trial: &mut Trial, application: ApplicationId) -> Seen {
    let row = trial.counted("C001", application);
    let target = trial.targets("C001", application)[SERIAL];
    let formal = trial.formal(SERIAL);
    let waits = match trial.world.poll(&formal).expect("polled") {
        PollReply::Mailbox(mailbox) => !mailbox.instructions.is_empty(),
        PollReply::Unchanged(_) => false,
    };
    let used = trial.world.count(Kind::Entitlement);
    (used, target, row.state, waits)
}

fn expected() -> Seen {
    (1, TargetState::Entitled, ApplicationState::Complete, false)
}

fn each_order(ways: &mut Vec<Way>, from: usize, see: &mut impl FnMut(&[Way])) {
    if from == ways.len() {
        return see(ways);
    }
    for place in from..ways.len() {
        ways.swap(from, place);
        each_order(ways, from + 1, see);
        ways.swap(from, place);
    }
}
