//! The gateway's world: a LAN of children that answer or are silent, and the scripted center.

use restante_core::code::Presented;
use restante_core::gateway::{
    Ask, Errand, Gateway, Input, InputError, Kept, Notice, Output, PeerCall,
};
use restante_core::id::{DeviceId, LanAddress};
use restante_core::machine::Machine;
use restante_core::wire::membership::{DevicesAdded, DevicesRemoved};
use restante_core::wire::site::{CarryOut, OwnStatus, SelfDescription};
use restante_core::wire::{
    DeviceEntry, DeviceReply, DeviceRequest, EnrolDeviceResult, EnrolResult, Enrolled, Refusal,
    RefusalCode, ReportResult, Reported, StatusReported,
};
use restante_core::{Seconds, Seed, Uptime};
use restante_crypto::RingCrypto;

use crate::scripted::{
    Sent, center, code, device_id, enrolled, entry, formal, left, polled, results, rotated,
    schedule, status, word,
};

/// One gateway, its children, and the time.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) gateway: Gateway<RingCrypto>,
    pub(crate) now: Uptime,
    pub(crate) flash: Option<Vec<u8>>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) shown: Vec<Notice>,
    pub(crate) trace: Vec<String>,
    /// Children on the LAN, and whether each answers when it is asked how it is.
    pub(crate) lan: Vec<(DeviceEntry, bool)>,
    /// What children were handed and have not answered.
    pub(crate) handed: Vec<(DeviceId, CarryOut)>,
    /// What is to be taken to services' servers.
    pub(crate) errands: Vec<Errand>,
    /// Which peers were called.
    pub(crate) calls: Vec<PeerCall>,
    asked: Vec<Ask>,
    seeds: u64,
}

impl Site {
    /// A gateway fresh from the factory on a LAN with so many children.
    pub(crate) fn new(children: u32) -> Self {
        let mut site = Self {
            gateway: Gateway::new(RingCrypto, None),
            now: Uptime::BOOT,
            flash: None,
            sent: Vec::new(),
            shown: Vec::new(),
            trace: Vec::new(),
            lan: (0..children).map(|n| (child(n), true)).collect(),
            handed: Vec::new(),
            errands: Vec::new(),
            calls: Vec::new(),
            asked: Vec::new(),
            seeds: 0,
        };
        site.give(Input::Booted { kept: None });
        site
    }

    /// One whose children have answered the call, so that the enrolment is outstanding.
    pub(crate) fn enrolling(children: u32) -> Self {
        let mut site = Self::new(children);
        site.enter(1);
        site.sleep();
        site
    }

    /// One that has enrolled all of its up to 500 children and reported for them.
    pub(crate) fn in_use(children: u32) -> Self {
        let mut site = Self::enrolling(children);
        site.reply(enrolled(children));
        site.reply(polled());
        site.answer_asked();
        site.take_report();
        site
    }

    pub(crate) fn enter(&mut self, n: u8) {
        self.give(Input::CodeEntered {
            code: code(n),
            center: center(),
        });
    }

    pub(crate) fn give(&mut self, input: Input) {
        self.try_give(input).expect("the input fits the state");
    }

