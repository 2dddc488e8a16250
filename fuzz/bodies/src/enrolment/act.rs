//! Bytes as acts: three bytes each, every value of which means something.

/// Devices that the acts speak of.
pub(super) const DEVICES: usize = 4;
/// Request ids that the acts choose among.
const REQUESTS: usize = 3;

/// One act. Numbers choose among what there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// A dealer has a code issued.
    Issue {
        user: usize,
        limit: u32,
        validity: u32,
    },
    /// A dealer revokes a code.
    Revoke { grant: usize },
    /// A device or a gateway enrols.
    Enrol {
        grant: usize,
        request: usize,
        devices: Vec<usize>,
    },
    /// The enrolment before comes once more.
    Again,
    /// A registered sender says something, with its latest formal code or an older one.
    Say {
        registration: usize,
        older: usize,
        what: Say,
    },
    /// Time passes.
    Pass { seconds: u32 },
    /// The center does what is due.
    Tick,
}

/// What a registered sender can say. What comes late has a number below those of all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Say {
    Poll,
    Report {
        device: usize,
        boot: u32,
        seq: u32,
    },
    Rotate,
    Add {
        devices: Vec<usize>,
        pays: Option<usize>,
        late: bool,
    },
    Remove {
        devices: Vec<usize>,
        late: bool,
    },
    Leave,
}

/// Reads the bytes as acts; what is left over is nothing.
pub(super) fn read(data: &[u8]) -> impl Iterator<Item = Act> {
    data.as_chunks::<3>()
        .0
        .iter()
        .map(|[kind, a, b]| act(*kind, *a, *b))
}

fn act(kind: u8, a: u8, b: u8) -> Act {
    let (x, y) = (usize::from(a), usize::from(b));
    match kind % 16 {
        0 => Act::Issue {
            user: x % 2,
            limit: u32::from(a / 2 % 4) + 1,
            validity: [3_600, 86_400, 604_800][y % 3],
        },
        1 => Act::Revoke { grant: x },
        2..=4 => Act::Enrol {
            grant: x,
            request: y % REQUESTS,
            devices: devices(y / REQUESTS),
        },
        5 => Act::Again,
        6 => Act::Pass {
            seconds: [30, 3_600, 21_600, 72_000][x % 4],
        },
        7 => Act::Tick,
        _ => Act::Say {
            registration: x,
            older: y % 3 / 2,
            what: say(kind, y / 3),
        },
    }
}

fn say(kind: u8, y: usize) -> Say {
    let late = kind & 16 != 0;
    match kind % 16 {
        8 => Say::Poll,
        9 | 10 => Say::Report {
            device: y % DEVICES,
            boot: u32::from((y / DEVICES).is_multiple_of(3)) + 1,
            seq: u32::try_from(y / DEVICES / 3).unwrap_or(0),
        },
        11 => Say::Rotate,
        12 | 13 => Say::Add {
            devices: devices(y),
            pays: (y / 16 % 3).checked_sub(1),
            late,
        },
        14 => Say::Remove {
            devices: devices(y),
            late,
        },
        _ if y.is_multiple_of(2) => Say::Leave,
        _ => Say::Poll,
    }
}

/// One to four devices, as bits.
fn devices(bits: usize) -> Vec<usize> {
    let chosen: Vec<usize> = (0..DEVICES)
        .filter(|place| bits >> place & 1 == 1)
        .collect();
    if chosen.is_empty() { vec![0] } else { chosen }
}
