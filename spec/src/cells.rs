//! The cells of the table of chapter 5: what happens to an instruction in which state.
//!
//! They are read out of the chapter itself, so that a row or a column that is added there is asked
//! for by the conformance kit, which wants a case for each. Serves spec section 5.2.

use crate::chapters::CHAPTERS;

/// Each cell as `state × what happens`, such as `taken × called off`, in the order of the table.
/// The row of what is final stands for each of the final states; a cell with a dash, in which
/// nothing can happen, is left out.
#[must_use]
pub fn instruction_cells() -> Vec<String> {
    let chapter = CHAPTERS.iter().map(|(chapter, _)| chapter);
    let text = chapter
        .filter(|chapter| chapter.file == "05-mailboxes.md")
        .map(|chapter| chapter.text);
    let mut rows = text
        .flat_map(str::lines)
        .skip_while(|line| !line.starts_with("| state | a poll shows it |"))
        .take_while(|line| line.starts_with('|'))
        .map(fields);
    let heads = rows.next().unwrap_or_default();
    rows.skip(1)
        .flat_map(|row| cells_of(&heads, &row))
        .collect()
}

/// The fields of a line of the table, without marks.
fn fields(line: &str) -> Vec<String> {
    let plain = |field: &str| field.replace(['`', '*'], "").trim().to_owned();
    line.trim_matches('|').split('|').map(plain).collect()
}

fn cells_of(heads: &[String], row: &[String]) -> Vec<String> {
    let Some((state, row)) = row.split_first() else {
        return Vec::new();
    };
    let states: &[&str] = if state == "final" { FINAL } else { &[state] };
    let columns = heads.iter().skip(1).zip(row);
    let happens: Vec<&String> = columns
        .filter(|(_, field)| *field != "–")
        .map(|(head, _)| head)
        .collect();
    let of_state = |state: &&str| {
        let cell = |head: &&String| format!("{state} × {head}");
        happens.iter().map(cell).collect::<Vec<String>>()
    };
    states.iter().flat_map(of_state).collect()
}

/// The states that the chapter calls final.
const FINAL: &[&str] = &[
    "done",
    "failed",
    "rejected",
    "cancelled",
    "expired",
    "set-aside",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_chapter_has_its_cells() {
        let cells = instruction_cells();
        assert_eq!(cells.len(), 2 * 5 + 3 * 6 + 6 * 5);
        for cell in [
            "waiting, not due × called off",
            "proceeding × the delivery is over",
            "set-aside × a final word for n",
        ] {
            assert!(cells.iter().any(|it| it == cell), "{cell}");
        }
        assert!(!cells.contains(&"waiting × the delivery is over".to_owned()));
    }
}
