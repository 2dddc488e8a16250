//! How a value is written in a command that people copy into a shell.

/// The value, in quotation marks where a shell would read it otherwise.
pub(crate) fn quoted(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_split_or_expand_is_quoted() {
        assert_eq!(
            quoted("https://center.example:8443"),
            "https://center.example:8443"
        );
        assert_eq!(quoted("Anna Weber"), "'Anna Weber'");
        assert_eq!(quoted("O'Neil $1"), "'O'\\''Neil $1'");
        assert_eq!(quoted(""), "''");
    }
}
