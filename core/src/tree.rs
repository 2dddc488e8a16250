//! The tree by which poll requests spread: who calls whom, and when each device arrives.
//!
//! Devices are numbered from 0 in the order of their plan. The first ones are the roots, whom
//! people call; each layer stands behind the one before, and the devices of a layer share those of
//! the next one evenly, in order. Each device has its time to arrive at the center, so that whoever
//! calls it waits for the difference between its own time and that one. The times leave room for
//! what a line delays, and for finding out that a device is silent. Pure arithmetic, for the center
//! and for whoever simulates it. Serves spec chapter POL.

use alloc::vec::Vec;
use core::ops::Range;

use crate::limits::{ARRIVALS_SPREAD, CALL_LAYERS, CALLS_PER_DEVICE, LAYER_GAP};
use crate::time::Seconds;

/// Who calls whom among so many devices.
///
/// ```text
/// widths 3, 4       0                     layer 0: the root
///             ┌─────┼─────┐
///             1     2     3               layer 1
///          ┌─┬┴┬─┐ ┌┼┐   ┌┼┐
///          4 5 6 7 8 9 … … … 13           layer 2: ten devices, shared evenly
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The numbers of each layer's devices.
    layers: Vec<Range<u32>>,
}

/// Why there is no such tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// There is no root, or no device.
    #[error("a tree has at least one root")]
    NoRoot,
    /// A width is 0, or more than a device calls.
    #[error("a width is {width}; it is 1 at least and {CALLS_PER_DEVICE} at most")]
    Width {
        /// The first that is wrong.
        width: u8,
    },
    /// So many layers are not enough for these devices.
    #[error(
        "{CALL_LAYERS} layers of these widths reach {reach} devices and not {devices}; name more \
         roots or greater widths"
    )]
    TooMany {
        /// How many devices the tree would reach.
        reach: u32,
        /// How many there are.
        devices: u32,
    },
}

impl Tree {
    /// The tree of so many devices with so many roots, in which a device of layer *k* calls at most
    /// `widths[k]`. The last width holds for all further layers; 8 where none is named.
    ///
    /// # Errors
    /// [`TreeError`] says which bound is broken.
    // spec: POL-007, POL-008
    pub fn new(devices: u32, roots: u32, widths: &[u8]) -> Result<Self, TreeError> {
        if roots == 0 || devices == 0 {
            return Err(TreeError::NoRoot);
        }
        let most = u8::try_from(CALLS_PER_DEVICE).unwrap_or(u8::MAX);
        if let Some(width) = widths.iter().copied().find(|it| !(1..=most).contains(it)) {
            return Err(TreeError::Width { width });
        }
        let mut layer = 0..roots.min(devices);
        let mut layers = alloc::vec![layer.clone()];
        let mut width = most;
        for below in 0..CALL_LAYERS {
            width = widths.get(below).copied().unwrap_or(width);
            let rest = devices.saturating_sub(layer.end);
            let size = layer_size(&layer)
                .saturating_mul(u32::from(width))
                .min(rest);
            if size == 0 {
                break;
            }
            layer = layer.end..layer.end.saturating_add(size);
            layers.push(layer.clone());
        }
        match layer.end < devices {
            true => Err(TreeError::TooMany {
                reach: layer.end,
                devices,
            }),
            false => Ok(Self { layers }),
        }
    }

    /// How many devices there are.
    #[must_use]
    pub fn devices(&self) -> u32 {
        self.layers.last().map_or(0, |layer| layer.end)
    }