    pub(crate) fn try_give(&mut self, input: Input) -> Result<(), InputError> {
        self.seeds += 1;
        let mut bytes = [8; 32];
        bytes[..8].copy_from_slice(&self.seeds.to_be_bytes());
        let mut out = Vec::new();
        let seed = Seed::new(bytes);
        let result = self.gateway.handle(self.now, &seed, input, &mut out);
        assert!(result.is_ok() || out.is_empty(), "an error emits nothing");
        for output in out {
            self.carry_out(output);
        }
        result
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Keep(kept) => {
                self.trace.push("keep".into());
                self.flash = Some(kept.to_bytes());
            }
            Output::Send {
                exchange,
                presented,
                request,
                ..
            } => {
                self.trace.push(format!("send {}", word(&request)));
                self.sent.push(Sent {
                    exchange,
                    presented,
                    request,
                });
            }
            Output::Show(notice) => self.shown.push(notice),
            Output::GeneralCall => {
                self.trace.push("call".into());
                for (child, _) in self.lan.clone() {
                    self.give(Input::CallAnswered(Box::new(child)));
                }
            }
            Output::AskChildren(children) => {
                self.trace.push(format!("ask {}", children.len()));
                self.asked.extend(children);
            }
            Output::Register(errand) => self.errands.push(*errand),
            Output::CallPeer(call) => self.calls.push(*call),
            Output::CarryOut { child, order } => {
                self.trace.push(format!("hand {}", order.id));
                self.handed.push((child.device, *order));
            }
            other => panic!("an output that this world does not know: {other:?}"),
        }
    }

    /// Every child that is asked answers, unless it is silent.
    pub(crate) fn answer_asked(&mut self) {
        while let Some(ask) = self.asked.pop() {
            let address = ask.address.expect("it answered from somewhere");
            let on_lan = self
                .lan
                .iter()
                .find(|(it, _)| it.contacts.address.as_ref() == Some(&address));
            match on_lan {
                Some((child, true)) => {
                    let own = Box::new(SelfDescription {
                        identification: child.identification.clone(),
                        status: OwnStatus::new(status(100), 5, 17),
                    });
                    let device = ask.device;
                    self.give(Input::ChildAnswered { device, own });
                }
                _ => self.give(Input::ChildSilent { device: ask.device }),
            }
        }
    }

    /// The center takes the outstanding report.
    pub(crate) fn take_report(&mut self) {
        let reply = self.right();
        assert!(
            matches!(reply, DeviceReply::StatusReported(_)),
            "no report is due"
        );
        self.reply(reply);
    }

    /// What a good center says to the last request.
    pub(crate) fn right(&self) -> DeviceReply {
        let number = |it: &DeviceEntry| {
            let digits = it.identification.serial.as_str().trim_start_matches('D');
            digits.parse::<u32>().expect("a trial child")
        };
        let results = |entries: &[DeviceEntry]| {
            let result = |it| EnrolDeviceResult {
                device: device_id(number(it)),
                result: EnrolResult::New,
            };
            entries.iter().map(result).collect()
        };
        match &self.last().request {
            DeviceRequest::Enrol(enrol) => DeviceReply::Enrolled(Enrolled {
                registration: formal(1).registration(),
                formal_code: formal(1),
                devices: results(enrol.devices.as_slice()),
                schedule: schedule(),
            }),
            DeviceRequest::AddDevices(add) => DeviceReply::DevicesAdded(DevicesAdded {
                devices: results(add.devices.as_slice()),
                schedule: schedule(),
            }),
            DeviceRequest::RemoveDevices(_) => removed(7),
            DeviceRequest::Rotate(_) => match &self.last().presented {
                Presented::Formal(code) => rotated(code.epoch().get() + 1),
                Presented::Provisional(_) => panic!("a rotation presents the formal code"),
            },
            DeviceRequest::Leave(_) => left(),
            DeviceRequest::ReportStatus(_) => {
                let accepted = |device: &DeviceId| Reported {
                    device: *device,
                    result: ReportResult::Accepted,
                };
                DeviceReply::StatusReported(StatusReported {
                    results: self.reported().iter().map(accepted).collect(),
                    schedule: schedule(),
                })
            }
            _ => polled(),
        }
    }

    /// The devices of the last message, which is a report.
    pub(crate) fn reported(&self) -> Vec<DeviceId> {
        match &self.last().request {
            DeviceRequest::ReportStatus(report) => {
                report.reports.iter().map(|report| report.device).collect()
            }
            other => panic!("no report: {other:?}"),
        }
    }

    /// The serial numbers that the last message enrols or adds.
    pub(crate) fn named(&self) -> Vec<String> {
        let devices = match &self.last().request {
            DeviceRequest::Enrol(enrol) => enrol.devices.as_slice(),
            DeviceRequest::AddDevices(add) => add.devices.as_slice(),
            other => panic!("it names no devices: {other:?}"),
        };
        let serial = |it: &DeviceEntry| it.identification.serial.to_string();
        devices.iter().map(serial).collect()
    }

    pub(crate) fn last(&self) -> &Sent {
        self.sent.last().expect("something was sent")
    }

    pub(crate) fn reply(&mut self, reply: DeviceReply) {
        let exchange = self.last().exchange;
        self.give(Input::Replied { exchange, reply });
    }

    pub(crate) fn refuse(&mut self, refusal: Refusal) {
        let exchange = self.last().exchange;
        self.give(Input::Refused { exchange, refusal });
    }

    pub(crate) fn refuse_as(&mut self, code: RefusalCode) {
        self.refuse(Refusal::plain(code));
    }

    pub(crate) fn lose(&mut self) {
        let exchange = self.last().exchange;
        self.give(Input::LinkFailed { exchange });
    }

    pub(crate) fn sleep(&mut self) -> Seconds {
        let deadline = self.gateway.deadline().expect("something is due");
        let slept = deadline.since(self.now);
        self.now = self.now.max(deadline);
        self.give(Input::TimePassed);
        slept
    }

    /// Sleeps until something like this is sent, answering children and polls on the way.
    pub(crate) fn sleep_until(&mut self, wanted: &str) {
        let from = self.sent.len();
        for _ in 0..1_000 {
            if let Some(sent) = self.sent.get(from..).and_then(<[Sent]>::last)
                && word(&sent.request) == wanted
            {
                return;
            }
            self.sleep();
            self.answer_asked();
            if word(&self.last().request) == wanted {
                continue;
            }
            match self.last().request {
                DeviceRequest::Poll(_) => self.reply(polled()),
                DeviceRequest::ReportStatus(_) => self.take_report(),
                _ => {}
            }
        }
        panic!("{wanted} was never sent");
    }

    pub(crate) fn power_cut(&mut self) {
        let kept = self.flash.as_deref().map(Kept::from_bytes);
        let kept = kept.transpose().expect("flash is sound").map(Box::new);
        self.gateway = Gateway::new(RingCrypto, None);
        self.asked.clear();
        self.handed.clear();
        self.now = Uptime::BOOT;
        self.give(Input::Booted { kept });
    }
}

/// The `n`-th child of the LAN.
pub(crate) fn child(n: u32) -> DeviceEntry {
    let mut child = entry(&format!("D{n:08}"));
    let address = format!("192.0.2.1:{}", 10_000 + n);
    child.contacts.address = Some(LanAddress::new(address).expect("an address"));
    child
}

/// The center's answer to additions: these many, with ids from `first` on.
pub(crate) fn added(first: u32, count: u32) -> DeviceReply {
    let devices = results(first + count).split_off(first as usize);
    DeviceReply::DevicesAdded(DevicesAdded {
        devices,
        schedule: schedule(),
    })
}

pub(crate) fn removed(remaining: u32) -> DeviceReply {
    DeviceReply::DevicesRemoved(DevicesRemoved {
        remaining,
        schedule: schedule(),
    })
}
