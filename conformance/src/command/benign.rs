//! `self-test --benign`: all cases stay green under oddities that the specification allows.

use crate::benign::{all, try_out};
use crate::case::Catalogue;
use crate::verdict::Exit;

use super::CommandError;

/// Tries all variants and tells what became of them.
pub(super) async fn run(catalogue: &Catalogue, seed: u64) -> Result<Exit, CommandError> {
    let (mut green, count) = (0, all().count());
    for variant in all() {
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
    println!("\n  {green} of {count} benign variants stay green\n");
    Ok(match green == count {
        true => Exit::Conformant,
        false => Exit::NotConformant,
    })
}
