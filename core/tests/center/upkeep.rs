//! The real device and the real center between them: whatever the line loses or repeats, each
//! instruction ends with exactly one final word.

use std::collections::BTreeMap;

use proptest::prelude::*;
use restante_core::center::{Credential, Message, Reply};
use restante_core::code::Presented;
use restante_core::device::{Device, Exchange, Input, Kept, Output};
use restante_core::id::{CenterAddress, CustomerId, InstructionId, Note, RequestId};
use restante_core::machine::Machine;
use restante_core::wire::instruct::{
    CancelInstruction, Instruct, InstructionState, ListInstructions,
};
use restante_core::wire::people::{PeopleReply, PeopleRequest};
use restante_core::wire::{
    Act, Acts, Counters, DeviceReply, DeviceRequest, DeviceState, NoteResult, Notify, Refusal,
    StateReasons, Status,
};
use restante_core::{Timestamp, Uptime};
use restante_crypto::RingCrypto;

use crate::world::{World, entry};

/// A device that is in use, and its center.
struct Upkeep {
    world: World,
    customer: CustomerId,
    device: Device<RingCrypto>,
    up: Uptime,
    flash: Option<Vec<u8>>,
    sent: Option<(Exchange, Presented, DeviceRequest)>,
    instructions: Vec<InstructionId>,
    /// How many final words of each the center has recorded.
    finals: BTreeMap<InstructionId, u32>,
}

impl Upkeep {
    fn new() -> Self {
        let mut world = World::new();
        let code = world.issue("Miller", None);
        let mut upkeep = Self {
            world,
            customer: code.customer,
            device: off(),
            up: Uptime::BOOT,
            flash: None,
            sent: None,
            instructions: Vec::new(),
            finals: BTreeMap::new(),
        };
        upkeep.switch_on();
        upkeep.give(Input::CodeEntered {
            code: code.text,
            center: CenterAddress::new("https://center.example").expect("an address"),
        });
        while upkeep.sent.is_some() {
            upkeep.answer();
        }
        upkeep
    }

    fn switch_on(&mut self) {
        let kept = self.flash.as_deref().map(Kept::from_bytes);
        let kept = kept.transpose().expect("flash is sound").map(Box::new);
        (self.device, self.up, self.sent) = (off(), Uptime::BOOT, None);
        self.give(Input::Booted { kept });
        self.give(Input::StatusChanged(Box::new(Status {
            state: DeviceState::Idle,
            reasons: StateReasons::default(),
            counters: Counters::default(),
        })));
    }

    fn give(&mut self, input: Input) {
        let (seed, mut out) = (self.world.next_seed(), Vec::new());
        let taken = self.device.handle(self.up, &seed, input, &mut out);
        taken.expect("the input fits the state");
        for output in out {
            match output {
                Output::Keep(kept) => self.flash = Some(kept.to_bytes()),
                Output::Send {
                    exchange,
                    presented,
                    request,
                    ..
                } => self.sent = Some((exchange, presented, request)),
                _ => {}
            }
        }
    }

    /// What the center makes of the outstanding request.
    fn decide(&mut self) -> Option<(Exchange, Result<DeviceReply, Refusal>)> {
        let (exchange, presented, request) = self.sent.clone()?;
        let credential = match presented {
            Presented::Provisional(code) => Credential::Provisional(code),
            Presented::Formal(code) => Credential::Formal(code),
        };
        let last = match &request {
            DeviceRequest::Acknowledge(said) => {
                let words = said.acknowledgements.iter();
                words.map(|it| it.progress.is_final()).collect()
            }
            _ => Vec::new(),
        };
        let decided = self.world.call(credential, Message::Device(request));
        let outcome = match decided {
            Ok(Reply::Device(reply)) => Ok(reply),
            Ok(other) => panic!("a device's request was answered by {other:?}"),
            Err(refused) => Err(refused.refusal),
        };
        if let Ok(DeviceReply::Acknowledged(reply)) = &outcome {
            for (noted, last) in reply.acknowledgements.iter().zip(last) {
                if last && noted.result == NoteResult::Recorded {
                    *self.finals.entry(noted.instruction).or_default() += 1;
                }
            }
        }
        Some((exchange, outcome))
    }

    fn answer(&mut self) {
        if let Some((exchange, outcome)) = self.decide() {
            self.sent = None;
            self.give(match outcome {
                Ok(reply) => Input::Replied { exchange, reply },
                Err(refusal) => Input::Refused { exchange, refusal },
            });
        }
    }

    /// The request, or its answer, gets lost.
    fn lose(&mut self, after_it_arrived: bool) {
        if after_it_arrived {
            let _ = self.decide();
        }
        if let Some((exchange, ..)) = self.sent.take() {
            self.give(Input::LinkFailed { exchange });
        }
    }

