//! `spec/openapi.json` is what the types and the route table say, no more and no less.

use std::collections::BTreeSet;
use std::path::PathBuf;

use restante_core::wire::RefusalCode;
use restante_http::openapi;
use restante_http::route::ROUTES;
use serde_json::Value;

fn golden() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../spec/openapi.json")
}

#[test]
fn the_document_in_the_specification_is_the_one_that_the_code_makes() {
    let made = serde_json::to_string_pretty(&openapi()).expect("JSON") + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(golden(), &made).expect("spec/openapi.json to be writable");
    }
    let kept = std::fs::read_to_string(golden()).unwrap_or_default();
    let drift = kept.lines().zip(made.lines()).position(|(a, b)| a != b);
    assert!(
        kept == made,
        "spec/openapi.json has drifted from the code, first at line {}. Renew it with\n    \
         UPDATE_GOLDEN=1 cargo test -p restante-http --test openapi\nand read the difference.",
        drift.unwrap_or_else(|| kept.lines().count().min(made.lines().count())) + 1
    );
}

#[test]
fn every_reference_leads_somewhere_and_every_schema_is_used() {
    let document = openapi();
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    for reference in &references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let schemas = document["components"]["schemas"]
        .as_object()
        .expect("schemas");
    assert!(schemas.len() > 40, "{}", schemas.len());
    for name in schemas.keys() {
        let reference = format!("#/components/schemas/{name}");
        assert!(references.contains(&reference), "{name} is not used");
    }
}

#[test]
fn every_route_and_every_refusal_is_described() {
    let document = openapi();
    for route in ROUTES {
        let method = route.method.as_str().to_lowercase();
        let operation = &document["paths"][route.path][method];
        assert_eq!(operation["operationId"], route.id());
        for code in route.refusals() {
            let status = code.http_status().to_string();
            let examples =
                &operation["responses"][status]["content"]["application/problem+json"]["examples"];
            assert!(examples[code.word()].is_object(), "{} {code}", route.path);
        }
    }
    let examples = document["components"]["examples"]
        .as_object()
        .expect("examples");
    assert_eq!(examples.len(), RefusalCode::ALL.len());
}

#[test]
fn every_example_of_a_refusal_fits_the_schema_of_a_problem() {
    let mut document = openapi();
    let examples = document["components"]["examples"].take();
    let schema = serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": "#/components/schemas/Problem",
        "components": document["components"],
    });
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for (word, example) in examples.as_object().expect("examples") {
        let errors: Vec<String> = validator
            .iter_errors(&example["value"])
            .map(|error| error.to_string())
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{word}");
    }
    assert!(!validator.is_valid(&serde_json::json!({ "code": "no-such-word" })));
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                references.insert(reference.clone());
            }
            members
                .values()
                .for_each(|member| collect(member, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}
