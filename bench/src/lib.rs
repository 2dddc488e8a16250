//! Restante's figures: ratios against baselines measured in the same run.