    fn pass(&mut self, millis: u64) {
        self.up = Uptime::from_millis(self.up.as_millis() + millis);
        // A center whose clock jumps by a day suspends expiry: it is told of the time twice a day.
        let half_a_day = 43_200_000;
        let mut left = millis;
        while left > 0 {
            let step = left.min(half_a_day);
            self.world.now = Timestamp::from_millis(self.world.now.as_millis() + step);
            self.world.tick();
            left -= step;
        }
    }

    fn sleep(&mut self) {
        if let Some(deadline) = self.device.deadline() {
            self.pass(deadline.as_millis().saturating_sub(self.up.as_millis()));
            self.sent = None;
            self.give(Input::TimePassed);
        }
    }

    fn instruct(&mut self, acts: Vec<Act>) {
        let number = u8::try_from(self.instructions.len()).expect("a short test");
        let request = PeopleRequest::Instruct(Instruct {
            customer: Some(self.customer),
            devices: vec![self.device.id().expect("registered")],
            acts: Acts::new(acts).expect("1 to 8 acts"),
            not_before: None,
            expires: None,
            request: RequestId::from_bytes([number + 1; 16]),
        });
        match self.world.people(Credential::Console, request) {
            Ok(PeopleReply::Instructed(told)) => self.instructions.push(told.rows[0].instruction),
            other => panic!("an order was answered by {other:?}"),
        }
    }

    fn cancel(&mut self, at: usize) {
        let cancel = PeopleRequest::CancelInstruction(CancelInstruction {
            instruction: self.instructions[at % self.instructions.len()],
            device: self.device.id().expect("registered"),
            customer: Some(self.customer),
        });
        let cancelled = self.world.people(Credential::Console, cancel);
        cancelled.expect("whatever has become of it");
    }

    fn states(&mut self) -> Vec<InstructionState> {
        let list = PeopleRequest::ListInstructions(ListInstructions {
            device: self.device.id().expect("registered"),
            customer: Some(self.customer),
            after: None,
        });
        match self.world.people(Credential::Console, list) {
            Ok(PeopleReply::Instructions(page)) => page.rows.iter().map(|row| row.state).collect(),
            other => panic!("a list was answered by {other:?}"),
        }
    }

    /// Lets four days pass in which everything works.
    fn settle(&mut self) {
        let until = self.world.now.as_millis() + 4 * 86_400_000;
        while self.world.now.as_millis() < until {
            while self.sent.is_some() {
                self.answer();
            }
            self.sleep();
        }
        while self.sent.is_some() {
            self.answer();
        }
    }
}

fn off() -> Device<RingCrypto> {
    Device::new(RingCrypto, entry("A"), None)
}

fn notify() -> Act {
    Act::Notify(Notify {
        text: Note::new("Service is coming").expect("a note"),
    })
}

#[test]
fn a_device_carries_out_what_people_ask_for_and_the_center_knows_it() {
    let mut upkeep = Upkeep::new();
    upkeep.instruct(vec![notify()]);
    upkeep.instruct(vec![Act::ReportStatus, Act::RotateCode, notify()]);
    upkeep.settle();
    assert_eq!(upkeep.states(), [InstructionState::Done; 2]);
    assert!(upkeep.device.duties().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Losses, repetitions, cancellations, power cuts and time, in any order.
    #[test]
    fn every_instruction_ends_with_exactly_one_final_word(
        kinds in prop::collection::vec(prop::collection::vec(0..3_usize, 1..4), 1..8),
        steps in prop::collection::vec((0..10_usize, 0..90_000_u64), 0..50),
    ) {
        let mut upkeep = Upkeep::new();
        for acts in kinds {
            let act = |kind: &usize| match kind {
                0 => notify(),
                1 => Act::ReportStatus,
                _ => Act::RotateCode,
            };
            upkeep.instruct(acts.iter().map(act).collect());
        }
        for (what, millis) in steps {
            upkeep.pass(millis);
            match what {
                0..4 => upkeep.answer(),
                4 => upkeep.lose(true),
                5 => upkeep.lose(false),
                6 => upkeep.switch_on(),
                7 if millis % 4 == 0 => upkeep.cancel(millis as usize),
                _ => upkeep.sleep(),
            }
        }
        upkeep.settle();
        prop_assert!(upkeep.device.duties().is_empty());
        // One that was called off before it was ever delivered needs no word.
        let mut ended = 0;
        for state in upkeep.states() {
            use InstructionState::{Cancelled, Done, Failed, Rejected};
            prop_assert!(matches!(state, Cancelled | Done | Failed | Rejected), "{:?}", state);
            ended += u32::from(state != Cancelled);
        }
        for (instruction, finals) in &upkeep.finals {
            prop_assert_eq!(*finals, 1, "{}", instruction);
        }
        prop_assert!(upkeep.finals.len() >= ended as usize);
    }
}
