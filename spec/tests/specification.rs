//! The specification is in order: nothing generated has drifted, and every example is what its
//! schema and its parser say.

use std::collections::BTreeSet;
use std::path::Path;

use restante_spec::{Drift, Tree, messages, requirements};

#[test]
fn nothing_generated_has_drifted() {
    let tree = Tree::of(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("the folder reads");
    let drift: Vec<String> = tree
        .drift()
        .expect("reads")
        .iter()
        .map(Drift::to_string)
        .collect();
    assert!(
        drift.is_empty(),
        "{drift:#?}\nrenew with: cargo run -p restante-spec -- generate"
    );
    assert_eq!(tree.findings(), []);
}

#[test]
fn a_changed_a_missing_and_a_forgotten_file_are_each_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(here).expect("reads") {
        let path = entry.expect("reads").path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let name = path.file_name().expect("a file has a name");
            std::fs::copy(&path, folder.path().join(name)).expect("copies");
        }
    }
    let tree = Tree::of(folder.path()).expect("the folder reads");
    let renewed = tree.renew().expect("writes");
    assert!(renewed.contains(&Drift::Missing("schemas/enrol.json".to_owned())));
    assert_eq!(tree.drift().expect("reads"), []);

    std::fs::write(folder.path().join("schemas/enrol.json"), "{}").expect("writes");
    std::fs::write(folder.path().join("examples/gone.json"), "{}").expect("writes");
    std::fs::remove_file(folder.path().join("requirements.json")).expect("removes");
    let expected = [
        Drift::Missing("requirements.json".to_owned()),
        Drift::Differs("schemas/enrol.json".to_owned()),
        Drift::Leftover("examples/gone.json".to_owned()),
    ];
    assert_eq!(tree.drift().expect("reads"), expected);
    tree.renew().expect("writes");
    assert_eq!(tree.drift().expect("reads"), []);
}

#[test]
fn every_example_satisfies_its_schema_and_reads_back() {
    for message in messages() {
        let schema = jsonschema::validator_for(&message.schema).expect("a schema");
        assert!(
            !message.examples.is_empty(),
            "{} has an example",
            message.name
        );
        for example in &message.examples {
            let value = serde_json::from_str(&example.text).expect("JSON");
            let errors: Vec<String> = schema.iter_errors(&value).map(|e| e.to_string()).collect();
            assert!(errors.is_empty(), "{}: {errors:?}", example.name);
            let read = message.read_back(example.text.as_bytes()).expect("parses");
            assert_eq!(read, example.text, "{}", example.name);
        }
    }
}

#[test]
fn schemas_refuse_what_parsers_refuse() {
    let cases = [
        ("enrol", r#"{"request":"req-0","devices":[]}"#),
        ("enrol", r#"{"devices":[]}"#),
        ("report-status", r#"{"reports":[]}"#),
        ("remove-devices", r#"{"devices":[]}"#),
        ("poll", r#"{"maxMessage":2047}"#),
        ("issue-code", r#"{"user":""}"#),
    ];
    for (name, text) in cases {
        let all = messages();
        let message = all
            .iter()
            .find(|message| message.name == name)
            .expect("known");
        let schema = jsonschema::validator_for(&message.schema).expect("a schema");
        let value = serde_json::from_str(text).expect("JSON");
        assert!(
            !schema.is_valid(&value),
            "the schema takes {text} as {name}"
        );
    }
}

#[test]
fn names_of_messages_and_examples_are_given_once() {
    let all = messages();
    let names: BTreeSet<_> = all.iter().map(|message| message.name).collect();
    assert_eq!(names.len(), all.len());
    let examples: Vec<_> = all.iter().flat_map(|message| &message.examples).collect();
    let names: BTreeSet<_> = examples.iter().map(|example| &example.name).collect();
    assert_eq!(names.len(), examples.len());
}

#[test]
fn the_requirements_travel_with_the_crate() {
    let all = requirements();
    assert!(
        all.iter()
            .any(|one| one.id == "ENR-009" && one.is_testable())
    );
    assert!(
        all.iter()
            .all(|one| one.line > 0 && !one.text.contains("(untestable"))
    );
}
