//! Reading a provisional access code as a person types it, and saying what is wrong with it.
//!
//! A device judges the whole code before it sends anything, for a slip of the finger must not cost
//! an attempt; a panel with a keypad judges each group as soon as it is complete. Both name the
//! group and the place, so that the person looks at five symbols and not at twenty-five.

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use super::provisional::ProvisionalCode;
use super::symbols::{GROUP_SYMBOLS, GROUPS, Group, POSITIONS, SYMBOLS, typed};

/// Why a text is no provisional access code. Groups and positions are counted from 1.
// spec: COD-007
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProvisionalCodeError {
    /// There is nothing in it but spaces and hyphens.
    #[error("the access code is empty; it has {SYMBOLS} symbols in {GROUPS} groups")]
    Empty,
    /// It ends too early.
    #[error(
        "the access code has {symbols} of {SYMBOLS} symbols: it ends in group {group}; enter the rest"
    )]
    TooFew {
        /// How many symbols there are.
        symbols: usize,
        /// The group in which the text ends.
        group: usize,
    },
    /// It goes on after its last symbol.
    #[error(
        "the access code has {symbols} symbols and should have {SYMBOLS}: it runs on into group \
         {group}, and there are only {GROUPS}"
    )]
    TooMany {
        /// How many symbols there are.
        symbols: usize,
        /// The group in which the text ends.
        group: usize,
    },
    /// A character that occurs in no code.
    #[error(
        "group {group}, position {position}: {symbol:?} does not occur in access codes, which use \
         the digits and the letters A to Z without I, L, O and U"
    )]
    NoSuchSymbol {
        /// The character.
        symbol: char,
        /// The group that it stands in.
        group: usize,
        /// Its position in the group.
        position: usize,
    },
    /// Groups whose check symbol does not fit: each of them was mistyped.
    #[error("there is a typing error in {0}; compare with the code as you received it")]
    Check(WrongGroups),
    /// All groups are right and some stand in another's place.
    #[error("{0}")]
    Order(GroupOrder),
}

/// Why a text is not the group that it should be. Groups and positions are counted from 1.
// spec: COD-007
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// No code has a group with this number.
    #[error("there is no group {group}: an access code has groups 1 to {GROUPS}")]
    NoSuchGroup {
        /// The number.
        group: usize,
    },
    /// It ends too early.
    #[error("group {group} has {symbols} of {GROUP_SYMBOLS} symbols; enter the rest")]
    TooFew {
        /// Which group.
        group: usize,
        /// How many symbols there are.
        symbols: usize,
    },
    /// It goes on after its last symbol.
    #[error("group {group} has {symbols} symbols and should have {GROUP_SYMBOLS}")]
    TooMany {
        /// Which group.
        group: usize,
        /// How many symbols there are.
        symbols: usize,
    },
    /// A character that occurs in no code.
    #[error(
        "group {group}, position {position}: {symbol:?} does not occur in access codes, which use \
         the digits and the letters A to Z without I, L, O and U"
    )]
    NoSuchSymbol {
        /// Which group.
        group: usize,
        /// The character.
        symbol: char,
        /// Its position in the group.
        position: usize,
    },
    /// The check symbol does not fit: the group was mistyped.
    #[error("there is a typing error in group {group}; compare with the code as you received it")]
    Check {
        /// Which group.
        group: usize,
    },
    /// The check symbol does not fit here and would fit as another group. One mistyped group in
    /// nine looks like this by chance.
    #[error(
        "this is not group {group}, though it may be group {place}; compare with the code as you \
         received it"
    )]
    Elsewhere {
        /// Which group it should be.
        group: usize,
        /// Which group it may be.
        place: usize,
    },
}

/// The groups whose check symbols do not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongGroups([bool; GROUPS]);

/// Where the groups of a code belong that was entered in the wrong order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupOrder([u8; GROUPS]);

impl FromStr for ProvisionalCode {
    type Err = ProvisionalCodeError;

    // spec: COD-003, COD-005
    fn from_str(text: &str) -> Result<Self, ProvisionalCodeError> {
        let mut groups = [Group::default(); GROUPS];
        let mut symbols = typed(text);
        let places = groups.iter_mut().flat_map(|group| &mut group.0);
        for (index, place) in places.enumerate() {
            *place = symbols
                .next()
                .ok_or_else(|| too_few(index))?
                .map_err(|symbol| ProvisionalCodeError::NoSuchSymbol {
                    symbol,
                    group: group_of(index),
                    position: position_of(index),
                })?;
        }
        let extra = symbols.count();
        if extra > 0 {
            let symbols = SYMBOLS.saturating_add(extra);
            return Err(ProvisionalCodeError::TooMany {
                symbols,
                group: group_of(symbols.saturating_sub(1)),
            });
        }
        check_all(&groups)?;
        Ok(Self::from_groups(groups))
    }
}

