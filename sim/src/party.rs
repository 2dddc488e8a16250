//! Parties: customers with their own people, devices, line and chance, in one world.
//!
//! An ordinary world has one party. A world of twins (`twin`) has three: two customers and the
//! center itself. Each has a generator of its own, so that what one of them does is the same
//! whether or not another is there; only the center could make a difference.

use std::net::IpAddr;

use fastrand::Rng;

use crate::clock::Moment;
use crate::people::People;
use crate::world::World;

/// What belongs to one party.
pub struct Own {
    /// Its chance.
    pub rng: Rng,
    /// Its people.
    pub people: People,
    /// How many letters it has written.
    pub letters: u64,
    /// What it was told, and when.
    pub told: Vec<Told>,
}

/// One answer as it left the center.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// When.
    pub at: Moment,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Own {
    /// A party with so many dealers, whose chance follows from `seed`.
    #[must_use]
    pub fn new(seed: u64, dealers: usize) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            people: People::new(dealers),
            letters: 0,
            told: Vec::new(),
        }
    }
}

impl World {
    /// It is this party's turn.
    pub(crate) fn turn(&mut self, party: usize) {
        if self.is_twin() && party != self.party {
            // The first party sits on the seat of whoever is at the table.
            for number in [self.party, party] {
                if let Some(seat) = number.checked_sub(1) {
                    std::mem::swap(&mut self.own, &mut self.waiting[seat]);
                }
            }
            self.dice.turn(party);
            self.party = party;
        }
    }

    /// Whether customers are compared: then calls are whole steps, so that none meets another.
    pub(crate) const fn is_twin(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The party of a unit.
    pub(crate) fn party_of(&self, unit: usize) -> usize {
        usize::from(unit >= self.scenario.own_units())
    }

    /// The unit with this number, modulo how many the present party has.
    pub(crate) fn own_unit(&self, number: usize) -> Option<usize> {
        let own = self.scenario.own_units();
        let others = self.units.len() - own;
        match self.party {
            0 => number.checked_rem(own),
            _ => number.checked_rem(others).map(|unit| own + unit),
        }
    }

    /// Notes what the present party is told.
    pub(crate) fn note_told(&mut self, bytes: &[u8]) {
        if self.is_twin() {
            let bytes = bytes.to_vec();
            self.own.told.push(Told {
                at: self.now,
                bytes,
            });
        }
    }

    /// What the first party was told.
    #[must_use]
    pub fn told(&mut self) -> Vec<Told> {
        self.turn(FIRST);
        std::mem::take(&mut self.own.told)
    }
}

/// The address of a party: another one for each, for wrong codes are counted by address.
#[must_use]
pub const fn address(party: usize, address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) if party > 0 => {
            let [a, b, c, _] = address.octets();
            IpAddr::V4(std::net::Ipv4Addr::new(a, b, c, 200))
        }
        _ => address,
    }
}

/// The party whose world it is.
pub const FIRST: usize = 0;
/// The other customer.
pub const OTHER: usize = 1;
/// The center's own doings.
pub const CENTER: usize = 2;
