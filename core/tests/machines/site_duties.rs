//! How a gateway carries out what its children's mailboxes ask for, told as what happens to it.

use restante_core::Seconds;
use restante_core::code::Presented;
use restante_core::gateway::{Input, Notice, Phase};
use restante_core::id::{DeviceId, InstructionId};
use restante_core::limits::{CARRY_OUT_TRIES, CARRY_OUT_WAIT};
use restante_core::wire::site::CarriedOut;
use restante_core::wire::{
    Act, ActResult, DeviceReply, DeviceRequest, Outcome, Progress, Refusal, RefusalCode,
};

use crate::post::{Post, notify, unknown};
use crate::scripted::{device_id, formal, word};
use crate::site::{Site, child};

/// A gateway in use and the center that it polls.
#[derive(Clone)]
struct Upkeep {
    site: Site,
    post: Post,
}

impl Upkeep {
    /// A gateway with so many children that has just taken in these instructions.
    fn polled(children: u32, instructions: &[(u32, &[Act])]) -> (Self, Vec<InstructionId>) {
        let mut post = Post::default();
        let put = |(child, acts): &(u32, &[Act])| post.put(device_id(*child), acts.to_vec());
        let ids = instructions.iter().map(put).collect();
        let site = Site::in_use(children);
        let mut upkeep = Self { site, post };
        upkeep.poll();
        (upkeep, ids)
    }

    /// Lets time pass up to the next poll, and has it answered.
    fn poll(&mut self) {
        loop {
            self.site.sleep();
            self.site.answer_asked();
            let poll = matches!(self.site.last().request, DeviceRequest::Poll(_));
            self.answer();
            if poll {
                return;
            }
        }
    }

    fn answer(&mut self) {
        let reply = match &self.site.last().request {
            DeviceRequest::Poll(poll) => self.post.polled(poll),
            DeviceRequest::Acknowledge(said) => self.post.acknowledged(said),
            _ => self.site.right(),
        };
        self.site.reply(reply);
    }

    /// Answers everything until nothing is outstanding any more.
    fn answer_all(&mut self) {
        loop {
            let sent = self.site.sent.len();
            self.answer();
            self.site.answer_asked();
            if self.site.sent.len() == sent {
                return;
            }
        }
    }

    fn said(&self) -> Vec<(InstructionId, Progress)> {
        match &self.site.last().request {
            DeviceRequest::Acknowledge(said) => {
                let words = said.acknowledgements.iter();
                words.map(|it| (it.instruction, it.progress)).collect()
            }
            other => panic!("nothing is acknowledged: {other:?}"),
        }
    }

    /// A child answers the oldest order that it was handed.
    fn child_does(&mut self, child: u32) {
        let at = self.site.handed.iter();
        let at = at.clone().position(|(to, _)| *to == device_id(child));
        let (device, order) = self
            .site
            .handed
            .remove(at.expect("it was handed something"));
        let result = |act: &Act| match act {
            Act::Notify(_) => ActResult::DONE,
            other => ActResult::unknown_kind(other),
        };
        let done = Box::new(CarriedOut {
            results: order.acts.as_slice().iter().map(result).collect(),
            id: order.id,
        });
        self.site.give(Input::CarriedOut { device, done });
    }

    fn handed_to(&self) -> Vec<DeviceId> {
        self.site.handed.iter().map(|(to, _)| *to).collect()
    }

    fn results(&mut self, id: InstructionId) -> Vec<Outcome> {
        let results = &self.post.entry(id).results;
        results.iter().map(|it| it.outcome).collect()
    }
}

#[test]
fn an_instruction_goes_to_its_child_alone_and_the_childs_results_to_the_center() {
    let (mut upkeep, ids) = Upkeep::polled(3, &[(1, &[notify("hello"), unknown()])]);
    assert_eq!(upkeep.handed_to(), [device_id(1)]);
    assert_eq!(upkeep.site.handed[0].1.id.as_str(), ids[0].to_string());
    assert_eq!(upkeep.said(), [(ids[0], Progress::Taken)]);
    upkeep.answer();
    upkeep.child_does(1);
    assert_eq!(upkeep.said(), [(ids[0], Progress::Rejected)]);
    upkeep.answer();
    assert_eq!(upkeep.results(ids[0]), [Outcome::Done, Outcome::Rejected]);
    assert!(upkeep.site.gateway.duties().is_empty());
}

