//! The chapters as they were when this crate was built, so that the kit carries them along.

/// A chapter: its file's name and its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chapter<'a> {
    /// The file's name, such as `03-enrolment.md`.
    pub(crate) file: &'a str,
    /// What stands in it.
    pub(crate) text: &'a str,
}

/// The normative chapters in reading order, and the families of ids that each may define.
pub(crate) const CHAPTERS: &[(Chapter<'static>, &[&str])] = &[
    (
        chapter("00-conventions.md", include_str!("../00-conventions.md")),
        &["MSG"],
    ),
    (
        chapter("01-model.md", include_str!("../01-model.md")),
        &["MOD"],
    ),
    (
        chapter("02-access-codes.md", include_str!("../02-access-codes.md")),
        &["COD"],
    ),
    (
        chapter("03-enrolment.md", include_str!("../03-enrolment.md")),
        &["ENR"],
    ),
    (
        chapter(
            "04-running-status.md",
            include_str!("../04-running-status.md"),
        ),
        &["STA"],
    ),
    (
        chapter("05-mailboxes.md", include_str!("../05-mailboxes.md")),
        &["MBX"],
    ),
    (
        chapter("06-errors.md", include_str!("../06-errors.md")),
        &["ERR"],
    ),
    (
        chapter("07-http.md", include_str!("../07-http.md")),
        &["HTTP"],
    ),
    (
        chapter("08-site.md", include_str!("../08-site.md")),
        &["SITE"],
    ),
    (
        chapter("09-gateway.md", include_str!("../09-gateway.md")),
        &["GWY"],
    ),
    (
        chapter("10-services.md", include_str!("../10-services.md")),
        &["SVC"],
    ),
    (
        chapter(
            "11-poll-requests.md",
            include_str!("../11-poll-requests.md"),
        ),
        &["POL"],
    ),
    (
        chapter("12-provider.md", include_str!("../12-provider.md")),
        &["PRV"],
    ),
    (
        chapter("13-mail.md", include_str!("../13-mail.md")),
        &["MAIL"],
    ),
    (
        chapter("14-sealed.md", include_str!("../14-sealed.md")),
        &["SEA"],
    ),
    (
        chapter("security.md", include_str!("../security.md")),
        &["SEC"],
    ),
];

const fn chapter(file: &'static str, text: &'static str) -> Chapter<'static> {
    Chapter { file, text }
}
