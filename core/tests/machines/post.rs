//! A center's mailboxes as a device sees them: an honest table of instructions, small enough to be
//! read at a glance. It shows what is open, notes what is acknowledged, and counts.

use restante_core::id::{DeviceId, InstructionId, Note};
use restante_core::wire::{
    Acknowledge, Acknowledged, Acknowledgement, Act, ActResult, Acts, DeviceReply, ETag,
    Instruction, Mailbox, NoteResult, Noted, Notify, Poll, PollReply, Progress, RegisterService,
};
use restante_core::{Crypto, Seconds};
use restante_crypto::RingCrypto;

use crate::scripted::schedule;

/// All mailboxes of one registration.
#[derive(Clone, Default)]
pub(crate) struct Post {
    pub(crate) entries: Vec<Entry>,
    /// How many instructions one answer shows; none: all.
    pub(crate) room: Option<usize>,
}

/// One instruction and what is known of it.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) instruction: Instruction,
    pub(crate) progress: Option<Progress>,
    pub(crate) results: Vec<ActResult>,
    /// How many final words were recorded.
    pub(crate) finals: u32,
    /// The present delivery is over: the next showing is another one.
    pub(crate) lease_over: bool,
}

impl Post {
    /// Puts an instruction with these acts into a device's mailbox.
    pub(crate) fn put(&mut self, device: DeviceId, acts: Vec<Act>) -> InstructionId {
        let number = u8::try_from(self.entries.len() + 1).expect("a short test");
        let id = InstructionId::from_bytes([number; 16]);
        self.entries.push(Entry {
            instruction: Instruction {
                id,
                device,
                attempt: 0,
                expires: Seconds::WEEK,
                cancel: false,
                acts: Acts::new(acts).expect("1 to 8 acts"),
            },
            progress: None,
            results: Vec::new(),
            finals: 0,
            lease_over: true,
        });
        id
    }

    pub(crate) fn entry(&mut self, id: InstructionId) -> &mut Entry {
        let mut entries = self.entries.iter_mut();
        entries.find(|it| it.instruction.id == id).expect("known")
    }

    /// Answers a poll.
    pub(crate) fn polled(&mut self, poll: &Poll) -> DeviceReply {
        let open = |it: &&mut Entry| it.progress.is_none_or(|it| !it.is_final());
        let count = self.entries.iter_mut().filter(open).count();
        let room = self.room.unwrap_or(usize::MAX);
        let mut shown: Vec<_> = self.entries.iter_mut().filter(open).take(room).collect();
        let mut text = String::new();
        for entry in &shown {
            let it = &entry.instruction;
            text.push_str(&format!("{} {}\n", it.id, it.cancel));
        }
        let digest = RingCrypto.sha256(&[text.as_bytes()]);
        let (tag, _) = digest.split_first_chunk().expect("32 bytes");
        let etag = ETag::from_bytes(tag);
        DeviceReply::Polled(if poll.have.as_ref() == Some(&etag) {
            PollReply::Unchanged(Seconds::DAY)
        } else {
            for entry in &mut shown {
                if core::mem::take(&mut entry.lease_over) {
                    entry.instruction.attempt += 1;
                }
            }
            PollReply::Mailbox(Mailbox {
                etag,
                instructions: shown.iter().map(|it| it.instruction.clone()).collect(),
                more: count > room,
                schedule: schedule(),
                calls: Vec::new(),
            })
        })
    }

    /// Notes what is acknowledged.
    pub(crate) fn acknowledged(&mut self, said: &Acknowledge) -> DeviceReply {
        let noted = said.acknowledgements.iter().map(|it| self.note(it));
        DeviceReply::Acknowledged(Acknowledged {
            acknowledgements: noted.collect(),
            schedule: schedule(),
        })
    }

    fn note(&mut self, said: &Acknowledgement) -> Noted {
        let entry = self.entry(said.instruction);
        let it = &entry.instruction;
        assert_eq!(it.device, said.device, "acknowledged for another device");
        assert!(
            (1..=it.attempt).contains(&said.attempt),
            "never delivered so often"
        );
        let present = said.attempt == it.attempt;
        let last = said.progress.is_final();
        let over = entry.progress.is_some_and(Progress::is_final);
        let result = if entry.progress == Some(said.progress) {
            NoteResult::Repeated
        } else if over || !(present || last) {
            NoteResult::Superseded
        } else {
            if last {
                assert_eq!(said.results.len(), it.acts.as_slice().len());
                entry.finals += 1;
            }
            entry.progress = Some(said.progress);
            entry.results.clone_from(&said.results);
            NoteResult::Recorded
        };
        Noted {
            instruction: said.instruction,
            result,
            state: "as recorded".into(),
        }
    }
}

pub(crate) fn notify(text: &str) -> Act {
    Act::Notify(Notify {
        text: Note::new(text).expect("a note"),
    })
}

pub(crate) fn register_service() -> Act {
    Act::RegisterService(RegisterService {
        url: "https://service.example/register".into(),
        code: "163abc45".into(),
    })
}

pub(crate) fn unknown() -> Act {
    serde_json::from_str(r#"{"fold-paper":{"times":3}}"#).expect("an act")
}
