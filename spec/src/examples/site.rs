//! What a gateway and its children say to each other.

use restante_core::Seconds;
use restante_core::wire::DeviceState;
use restante_core::wire::site::{CarriedOut, CarryOut, OwnStatus, SelfDescription};
use restante_core::wire::status::StateReasons;

use super::device::counters;
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
    CarryOut {
        id: read("1"),
        kind: read("restart"),
    }
}

pub(crate) fn carried_out() -> CarriedOut {
    CarriedOut::rejected(&carry_out())
}