#[test]
fn a_child_that_does_not_answer_is_handed_it_three_times_and_holds_up_nobody() {
    let (mut upkeep, ids) = Upkeep::polled(
        2,
        &[
            (0, &[notify("to nobody"), notify("neither")]),
            (1, &[notify("to somebody")]),
            (0, &[notify("later")]),
        ],
    );
    upkeep.answer();
    upkeep.child_does(1);
    upkeep.answer();
    assert_eq!(upkeep.post.entry(ids[1]).progress, Some(Progress::Done));
    let first = upkeep.site.handed[0].clone();
    for tries in 1..CARRY_OUT_TRIES {
        assert_eq!(upkeep.site.sleep(), CARRY_OUT_WAIT);
        assert_eq!(upkeep.site.handed.len(), usize::from(tries) + 1);
        assert_eq!(upkeep.site.handed.last(), Some(&first), "the same id again");
    }
    upkeep.site.sleep();
    assert_eq!(upkeep.said(), [(ids[0], Progress::Failed)]);
    upkeep.answer();
    assert_eq!(upkeep.results(ids[0]), [Outcome::Failed, Outcome::Failed]);
    let (to, order) = upkeep.site.handed.last().expect("the next one's turn");
    assert_eq!(*to, device_id(0));
    assert_eq!(order.id.as_str(), ids[2].to_string());
}

#[test]
fn what_a_child_was_not_asked_changes_nothing() {
    let (mut upkeep, ids) = Upkeep::polled(2, &[(0, &[notify("one"), notify("two")])]);
    upkeep.answer();
    let (_, order) = upkeep.site.handed[0].clone();
    let before = upkeep.site.gateway.clone();
    let says = |device, id: &str, results: usize| Input::CarriedOut {
        device,
        done: Box::new(CarriedOut {
            id: id.parse().expect("a note"),
            results: vec![ActResult::DONE; results],
        }),
    };
    let id = order.id.as_str();
    upkeep.site.give(says(device_id(1), id, 2));
    upkeep.site.give(says(device_id(9), id, 2));
    upkeep.site.give(says(device_id(0), "another", 2));
    upkeep.site.give(says(device_id(0), id, 1));
    assert_eq!(upkeep.site.gateway, before);
    upkeep.site.give(says(device_id(0), id, 2));
    assert_eq!(upkeep.said(), [(ids[0], Progress::Done)]);
    let before = upkeep.site.gateway.clone();
    upkeep.site.give(says(device_id(0), id, 2));
    assert_eq!(upkeep.site.gateway, before, "twice");
}

#[test]
fn a_report_asks_the_child_alone_and_leaves_the_schedule_as_it_was() {
    let (mut upkeep, ids) = Upkeep::polled(3, &[(1, &[Act::ReportStatus])]);
    let mut without = Upkeep::polled(3, &[]).0;
    assert_eq!(upkeep.said(), [(ids[0], Progress::Taken)]);
    upkeep.answer();
    upkeep.site.answer_asked();
    assert_eq!(upkeep.site.reported(), [device_id(1)]);
    upkeep.answer();
    assert_eq!(upkeep.said(), [(ids[0], Progress::Done)]);
    upkeep.answer();
    upkeep.site.sleep_until("report-status");
    without.site.sleep_until("report-status");
    assert_eq!(upkeep.site.now, without.site.now);
    assert_eq!(upkeep.site.reported().len(), 3);
}

#[test]
fn a_report_for_a_silent_child_fails() {
    let (mut upkeep, ids) = Upkeep::polled(2, &[(0, &[Act::ReportStatus])]);
    upkeep.answer();
    upkeep.site.lan[0].1 = false;
    upkeep.site.answer_asked();
    assert_eq!(upkeep.said(), [(ids[0], Progress::Failed)]);

    let (mut upkeep, ids) = Upkeep::polled(2, &[(0, &[Act::ReportStatus])]);
    upkeep.answer();
    upkeep.site.answer_asked();
    upkeep.site.refuse_as(RefusalCode::Malformed);
    assert_eq!(upkeep.said(), [(ids[0], Progress::Failed)]);
}

#[test]
fn one_rotation_serves_all_children_that_are_told_to_rotate() {
    let rotate: &[Act] = &[Act::RotateCode];
    let (mut upkeep, ids) = Upkeep::polled(3, &[(0, rotate), (1, rotate), (2, rotate)]);
    upkeep.answer_all();
    for id in ids {
        assert_eq!(upkeep.post.entry(id).progress, Some(Progress::Done));
    }
    let rotations = upkeep.site.sent.iter();
    let rotations = rotations.filter(|it| word(&it.request) == "rotate");
    assert_eq!(rotations.count(), 1);
    assert_eq!(
        upkeep.site.last().presented,
        Presented::Formal(formal(2)),
        "what the new code says"
    );
    assert_eq!(upkeep.site.gateway.phase(), Phase::InUse);
}