    /// How many layers there are below the roots.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.layers.len().saturating_sub(1)
    }

    /// In which layer a device is; that of the roots is 0.
    #[must_use]
    pub fn layer(&self, device: u32) -> Option<usize> {
        self.layers.iter().position(|layer| layer.contains(&device))
    }

    /// Whom a device calls, in order.
    // spec: POL-007
    #[must_use]
    pub fn below(&self, device: u32) -> Range<u32> {
        let found = self.layer(device);
        let pair = found.and_then(|at| self.layers.get(at..at.checked_add(2)?));
        let Some([layer, next]) = pair else {
            return 0..0;
        };
        let place = device.saturating_sub(layer.start);
        let (each, more) = shares(layer, next);
        let before = place.saturating_mul(each).saturating_add(place.min(more));
        let first = next.start.saturating_add(before);
        let count = each.saturating_add(u32::from(place < more));
        first..first.saturating_add(count)
    }

    /// Whom these devices call, which stand side by side in one layer.
    #[must_use]
    pub fn below_all(&self, devices: &Range<u32>) -> Range<u32> {
        let last = devices.end.saturating_sub(1);
        self.below(devices.start).start..self.below(last).end
    }

    /// Who calls a device; nobody where it is a root.
    #[must_use]
    pub fn above(&self, device: u32) -> Option<u32> {
        let at = self.layer(device)?.checked_sub(1)?;
        let [layer, next] = self.layers.get(at..at.checked_add(2)?)? else {
            return None;
        };
        let place = device.saturating_sub(next.start);
        let (each, more) = shares(layer, next);
        let longer = each.saturating_add(1);
        let in_longer = more.saturating_mul(longer);
        let caller = match place.checked_sub(in_longer) {
            None => place.checked_div(longer)?,
            Some(rest) => more.saturating_add(rest.checked_div(each)?),
        };
        Some(layer.start.saturating_add(caller))
    }

    /// When a device arrives at the center, counted from the arrival of the first, where at most so
    /// many may arrive in a minute. Nobody arrives whom the tree does not have.
    ///
    /// What a minute may see is spread over a little more than a minute, so that a device may come
    /// late by the difference. Those below devices that are called stand back until it is known
    /// which of these are silent; a root is called by a person, who sees whether it answers.
    // spec: POL-013
    #[must_use]
    pub fn arrival(&self, device: u32, per_minute: u32) -> Seconds {
        let mut begins = Seconds::ZERO;
        let mut gap = Seconds::ZERO;
        for layer in &self.layers {
            if layer.contains(&device) {
                let place = device.saturating_sub(layer.start);
                return begins.plus(spread(place, per_minute));
            }
            let lasts = spread(layer_size(layer), per_minute);
            begins = begins.plus(lasts.max(gap));
            gap = LAYER_GAP;
        }
        Seconds::ZERO
    }

    /// How long a device waits before it calls another one that stands below it.
    // spec: POL-013
    #[must_use]
    pub fn wait(&self, caller: u32, called: u32, per_minute: u32) -> Seconds {
        let from = self.arrival(caller, per_minute).get();
        let to = self.arrival(called, per_minute).get();
        Seconds::new(to.saturating_sub(from))
    }

    /// When the last device arrives.
    #[must_use]
    pub fn lasts(&self, per_minute: u32) -> Seconds {
        self.arrival(self.devices().saturating_sub(1), per_minute)
    }
}

fn layer_size(layer: &Range<u32>) -> u32 {
    layer.end.saturating_sub(layer.start)
}

/// How many of the next layer each device of a layer calls, and how many of the first ones call one
/// more.
fn shares(layer: &Range<u32>, next: &Range<u32>) -> (u32, u32) {
    let (callers, called) = (layer_size(layer), layer_size(next));
    let each = called.checked_div(callers).unwrap_or_default();
    (each, called.checked_rem(callers).unwrap_or_default())
}

