//! One device of one customer, who gives it orders, and what it fetches and says.

use restante_core::center::{Credential, Policy};
use restante_core::code::FormalCode;
use restante_core::id::{CustomerId, DeviceId, InstructionId, RequestId};
use restante_core::wire::instruct::{
    CancelInstruction, Instruct, InstructionRow, InstructionState, ListInstructions,
};
use restante_core::wire::people::{PeopleReply, PeopleRequest};
use restante_core::wire::{
    Acknowledge, Acknowledgement, Act, ActResult, Acts, DeviceReply, DeviceRequest, Instruction,
    Mailbox, NoteResult, Noted, Outcome, Poll, PollReply, Progress, RefusalCode,
};

use crate::world::{World, formal};

/// One device of one customer, and who gives it orders.
pub(crate) struct Site {
    pub(crate) world: World,
    pub(crate) code: FormalCode,
    pub(crate) customer: CustomerId,
    pub(crate) device: DeviceId,
    orders: u8,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::with(Policy::default())
    }

    pub(crate) fn with(policy: Policy) -> Self {
        let mut world = World::with(policy);
        let code = world.issue("Miller", None);
        let enrolled = world.activate(&code, 1, &["A"]);
        Self {
            world,
            code: enrolled.formal_code,
            customer: code.customer,
            device: enrolled.devices[0].device,
            orders: 0,
        }
    }

    pub(crate) fn order(&mut self) -> Instruct {
        self.orders += 1;
        Instruct {
            customer: Some(self.customer),
            devices: vec![self.device],
            acts: Acts::one(Act::ReportStatus),
            not_before: None,
            expires: None,
            request: RequestId::from_bytes([self.orders; 16]),
        }
    }

    /// Gives one order; its id.
    pub(crate) fn instruct(&mut self) -> InstructionId {
        let order = self.order();
        self.give(order).expect("given")[0]
    }

    pub(crate) fn give(&mut self, order: Instruct) -> Result<Vec<InstructionId>, RefusalCode> {
        give(&mut self.world, Credential::Console, order)
    }

    pub(crate) fn poll(&mut self) -> Mailbox {
        poll(&mut self.world, &self.code)
    }

    pub(crate) fn say(
        &mut self,
        instruction: InstructionId,
        attempt: u32,
        progress: Progress,
    ) -> (NoteResult, String) {
        let said = word(self.device, instruction, attempt, progress);
        let noted = acknowledge(&mut self.world, &self.code, vec![said]).expect("noted");
        (noted[0].result, noted[0].state.clone())
    }

    pub(crate) fn cancel(&mut self, instruction: InstructionId) -> InstructionRow {
        let cancel = self.cancellation(instruction);
        match self.world.people(Credential::Console, cancel) {
            Ok(PeopleReply::InstructionCancelled(row)) => row,
            other => panic!("a cancellation was answered by {other:?}"),
        }
    }

    pub(crate) fn cancellation(&self, instruction: InstructionId) -> PeopleRequest {
        PeopleRequest::CancelInstruction(CancelInstruction {
            instruction,
            device: self.device,
            customer: Some(self.customer),
        })
    }

    pub(crate) fn list(&mut self) -> Vec<InstructionRow> {
        let list = PeopleRequest::ListInstructions(ListInstructions {
            device: self.device,
            customer: Some(self.customer),
            after: None,
        });
        match self.world.people(Credential::Console, list) {
            Ok(PeopleReply::Instructions(page)) => page.rows,
            other => panic!("a list was answered by {other:?}"),
        }
    }

    pub(crate) fn states(&mut self) -> Vec<InstructionState> {
        self.list().into_iter().map(|row| row.state).collect()
    }
}

pub(crate) fn give(
    world: &mut World,
    who: Credential,
    order: Instruct,
) -> Result<Vec<InstructionId>, RefusalCode> {
    let devices = order.devices.clone();
    match world.people(who, PeopleRequest::Instruct(order))? {
        PeopleReply::Instructed(told) => {
            let named: Vec<DeviceId> = told.rows.iter().map(|row| row.device).collect();
            assert_eq!(named, devices, "one row per device, in order");
            Ok(told.rows.iter().map(|row| row.instruction).collect())
        }
        other => panic!("an order was answered by {other:?}"),
    }
}

pub(crate) fn ask(world: &mut World, code: &FormalCode, poll: Poll) -> PollReply {
    match world.device(formal(code), DeviceRequest::Poll(poll)) {
        Ok(DeviceReply::Polled(reply)) => reply,
        other => panic!("a poll was answered by {other:?}"),
    }
}

pub(crate) fn poll(world: &mut World, code: &FormalCode) -> Mailbox {
    match ask(world, code, Poll::default()) {
        PollReply::Mailbox(mailbox) => mailbox,
        PollReply::Unchanged(_) => panic!("nothing was said to have been seen"),
    }
}

pub(crate) fn word(
    device: DeviceId,
    instruction: InstructionId,
    attempt: u32,
    progress: Progress,
) -> Acknowledgement {
    let result = ActResult {
        outcome: Outcome::Done,
        detail: None,
    };
    let is_final = progress.is_final();
    Acknowledgement {
        instruction,
        device,
        attempt,
        progress,
        results: if is_final { vec![result] } else { Vec::new() },
    }
}

pub(crate) fn acknowledge(
    world: &mut World,
    code: &FormalCode,
    acknowledgements: Vec<Acknowledgement>,
) -> Result<Vec<Noted>, RefusalCode> {
    let message = Acknowledge { acknowledgements };
    match world.device(formal(code), DeviceRequest::Acknowledge(message))? {
        DeviceReply::Acknowledged(told) => Ok(told.acknowledgements),
        other => panic!("an acknowledgement was answered by {other:?}"),
    }
}

pub(crate) fn ids(mailbox: &Mailbox) -> Vec<InstructionId> {
    mailbox.instructions.iter().map(|it| it.id).collect()
}

pub(crate) fn only(mailbox: Mailbox) -> Instruction {
    let [instruction] = <[Instruction; 1]>::try_from(mailbox.instructions).expect("one");
    instruction
}
