//! Invitations: the instructions by which an application reaches the devices it is about.
//!
//! They lie in mailboxes like any other and are acknowledged like any other. What is particular is
//! that the registration code in them is made when they are shown and kept nowhere, and that what a
//! device says of one is noted with the application too.

use alloc::string::{String, ToString};

use crate::crypto::Crypto;
use crate::id::{DeviceId, InstructionId, Note};
use crate::provider::{Pair, PairState};
use crate::record::{
    Application, End, Event, Instruction, InstructionState, Invitation, Key, Mailbox, Pause, Target,
};
use crate::time::Timestamp;
use crate::wire::services::TargetState;
use crate::wire::{Act, Acts, RegisterService, ServiceUrl};

use super::work::{Stop, Work};

impl<C: Crypto> Work<'_, C> {
    /// Loads the mailboxes of these devices in one round.
    pub(super) fn load_mailboxes(
        &mut self,
        devices: impl Iterator<Item = DeviceId>,
    ) -> Result<(), Pause> {
        let rows = |device| [Mailbox::key(device), Mailbox::finished_key(device)];
        let keys: alloc::vec::Vec<Key> = devices.flat_map(rows).collect();
        self.load(&keys)
    }

    /// Puts an invitation into a device's mailbox; `None` if there is no room.
    pub(super) fn post_invitation(
        &mut self,
        device: DeviceId,
        url: &ServiceUrl,
        expires: Timestamp,
        invitation: Invitation,
    ) -> Result<Option<InstructionId>, Stop> {
        let (crypto, keys) = (&self.center.crypto, &self.center.keys);
        let id = keys.invitation(crypto, invitation.application, device);
        let instruction = Instruction {
            id,
            acts: Acts::one(Act::RegisterService(RegisterService {
                url: url.as_str().to_string(),
                code: String::new(),
            })),
            made: self.time()?,
            not_before: None,
            expires,
            state: InstructionState::Waiting,
            taken: None,
            invitation: Some(invitation),
        };
        let mut held = self.mailbox(device)?;
        if held.get(id).is_some() {
            return Ok(Some(id));
        }
        let has_room = held.open.add(instruction);
        if has_room {
            self.keep_mailbox(held);
        }
        Ok(has_room.then_some(id))
    }

    /// Calls an invitation off, if it is not over.
    pub(super) fn call_off(
        &mut self,
        device: DeviceId,
        instruction: InstructionId,
    ) -> Result<(), Stop> {
        let now = self.time()?;
        let mut held = self.mailbox(device)?;
        if let Some(instruction) = held.get_mut(instruction) {
            instruction.apply(Event::Cancel, now);
            self.keep_mailbox(held);
        }
        Ok(())
    }

    /// The acts of an instruction as its device is shown them: with the registration code, where it
    /// is an invitation.
    // spec: SVC-022, SVC-023, SVC-024, SVC-025, PRV-015
    pub(super) fn shown_acts(&self, device: DeviceId, kept: &Instruction) -> Acts {
        let (crypto, keys) = (&self.center.crypto, &self.center.keys);
        let code = kept.invitation.and_then(|it| match &it.given {
            Some(wrapped) => keys.unwrap_code(crypto, it.application, device, (it.master, wrapped)),
            None => keys.registration_code(crypto, it.application, device, it.master),
        });
        match (code, kept.acts.as_slice()) {
            (Some(code), [Act::RegisterService(body)]) => {
                Acts::one(Act::RegisterService(RegisterService {
                    url: body.url.clone(),
                    code: code.as_str().to_string(),
                }))
            }
            _ => kept.acts.clone(),
        }
    }

    /// Notes with the application what a device has said of its invitation. Only collation
    /// entitles: that a device says it is done changes nothing here.
    // spec: SVC-031, SVC-035
    pub(super) fn invitation_noted(
        &mut self,
        device: DeviceId,
        kept: &Instruction,
    ) -> Result<(), Stop> {
        let Some(invitation) = kept.invitation else {
            return Ok(());
        };
        let (state, detail) = match &kept.state {
            InstructionState::Waiting | InstructionState::Delivered(_) => return Ok(()),
            InstructionState::Taken(_) | InstructionState::Proceeding(_) => {
                (TargetState::Taken, None)
            }
            InstructionState::Finished(finished) => match finished.end {
                End::Done => (TargetState::Taken, None),
                End::Failed | End::Rejected | End::SetAside => {
                    (TargetState::Failed, told(&finished.results))
                }
                End::Cancelled | End::Expired => (TargetState::Withdrawn, None),
            },
        };
        let Invitation {
            customer,
            application,
            given,
            ..
        } = invitation;
        let key = Target::key(customer, application, device);
        self.target_is(&key, state, detail)?;
        let at = self.time()?;
        let pair_state = match state {
            TargetState::Failed => PairState::Failed { at },
            TargetState::Withdrawn => PairState::Withdrawn { at },
            _ => return Ok(()),
        };
        let key = Application::key(customer, application);
        if let Some(made) = self.desk.peek::<Application>(&key)? {
            let pair = Pair::key(device, &made.service);
            let is_news = self.pair_is(pair, application, pair_state)?;
            if is_news && state == TargetState::Withdrawn {
                self.take_back(application, &made, device, given.is_some());
            }
        }
        Ok(())
    }
}

/// What a device said of its one act.
fn told(results: &[crate::wire::ActResult]) -> Option<Note> {
    results.first().and_then(|result| result.detail.clone())
}
