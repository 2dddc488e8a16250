//! `self-test --benign`: all cases stay green under oddities that the specification allows.

use crate::benign::{VARIANTS, try_out};
use crate::case::Catalogue;
use crate::verdict::Exit;

use super::CommandError;

/// Tries all variants and tells what became of them.
pub(super) async fn run(catalogue: &Catalogue, seed: u64) -> Result<Exit, CommandError> {
    let mut green = 0;
    for variant in VARIANTS {
        let outcome = try_out(variant, catalogue, seed).await;
        let outcome = outcome.map_err(CommandError::kit)?;
        let symbol = if outcome.holds() { "✓" } else { "✗" };
        println!(
            "  {symbol} {:<28} {:>3} cases green  {}",
            variant.name, outcome.passed, variant.says
        );
        for (case, verdict, reason) in &outcome.red {
            println!("      {case} is {verdict}: {reason}");
        }
        green += usize::from(outcome.holds());
    }
    println!(
        "\n  {green} of {} benign variants stay green\n",
        VARIANTS.len()
    );
    Ok(match green == VARIANTS.len() {
        true => Exit::Conformant,
        false => Exit::NotConformant,
    })
}