/// Judges one group as soon as it has been typed: `position` is the group's number, from 1 to 5.
///
/// # Errors
/// [`GroupError`] says what is wrong, for the person at the panel.
// spec: COD-005
pub fn check_group(position: usize, text: &str) -> Result<(), GroupError> {
    let group = position;
    let place = u8::try_from(position)
        .ok()
        .filter(|place| POSITIONS.contains(place))
        .ok_or(GroupError::NoSuchGroup { group })?;
    let mut read = Group::default();
    let mut symbols = typed(text);
    for (index, to) in read.0.iter_mut().enumerate() {
        let symbol = symbols.next().ok_or(GroupError::TooFew {
            group,
            symbols: index,
        })?;
        *to = symbol.map_err(|symbol| GroupError::NoSuchSymbol {
            group,
            symbol,
            position: position_of(index),
        })?;
    }
    let extra = symbols.count();
    if extra > 0 {
        let symbols = GROUP_SYMBOLS.saturating_add(extra);
        return Err(GroupError::TooMany { group, symbols });
    }
    match read.place() {
        Some(fitting) if fitting == place => Ok(()),
        Some(other) => Err(GroupError::Elsewhere {
            group,
            place: usize::from(other),
        }),
        None => Err(GroupError::Check { group }),
    }
}

fn too_few(symbols: usize) -> ProvisionalCodeError {
    match symbols.checked_sub(1) {
        None => ProvisionalCodeError::Empty,
        Some(last) => ProvisionalCodeError::TooFew {
            symbols,
            group: group_of(last),
        },
    }
}

/// The group in which the symbol with this index (counted from 0) stands.
fn group_of(index: usize) -> usize {
    (index / GROUP_SYMBOLS).saturating_add(1)
}

/// The position in its group of the symbol with this index (counted from 0).
fn position_of(index: usize) -> usize {
    (index % GROUP_SYMBOLS).saturating_add(1)
}

/// Finds the groups that do not fit, or that all five fit in another order.
fn check_all(groups: &[Group; GROUPS]) -> Result<(), ProvisionalCodeError> {
    let mut wrong = [false; GROUPS];
    let mut order = [0; GROUPS];
    let slots = wrong.iter_mut().zip(&mut order);
    for ((group, position), (wrong, belongs)) in groups.iter().zip(POSITIONS).zip(slots) {
        *wrong = !group.fits(position);
        *belongs = group.place().unwrap_or_default();
    }
    if !wrong.contains(&true) {
        return Ok(());
    }
    if POSITIONS.iter().all(|position| order.contains(position)) {
        return Err(ProvisionalCodeError::Order(GroupOrder(order)));
    }
    Err(ProvisionalCodeError::Check(WrongGroups(wrong)))
}

impl WrongGroups {
    /// Their numbers, counted from 1, in rising order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        let numbered = POSITIONS.into_iter().zip(self.0);
        numbered.filter_map(|(number, wrong)| wrong.then_some(usize::from(number)))
    }
}

impl GroupOrder {
    /// For each group as it was entered, first to last: which group of the code it is.
    #[must_use]
    pub fn belongs(&self) -> [usize; GROUPS] {
        self.0.map(usize::from)
    }

    /// The two groups that stand in each other's place, if nothing else is out of order.
    #[must_use]
    pub fn swapped(&self) -> Option<(usize, usize)> {
        let mut moved = POSITIONS
            .into_iter()
            .zip(self.0)
            .filter(|(position, belongs)| position != belongs)
            .map(|(position, _)| usize::from(position));
        match (moved.next(), moved.next(), moved.next()) {
            (Some(one), Some(other), None) => Some((one, other)),
            _ => None,
        }
    }
}

impl fmt::Display for WrongGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.iter().count() {
            1 => write!(f, "group {}", listed(self.iter())),
            _ => write!(f, "groups {}", listed(self.iter())),
        }
    }
}

impl fmt::Display for GroupOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((one, other)) = self.swapped() {
            return write!(f, "groups {one} and {other} are swapped; exchange them");
        }
        let right = POSITIONS.into_iter().filter_map(|place| {
            let mut entered = POSITIONS.into_iter().zip(self.0);
            let (entered, _) = entered.find(|(_, belongs)| *belongs == place)?;
            Some(usize::from(entered))
        });
        write!(
            f,
            "the groups are in the wrong order; the right one, by where they stand now, is {}",
            listed(right)
        )
    }
}

/// Numbers as a sentence has them: `1, 2 and 5`.
fn listed(numbers: impl Iterator<Item = usize>) -> String {
    let mut text = String::new();
    let mut numbers = numbers.peekable();
    while let Some(number) = numbers.next() {
        if !text.is_empty() {
            let last = numbers.peek().is_none();
            text.push_str(if last { " and " } else { ", " });
        }
        text.push_str(&number.to_string());
    }
    text
}