/// How long so many devices take to arrive.
fn spread(devices: u32, per_minute: u32) -> Seconds {
    let millis = u64::from(devices).saturating_mul(ARRIVALS_SPREAD.as_millis());
    Seconds::covering(millis.div_ceil(u64::from(per_minute.max(1))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::PEER_WAIT;
    use std::collections::BTreeMap;

    #[test]
    fn fourteen_devices_spread_as_three_and_four() {
        let tree = Tree::new(14, 1, &[3, 4]).expect("a tree");
        assert_eq!(tree.below(0), 1..4);
        assert_eq!([1, 2, 3].map(|it| tree.below(it)), [4..8, 8..11, 11..14]);
        assert!((4..14).all(|leaf| tree.below(leaf).is_empty()));
        let two = Tree::new(14, 2, &[3]).expect("a tree");
        assert_eq!([0, 1].map(|it| two.below(it)), [2..5, 5..8]);
        assert_eq!(two.above(1), None);
    }

    #[test]
    fn a_full_tree_follows_the_formula() {
        let tree = Tree::new(1 + 8 + 64, 1, &[]).expect("a tree");
        for device in 0..9 {
            assert_eq!(tree.below(device), device * 8 + 1..device * 8 + 9);
        }
    }

    #[test]
    fn five_layers_of_eight_reach_so_many_and_no_more() {
        assert_eq!(Tree::new(37_449, 1, &[]).expect("a tree").depth(), 5);
        let (reach, devices) = (37_449, 37_450);
        let more = Tree::new(devices, 1, &[]);
        assert_eq!(more, Err(TreeError::TooMany { reach, devices }));
        assert!(Tree::new(devices, 2, &[]).is_ok());
        assert_eq!(Tree::new(10_000, 1, &[]).expect("a tree").depth(), 5);
        assert_eq!(Tree::new(6, 1, &[1]).expect("a chain").depth(), 5);
        assert!(Tree::new(7, 1, &[1]).is_err());
    }

    #[test]
    fn what_is_no_tree_is_said() {
        assert_eq!(Tree::new(0, 1, &[]), Err(TreeError::NoRoot));
        assert_eq!(Tree::new(1, 0, &[]), Err(TreeError::NoRoot));
        for width in [0, 9] {
            assert_eq!(
                Tree::new(1, 1, &[3, width]),
                Err(TreeError::Width { width })
            );
        }
    }

    /// A few thousand trees of all forms: what has to hold of each.
    #[test]
    fn every_device_is_called_once_by_whom_it_says_and_nobody_calls_too_many() {
        let widths: [&[u8]; 5] = [&[], &[1, 8], &[3, 4], &[2], &[8, 1, 8]];
        for widths in widths {
            for roots in 1..5 {
                for devices in (1..120).chain([500, 999, 4_681]) {
                    if let Ok(tree) = Tree::new(devices, roots, widths) {
                        holds(&tree, devices, roots.min(devices), widths);
                    }
                }
            }
        }
    }

    fn holds(tree: &Tree, devices: u32, roots: u32, widths: &[u8]) {
        assert_eq!(tree.devices(), devices);
        assert!(tree.depth() <= CALL_LAYERS);
        let mut callers = BTreeMap::new();
        for caller in 0..devices {
            let below = tree.below(caller);
            let layer = tree.layer(caller).expect("in the tree");
            let width = widths.get(layer).or(widths.last()).copied().unwrap_or(8);
            assert!(below.len() <= usize::from(width), "{tree:?}, {caller}");
            for called in below {
                assert!(caller < called);
                assert_eq!(callers.insert(called, caller), None, "{called} twice");
            }
        }
        for device in 0..devices {
            assert_eq!(tree.above(device), callers.get(&device).copied());
            assert_eq!(device < roots, !callers.contains_key(&device));
        }
    }

    #[test]
    fn the_waits_on_the_way_to_a_device_add_up_to_its_arrival() {
        let tree = Tree::new(4_681, 1, &[]).expect("a tree");
        for per_minute in [1, 7, 60, 1_200] {
            for device in [1, 9, 73, 585, 4_680] {
                let (mut at, mut waited) = (device, 0);
                while let Some(above) = tree.above(at) {
                    waited += tree.wait(above, at, per_minute).get();
                    at = above;
                }
                assert_eq!(waited, tree.arrival(device, per_minute).get());
            }
        }
    }

    #[test]
    fn a_layer_begins_when_the_one_before_is_through_and_its_silent_ones_are_known() {
        let tree = Tree::new(14, 1, &[3, 4]).expect("a tree");
        let times = |per_minute| -> Vec<u32> {
            let all = (0..14).map(|it| tree.arrival(it, per_minute).get());
            all.collect()
        };
        let slow = [0, 11, 22, 33, 44, 55, 66, 77, 88, 99, 110, 121, 132, 143];
        assert_eq!(times(6), slow);
        let quick = [0, 1, 2, 3, 16, 17, 18, 18, 19, 19, 20, 20, 21, 21];
        assert_eq!(times(120), quick);
        assert_eq!(tree.lasts(120).get(), 21);
        assert_eq!(tree.arrival(14, 120), Seconds::ZERO, "there is none");
    }

    #[test]
    fn whoever_is_below_one_that_is_called_comes_once_its_silence_is_known() {
        for widths in [&[][..], &[1, 8], &[3, 4], &[2, 1, 8]] {
            let Ok(tree) = Tree::new(77, 3, widths) else {
                continue;
            };
            for per_minute in [1, 60, 1_200] {
                for device in 3..77 {
                    for below in tree.below(device) {
                        assert!(tree.wait(device, below, per_minute) >= LAYER_GAP);
                    }
                }
            }
        }
        assert!(LAYER_GAP > PEER_WAIT);
    }

    /// Each device may come late, by as much as the times leave room for, and no other may suffer.
    #[test]
    fn no_minute_sees_more_arrivals_than_the_rate_although_some_are_late() {
        let late = |device: u32| device.wrapping_mul(2_654_435_761) % LATE;
        for per_minute in [1, 7, 59, 60, 61, 1_200] {
            for (roots, widths) in [(1, &[][..]), (7, &[2, 8]), (5_000, &[])] {
                let tree = Tree::new(5_000, roots, widths).expect("a tree");
                let planned = |it| tree.arrival(it, per_minute).get() * 1_000;
                assert!((0..5_000).map(planned).is_sorted());
                let mut times: Vec<u32> = (0..5_000).map(|it| planned(it) + late(it)).collect();
                times.sort_unstable();
                for (first, at) in times.iter().enumerate() {
                    let within = times.get(first + per_minute as usize);
                    let above = within.is_some_and(|it| *it < at + 60_000);
                    assert!(!above, "{per_minute}, {first}");
                }
            }
        }
    }

    /// Milliseconds by which nobody may be late.
    const LATE: u32 = 6_000;
}
