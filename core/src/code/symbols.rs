//! The symbols of the provisional access code and the arithmetic of its check symbols.
//!
//! The alphabet is Crockford's base 32: digits and capital letters without I, L, O and U. Each
//! group of five ends with Crockford's own check symbol, taken over the group *and its place in the
//! code*, so that one group can be judged by itself and a group in another's place is noticed. Of
//! the 37 check symbols the five beyond the alphabet (`*~$=U`) never occur: such a group is drawn
//! again.

use crate::id::CROCKFORD;

/// How many groups a code has.
pub(super) const GROUPS: usize = 5;
/// How many symbols a group has, its check symbol included.
pub(super) const GROUP_SYMBOLS: usize = 5;
/// How many symbols a code has.
pub(super) const SYMBOLS: usize = GROUPS * GROUP_SYMBOLS;

/// One group: the values (below 32) of four symbols and of the check symbol.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Group(pub(super) [u8; GROUP_SYMBOLS]);

impl Group {
    /// The group at `position` (counted from 1) whose four symbols write the number `value`, or
    /// `None` if its check symbol would be none of the alphabet.
    pub(super) fn for_value(position: u8, value: u32) -> Option<Self> {
        let check = check_value(position, value);
        let digit = |shift: u32| u8::try_from((value >> shift) & 31).unwrap_or_default();
        (check < 32).then(|| Self([digit(15), digit(10), digit(5), digit(0), check]))
    }

    /// Whether the check symbol fits the symbols before it at `position` (counted from 1).
    pub(super) fn fits(&self, position: u8) -> bool {
        let [a, b, c, d, check] = self.0.map(u32::from);
        check == u32::from(check_value(position, (a << 15) | (b << 10) | (c << 5) | d))
    }

    /// The only place of a code at which this group fits, if there is one.
    pub(super) fn place(&self) -> Option<u8> {
        POSITIONS.into_iter().find(|position| self.fits(*position))
    }

    /// The five symbols as they are printed.
    pub(super) fn symbols(&self) -> [u8; GROUP_SYMBOLS] {
        self.0.map(symbol)
    }
}

/// The places of a code, as people count them.
pub(super) const POSITIONS: [u8; GROUPS] = [1, 2, 3, 4, 5];

/// The check symbol's value: `(32⁴ · position + value) mod 37`.
///
/// This is Crockford's check of the number whose five base-32 digits are the position and the four
/// symbols. 37 is a prime above 32 and divides neither 32ⁿ, nor 32ⁿ − 1 or 32ⁿ + 1 for 1 ≤ n ≤ 3.
/// Therefore every wrong symbol, every exchange of two symbols of a group (its check symbol
/// included), and every group in another's place is noticed.
/// What it cannot notice: of two wrong symbols in one group, one pair in 36 cancels out (measured);
/// and letters that read as the same symbol (I and L as 1, O as 0) are no errors at all.
// spec: COD-004
fn check_value(position: u8, value: u32) -> u8 {
    let numbered = (u32::from(position) << 20) | (value & VALUE_MASK);
    u8::try_from(numbered % 37).unwrap_or_default()
}

/// Four symbols of five bits.
const VALUE_MASK: u32 = (1 << 20) - 1;

/// The capital symbol for a value below 32.
fn symbol(value: u8) -> u8 {
    CROCKFORD
        .get(usize::from(value))
        .map_or(b'0', u8::to_ascii_uppercase)
}

/// What a person typed, symbol by symbol: the value, or the character that is no symbol.
///
/// White space and hyphens are passed over, as are the dashes that mail programs and word
/// processors put in a hyphen's place; I and L read as 1, O as 0; case does not matter.
// spec: COD-003
pub(super) fn typed(text: &str) -> impl Iterator<Item = Result<u8, char>> {
    text.chars()
        .filter(|character| !is_separator(*character))
        .map(|character| value_of(character).ok_or(character))
}

fn value_of(character: char) -> Option<u8> {
    let plain = match character.to_ascii_lowercase() {
        'i' | 'l' => '1',
        'o' => '0',
        other => other,
    };
    let at = CROCKFORD
        .iter()
        .position(|symbol| char::from(*symbol) == plain)?;
    u8::try_from(at).ok()
}

fn is_separator(character: char) -> bool {
    matches!(
        character,
        ' ' | '-' | '\t'..='\r' | '\u{A0}' | '\u{2010}'..='\u{2015}' | '\u{2212}'
    )
}
