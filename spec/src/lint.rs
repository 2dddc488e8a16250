//! What is not in order in the chapters: key words without an id, ids given twice, and their kin.
//!
//! The conformance kit's `trace --check` and this crate's own check both fail on any finding.

use std::collections::BTreeMap;
use std::fmt;

use crate::chapters::{CHAPTERS, Chapter};
use crate::requirement::{is_id, keywords, leading_id, paragraphs, read};

/// Something that is not in order in a chapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file that it stands in.
    pub chapter: String,
    /// The line on which its paragraph begins, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spec/{}:{}: {}", self.chapter, self.line, self.what)
    }
}

/// What is not in order in the specification that this crate was built with; empty if all is well.
#[must_use]
pub fn findings() -> Vec<Finding> {
    findings_in(CHAPTERS)
}

/// What is not in order in these chapters, with the families of ids that each may define.
pub(crate) fn findings_in(chapters: &[(Chapter<'_>, &[&str])]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut defined: BTreeMap<String, String> = BTreeMap::new();
    for (chapter, families) in chapters {
        words(*chapter, &mut found);
        definitions(*chapter, families, &mut defined, &mut found);
    }
    for (chapter, _) in chapters {
        references(*chapter, &defined, &mut found);
    }
    found
}

/// Key words outside requirements, in lower case, or of a kind that is not used here.
fn words(chapter: Chapter<'_>, found: &mut Vec<Finding>) {
    for (line, paragraph) in paragraphs(chapter.text) {
        let prose = without_code(&paragraph);
        if leading_id(&paragraph).is_none() {
            for keyword in keywords(&prose) {
                let what = format!("{} stands outside a requirement", keyword.word());
                found.push(finding(chapter, line, what));
            }
        }
        for word in prose.split(|c: char| !c.is_alphanumeric()) {
            let what = match word {
                "must" | "should" | "may" | "shall" => "is a key word in lower case",
                "SHALL" | "REQUIRED" | "RECOMMENDED" | "OPTIONAL" => "is not a key word here",
                _ => continue,
            };
            found.push(finding(chapter, line, format!("{word:?} {what}")));
        }
    }
}

/// Broken requirements, ids given twice, and ids of another chapter's family.
fn definitions(
    chapter: Chapter<'_>,
    families: &[&str],
    defined: &mut BTreeMap<String, String>,
    found: &mut Vec<Finding>,
) {
    let reading = read(chapter);
    let broken = reading.broken.into_iter();
    found.extend(broken.map(|(line, what)| finding(chapter, line, what)));
    for (line, paragraph) in paragraphs(chapter.text) {
        let Some((id, _)) = leading_id(&paragraph) else {
            continue;
        };
        let family = id.split('-').next().unwrap_or_default();
        if !families.contains(&family) {
            let what = format!("{id} belongs to another chapter; this one has {families:?}");
            found.push(finding(chapter, line, what));
        }
        let place = format!("spec/{}:{line}", chapter.file);
        if let Some(first) = defined.insert(id.to_owned(), place) {
            found.push(finding(
                chapter,
                line,
                format!("{id} is given twice; first in {first}"),
            ));
        }
    }
}

/// Ids that are cited and defined nowhere.
fn references(chapter: Chapter<'_>, defined: &BTreeMap<String, String>, found: &mut Vec<Finding>) {
    for (line, paragraph) in paragraphs(chapter.text) {
        let cited = paragraph.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        for id in cited.filter(|word| is_id(word) && !is_foreign(word)) {
            if !defined.contains_key(id) {
                found.push(finding(
                    chapter,
                    line,
                    format!("{id} is cited and stands nowhere"),
                ));
            }
        }
    }
}

/// Names of others that look like ids.
fn is_foreign(word: &str) -> bool {
    ["SHA-", "RFC-"]
        .iter()
        .any(|family| word.starts_with(family))
}

/// A paragraph without what stands in backquotes.
fn without_code(paragraph: &str) -> String {
    paragraph
        .split('`')
        .step_by(2)
        .collect::<Vec<_>>()
        .join(" ")
}

fn finding(chapter: Chapter<'_>, line: usize, what: String) -> Finding {
    let chapter = chapter.file.to_owned();
    Finding {
        chapter,
        line,
        what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(text: &str) -> String {
        let chapters: &[(Chapter<'_>, &[&str])] = &[(Chapter { file: "x.md", text }, &["ENR"])];
        let found = findings_in(chapters)
            .into_iter()
            .map(|finding| finding.to_string());
        found.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_chapters_are_in_order() {
        let found: Vec<String> = findings().iter().map(ToString::to_string).collect();
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn a_key_word_needs_an_id() {
        assert_eq!(
            says("It MUST be."),
            "spec/x.md:1: MUST stands outside a requirement"
        );
        assert_eq!(says("The word `MUST` is explained."), "");
    }

    #[test]
    fn a_key_word_in_lower_case_is_found_anywhere_but_in_code() {
        assert_eq!(
            says("a\n\nit may be"),
            "spec/x.md:3: \"may\" is a key word in lower case"
        );
        assert_eq!(says("`may`, and in May"), "");
    }

    #[test]
    fn an_id_is_given_once_and_in_its_own_chapter() {
        let one = "[ENR-001] (center) A center MUST x.";
        let twice = says(&format!("{one}\n\n{one}"));
        assert_eq!(
            twice,
            "spec/x.md:3: ENR-001 is given twice; first in spec/x.md:1"
        );
        assert!(says("[STA-001] (center) A center MUST x.").contains("belongs to another chapter"));
    }

    #[test]
    fn a_citation_leads_somewhere() {
        assert_eq!(
            says("see `ENR-002`"),
            "spec/x.md:1: ENR-002 is cited and stands nowhere"
        );
        assert_eq!(says("SHA-256"), "");
    }
}
