//! What the kit sends is itself checked: whatever the center accepts satisfies the published
//! schemas, and so does whatever it answers. A kit that sends what no schema allows would teach
//! vendors to take it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::Validator;
use restante_conformance::bundled::{InsideCenter, core_center};
use restante_conformance::case::{Catalogue, Role};
use restante_conformance::line::{Ahead, Line, LineError, Pending, Request, Response};
use restante_conformance::profile::Profile;
use restante_conformance::run::{Circumstances, run_case};
use serde_json::Value;

/// Method, path, schema of the body and of the reply. Where a member travels in the path, the body
/// is not the whole message and has no schema of its own.
const ROUTES: &[(&str, &str, Option<&str>, &str)] = &[
    ("POST", "/v1/enrolments", Some("enrol"), "enrolled"),
    (
        "POST",
        "/v1/status-reports",
        Some("report-status"),
        "status-reported",
    ),
    ("POST", "/v1/rotations", Some("rotate"), "rotated"),
    ("POST", "/v1/devices", Some("add-devices"), "devices-added"),
    (
        "POST",
        "/v1/devices/removals",
        Some("remove-devices"),
        "devices-removed",
    ),
    ("POST", "/v1/codes", Some("issue-code"), "code-issued"),
    ("GET", "/v1/codes", None, "codes"),
    ("POST", "/v1/tokens", Some("issue-token"), "token-issued"),
    ("GET", "/v1/tokens", None, "tokens"),
    (
        "POST",
        "/v1/clock/acceptance",
        Some("accept-clock"),
        "clock-accepted",
    ),
    ("GET", "/v1/devices", None, "devices"),
];

/// What was looked at, and what did not fit.
#[derive(Default)]
struct Findings {
    requests: BTreeMap<&'static str, usize>,
    replies: BTreeMap<&'static str, usize>,
    problems: usize,
    wrong: Vec<String>,
}

struct Schemas(BTreeMap<String, Validator>);

impl Schemas {
    fn load() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/schemas");
        let files = std::fs::read_dir(folder).expect("schemas");
        let read = files.map(|file| {
            let path = file.expect("a file").path();
            let text = std::fs::read_to_string(&path).expect("text");
            let schema = serde_json::from_str(&text).expect("JSON");
            let validator = jsonschema::validator_for(&schema).expect("a schema");
            let name = path.file_stem().expect("a name").to_string_lossy();
            (name.into_owned(), validator)
        });
        Self(read.collect())
    }

    fn misfit(&self, name: &str, body: &[u8]) -> Option<String> {
        let Ok(json) = serde_json::from_slice::<Value>(body) else {
            return Some(format!("{name}: no JSON"));
        };
        let error = self
            .0
            .get(name)
            .expect("a schema")
            .iter_errors(&json)
            .next();
        error.map(|error| format!("{name}: {error} in {json}"))
    }
}

/// A line that looks at what it carries.
struct Looking {
    line: Box<dyn Line>,
    schemas: Arc<Schemas>,
    findings: Arc<Mutex<Findings>>,
}

impl Looking {
    fn look(&self, request: &Request, response: &Response) {
        let mut found = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        let path = request.path.split('?').next().unwrap_or_default();
        if response.status >= 400 && path.starts_with("/v1/") {
            found.problems += 1;
            found
                .wrong
                .extend(self.schemas.misfit("problem", &response.body));
        }
        let mut routes = ROUTES.iter();
        let Some((_, _, body, reply)) = routes.find(|(method, known, ..)| {
            request.method == *method && path == *known && (200..300).contains(&response.status)
        }) else {
            return;
        };
        if let (Some(name), Some(sent)) = (*body, &request.body) {
            *found.requests.entry(name).or_default() += 1;
            found.wrong.extend(self.schemas.misfit(name, sent));
        }
        *found.replies.entry(*reply).or_default() += 1;
        found
            .wrong
            .extend(self.schemas.misfit(reply, &response.body));
    }
}

impl Ahead for Looking {
    fn behind(&self) -> &dyn Line {
        &*self.line
    }

    fn carried<'a>(
        &'a self,
        request: &'a Request,
        source: Option<IpAddr>,
    ) -> Pending<'a, Result<Response, LineError>> {
        Box::pin(async move {
            let response = self.line.carry(request, source).await?;
            self.look(request, &response);
            Ok(response)
        })
    }
}

#[tokio::test]
async fn what_is_accepted_and_what_is_answered_satisfies_the_schemas() {
    let catalogue = Catalogue::embedded().expect("good cases");
    let (schemas, findings) = (Arc::new(Schemas::load()), Arc::new(Mutex::default()));
    let center = InsideCenter::deciding(core_center(1));
    let profile = Profile::bundled(Role::Server);
    let around = Circumstances {
        profile: &profile,
        seed: 1,
        again: "",
    };
    for case in catalogue.of_role(Role::Server) {
        let mut target = center.target(1, case.id.as_str()).await.expect("a center");
        target.line = Box::new(Looking {
            line: target.line,
            schemas: Arc::clone(&schemas),
            findings: Arc::clone(&findings),
        });
        run_case(case, &target, None, around).await;
    }
    let found = findings.lock().unwrap_or_else(PoisonError::into_inner);
    let first: Vec<_> = found.wrong.iter().take(5).collect();
    assert!(
        first.is_empty(),
        "{} misfits, such as {first:#?}",
        found.wrong.len()
    );
    for (_, path, body, reply) in ROUTES {
        assert!(
            body.is_none_or(|name| found.requests.contains_key(name)),
            "{path} not sent"
        );
        assert!(found.replies.contains_key(reply), "{path} not answered");
    }
    assert!(found.problems > 50, "{} refusals", found.problems);
}
