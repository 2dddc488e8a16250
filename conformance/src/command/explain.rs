//! `explain`: a case, a requirement or a refusal, in words.

use restante_core::wire::RefusalCode;

use crate::case::{Case, CaseId, Catalogue};
use crate::trace::Demands;
use crate::verdict::Exit;

use super::CommandError;

pub(super) fn run(what: &str) -> Result<Exit, CommandError> {
    let catalogue = Catalogue::embedded()?;
    let demands = Demands::of_this_specification();
    if let Some(case) = what
        .parse::<CaseId>()
        .ok()
        .and_then(|id| catalogue.get(&id).cloned())
    {
        explain_case(&case, &demands);
    } else if let Some(demand) = demands.get(what) {
        println!(
            "{} ({}, {})\n\n  {}\n",
            demand.id,
            demand.role.word(),
            demand.chapter,
            demand.text
        );
        if let Some(why) = &demand.untestable {
            println!("  untestable: {why}");
        }
        let cites = |case: &&Case| case.requirements.iter().any(|cited| cited.id == what);
        for case in catalogue.iter().filter(cites) {
            println!("  {}\n      {}", case.id, case.title);
        }
    } else if let Some(code) = RefusalCode::ALL.iter().find(|code| code.word() == what) {
        println!(
            "{} (HTTP {})\n\n  {}\n  {}",
            code.word(),
            code.http_status(),
            code.title(),
            code.remedy()
        );
    } else {
        return Err(CommandError::usage(format!(
            "{what:?} is no case, requirement or refusal; see `restante-conformance list`"
        )));
    }
    Ok(Exit::Conformant)
}

fn explain_case(case: &Case, demands: &Demands) {
    println!("{}\n\n  {}\n  {}\n", case.id, case.title, case.why);
    for cited in &case.requirements {
        if let Some(demand) = demands.get(&cited.id) {
            println!("  {} {}", demand.id, demand.text);
        }
    }
    if let Some(twin) = &case.twin {
        println!("\n  its positive twin: {twin}");
    }
    if let Some(fault) = &case.killed_by {
        println!("  the fault that makes it fail: {fault}");
    }
    println!("\n  steps:");
    for step in &case.steps {
        println!("    {}", serde_json::to_string(step).unwrap_or_default());
    }
}
