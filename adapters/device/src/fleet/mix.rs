//! Which models a fleet is made of, and how many of each.

use std::str::FromStr;

use restante_core::id::Model;

/// Models with their shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mix(Vec<(Model, u32)>);

/// Why a text names no models.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MixError {
    /// A model's name cannot be one.
    #[error("{text:?} is no model: {why}")]
    Model {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// A share of nothing, or of too much.
    #[error("the share of {model} has to be a number from 1 to {SHARE_MAX}")]
    Share {
        /// Whose.
        model: Model,
    },
    /// The same model twice.
    #[error("{model} is named twice")]
    Twice {
        /// Which.
        model: Model,
    },
}

impl FromStr for Mix {
    type Err = MixError;

    /// Reads `M1001,M1002,M1003`, or with shares `M1001=3,M1002=1`.
    fn from_str(text: &str) -> Result<Self, MixError> {
        let mut mix: Vec<(Model, u32)> = Vec::new();
        for part in text.split(',') {
            let (name, share) = match part.rsplit_once('=') {
                Some((name, share)) => (name, Some(share)),
                None => (part, None),
            };
            let model = name.trim().parse::<Model>();
            let model = model.map_err(|why| MixError::Model {
                text: name.to_owned(),
                why: why.to_string(),
            })?;
            let share = match share {
                None => Some(1),
                Some(share) => share.trim().parse().ok(),
            };
            let share = share.filter(|share| (1..=SHARE_MAX).contains(share));
            if mix.iter().any(|(other, _)| *other == model) {
                return Err(MixError::Twice { model });
            }
            match share {
                Some(share) => mix.push((model, share)),
                None => return Err(MixError::Share { model }),
            }
        }
        Ok(Self(mix))
    }
}

impl Mix {
    /// The models of so many devices, dealt out so that any run of them has nearly the shares of
    /// the whole.
    #[must_use]
    pub fn deal(&self, count: usize) -> Vec<Model> {
        let whole: i64 = self.0.iter().map(|(_, share)| i64::from(*share)).sum();
        let mut owed = vec![0_i64; self.0.len()];
        let next = |_| {
            for (owed, (_, share)) in owed.iter_mut().zip(&self.0) {
                *owed += i64::from(*share);
            }
            // The first of those that are owed most.
            let most = owed.iter().copied().max()?;
            let place = owed.iter().position(|it| *it == most)?;
            *owed.get_mut(place)? -= whole;
            self.0.get(place).map(|(model, _)| model.clone())
        };
        (0..count).filter_map(next).collect()
    }
}

/// The largest share.
const SHARE_MAX: u32 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn dealt(mix: &str, count: usize) -> String {
        let mix: Mix = mix.parse().expect("a mix");
        let models = mix.deal(count);
        let names: Vec<&str> = models.iter().map(Model::as_str).collect();
        names.join(" ")
    }

    #[test]
    fn models_are_spread_evenly_or_by_their_shares() {
        assert_eq!(dealt("A,B,C", 7), "A B C A B C A");
        assert_eq!(dealt("A=2,B", 6), "A B A A B A");
        assert_eq!(dealt("only", 2), "only only");
    }

    #[test]
    fn what_is_no_mix_is_named() {
        let why = |text: &str| text.parse::<Mix>().expect_err("no mix").to_string();
        assert_eq!(
            why("A=0"),
            "the share of A has to be a number from 1 to 10000"
        );
        assert_eq!(
            why("A,B=x"),
            "the share of B has to be a number from 1 to 10000"
        );
        assert_eq!(why("A,A"), "A is named twice");
        assert!(why("A,").starts_with("\"\" is no model: "), "{}", why("A,"));
    }
}
