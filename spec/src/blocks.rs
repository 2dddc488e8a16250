//! The blocks of the chapters that are generated: between `<!-- generated: what -->` and
//! `<!-- end -->`.
//!
//! A reader meets an example where it is explained and the registry where its rules stand, and both
//! are what the code does.

use restante_core::wire::RefusalCode;
use restante_core::wire::refusal::Retry;
use restante_crypto::RingCrypto;

use crate::examples::{formal_code, provisional_code};
use crate::messages::Message;
use crate::requirement::hex;

/// Writes every generated block of a chapter anew.
///
/// # Errors
/// A block that is not closed, or that names what is not known.
pub(crate) fn renew(text: &str, messages: &[Message]) -> Result<String, String> {
    let mut renewed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, opened)) = rest.split_once(OPEN) {
        let (what, inside) = opened
            .split_once(" -->\n")
            .ok_or("a generated block opens with a line of its own")?;
        let (_, after) = inside
            .split_once(CLOSE)
            .ok_or_else(|| format!("the block {what:?} is not closed by {CLOSE}"))?;
        let content = content(what, messages)?;
        renewed.extend([before, OPEN, what, " -->\n", &content, CLOSE]);
        rest = after;
    }
    renewed.push_str(rest);
    Ok(renewed)
}

fn content(what: &str, messages: &[Message]) -> Result<String, String> {
    match what.split_once(' ') {
        None if what == "refusals" => Ok(refusals()),
        None if what == "codes" => Ok(codes()),
        Some(("example", name)) => {
            let mut examples = messages.iter().flat_map(|message| &message.examples);
            let example = examples.find(|example| example.name == name);
            let example = example.ok_or_else(|| format!("there is no example {name:?}"))?;
            Ok(format!("```json\n{}```\n", example.text))
        }
        _ => Err(format!("nothing generates a block {what:?}")),
    }
}

/// The registry of refusals as a table.
fn refusals() -> String {
    let head =
        "| word | HTTP | temporary | means | what a person can do |\n|---|---|---|---|---|\n";
    let row = |code: &RefusalCode| {
        let temporary = match code.retry() {
            Retry::Later => "yes",
            _ => "",
        };
        let (word, status) = (code.word(), code.http_status());
        let (title, remedy) = (code.title(), code.remedy());
        format!("| `{word}` | {status} | {temporary} | {title} | {remedy} |\n")
    };
    head.to_owned() + &RefusalCode::ALL.iter().map(row).collect::<String>()
}

/// A provisional code with what is derived from it, and a formal code with its parts.
fn codes() -> String {
    let provisional = provisional_code();
    let enrol_id = provisional.enrol_id(&RingCrypto);
    let formal = formal_code(1);
    let lines = [
        ("provisional code", provisional.to_text()),
        ("enrol id", hex(enrol_id.as_bytes())),
        ("enrol key", hex(&provisional.enrol_key(&RingCrypto))),
        ("formal code", formal.to_text()),
        ("registration id", hex(formal.registration().as_bytes())),
        ("", formal.registration().to_string()),
        ("epoch", formal.epoch().get().to_string()),
        ("secret", hex(formal.secret())),
    ];
    let rows = lines
        .iter()
        .map(|(name, value)| format!("{name:<17} {value}\n"));
    format!("```\n{}```\n", rows.collect::<String>())
}

const OPEN: &str = "<!-- generated: ";
const CLOSE: &str = "<!-- end -->";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_renewed_and_the_rest_is_left_alone() {
        let text = "a\n<!-- generated: refusals -->\nobsolete\n<!-- end -->\nb\n";
        let renewed = renew(text, &[]).expect("well formed");
        assert!(renewed.starts_with("a\n<!-- generated: refusals -->\n| word |"));
        assert!(renewed.ends_with("|\n<!-- end -->\nb\n"));
        assert!(!renewed.contains("obsolete"));
        assert_eq!(renew(&renewed, &[]), Ok(renewed));
    }

    #[test]
    fn a_block_that_nobody_generates_is_named() {
        let text = "<!-- generated: nothing -->\n<!-- end -->";
        assert_eq!(
            renew(text, &[]),
            Err("nothing generates a block \"nothing\"".to_owned())
        );
        assert!(renew("<!-- generated: refusals -->\n", &[]).is_err());
    }
}
