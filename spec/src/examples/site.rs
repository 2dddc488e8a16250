//! What a gateway and its children say to each other.

use restante_core::Seconds;
use restante_core::wire::site::{CarriedOut, CarryOut, OwnStatus, SelfDescription};
use restante_core::wire::status::StateReasons;
use restante_core::wire::{Act, ActResult, DeviceState, Notify};

use super::device::{counters, instruction};
use super::{multifunction, read};

pub(crate) fn description() -> SelfDescription {
    let status = OwnStatus {
        boot: 7,
        seq: 2,
        age: Seconds::new(20),
        state: DeviceState::Idle,
        reasons: StateReasons::default(),
        counters: counters(140),
    };
    SelfDescription {
        identification: multifunction(),
        status,
    }
}

pub(crate) fn carry_out() -> CarryOut {
    let text = read("A technician will come on Monday.");
    let unknown = read_json(r#"{"fold-paper":{}}"#);
    let acts = vec![Act::Notify(Notify { text }), unknown];
    CarryOut::of(instruction(), 0, acts).expect("two acts")
}

pub(crate) fn carried_out() -> CarriedOut {
    let asked = carry_out();
    let results = asked.acts.as_slice().iter().map(|act| match act {
        Act::Notify(_) => ActResult::DONE,
        other => ActResult::unknown_kind(other),
    });
    CarriedOut {
        results: results.collect(),
        id: asked.id,
    }
}

/// An act of a kind that this version does not know.
fn read_json(text: &str) -> Act {
    serde_json::from_str(text).expect("an act")
}