#[test]
fn acts_keep_their_order_where_the_gateway_does_one_in_between() {
    let acts: &[Act] = &[notify("one"), Act::ReportStatus, notify("two"), unknown()];
    let (mut upkeep, ids) = Upkeep::polled(1, &[(0, acts)]);
    upkeep.answer();
    assert_eq!(upkeep.site.handed.len(), 1);
    assert_eq!(upkeep.site.handed[0].1.acts.as_slice(), [notify("one")]);
    upkeep.child_does(0);
    upkeep.site.answer_asked();
    assert!(upkeep.site.handed.is_empty(), "not before the report");
    upkeep.answer();
    let (_, order) = upkeep.site.handed[0].clone();
    assert_eq!(order.acts.as_slice().len(), 2);
    assert_eq!(
        order.id.as_str(),
        format!("{}.2", ids[0]),
        "an id of its own"
    );
    upkeep.child_does(0);
    upkeep.answer();
    use Outcome::{Done, Rejected};
    assert_eq!(upkeep.results(ids[0]), [Done, Done, Done, Rejected]);
}

#[test]
fn a_child_that_is_removed_takes_its_instructions_along() {
    let acts: &[Act] = &[notify("hello")];
    let (mut upkeep, ids) = Upkeep::polled(2, &[(0, acts), (1, acts)]);
    upkeep
        .site
        .give(Input::RemoveChild(child(0).identification));
    let held = upkeep.site.gateway.duties().iter();
    assert_eq!(
        held.map(|it| it.instruction()).collect::<Vec<_>>(),
        [ids[1]]
    );
    // The outstanding acknowledgement still names both, and its answer is taken.
    upkeep.answer();
    upkeep.answer();
    upkeep.child_does(1);
    assert_eq!(upkeep.said(), [(ids[1], Progress::Done)]);
}

#[test]
fn a_child_that_is_registered_elsewhere_is_left_and_the_others_are_acknowledged() {
    let acts: &[Act] = &[notify("hello")];
    let (mut upkeep, ids) = Upkeep::polled(2, &[(0, acts), (1, acts)]);
    upkeep.site.refuse(Refusal {
        devices: vec![device_id(0)],
        ..Refusal::plain(RefusalCode::DeviceNotCovered)
    });
    let left = |it: &Notice| matches!(it, Notice::NotCovered(_));
    assert!(upkeep.site.shown.iter().any(left));
    assert_eq!(upkeep.said(), [(ids[1], Progress::Taken)]);

    // A center that names somebody else is not asked the same again and again.
    let (mut upkeep, _) = Upkeep::polled(2, &[(0, acts), (1, acts)]);
    let sent = upkeep.site.sent.len();
    upkeep.site.refuse(Refusal {
        devices: vec![device_id(9)],
        ..Refusal::plain(RefusalCode::DeviceNotCovered)
    });
    assert_eq!(upkeep.site.sent.len(), sent);
}

#[test]
fn many_children_are_handed_theirs_at_once_and_all_is_acknowledged() {
    let acts: &[Act] = &[notify("hello")];
    let instructions: Vec<(u32, &[Act])> = (0..100).map(|n| (n, acts)).collect();
    let (mut upkeep, ids) = Upkeep::polled(100, &instructions);
    assert_eq!(upkeep.site.handed.len(), 100);
    for n in 0..100 {
        upkeep.child_does(n);
    }
    let at = upkeep.site.now;
    upkeep.answer_all();
    assert_eq!(upkeep.site.now, at);
    for id in ids {
        assert_eq!(upkeep.post.entry(id).finals, 1);
    }
}

#[test]
fn a_power_cut_forgets_what_was_handed_over_and_the_mailbox_shows_it_again() {
    let (mut upkeep, ids) = Upkeep::polled(1, &[(0, &[notify("hello")])]);
    let before = upkeep.site.handed[0].clone();
    upkeep.site.power_cut();
    assert!(upkeep.site.gateway.duties().is_empty());
    upkeep.poll();
    assert_eq!(
        upkeep.site.handed[0], before,
        "the same id: the child knows it"
    );
    upkeep.child_does(0);
    while upkeep.post.entry(ids[0]).finals == 0 {
        upkeep.answer();
        upkeep.site.answer_asked();
    }
    let DeviceReply::Polled(_) = upkeep.post.polled(&Default::default()) else {
        panic!("a poll is answered");
    };
    assert!(upkeep.site.sleep() > Seconds::ZERO);
}
