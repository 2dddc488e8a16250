//! Faults of a provider as a server: what devices send it and what it answers, altered on the way.

use crate::faults::http::{problem, with_header, without};
use crate::faults::{Defect, Fault, Wire};
use crate::line::Response;

use super::Wrong;

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "provider-says-created",
        says: "A registration that is accepted is answered with 201.",
        breaks: &["PRV-039"],
        kills: &[(POSTED, "got HTTP status 201")],
        also: &[],
        defect: Defect::Provider(Wrong::Serves(Wire::answering(|_, response| {
            if response.status == 200 {
                response.status = 201;
            }
        }))),
    },
    Fault {
        name: "provider-wants-a-credential",
        says: "A device that presents no credential is refused.",
        breaks: &["PRV-039"],
        kills: &[(POSTED, "got HTTP status 401")],
        also: &["provider/"],
        defect: Defect::Provider(Wrong::Serves(Wire::asking(|request| {
            let mut fields = request.headers.iter();
            let has_one = fields.any(|(name, _)| name == "authorization");
            (!has_one).then(|| problem(401, "credential-missing"))
        }))),
    },
    Fault {
        name: "provider-forgets-the-query",
        says: "Devices register at the path of the URL alone, whose query is left out.",
        breaks: &["PRV-039"],
        kills: &[(POSTED, "got HTTP status 404")],
        also: &["provider/"],
        defect: Defect::Provider(Wrong::Serves(Wire::asking(|request| {
            let bare = request.path.split('?').next().unwrap_or_default();
            request.path = bare.to_owned();
            None
        }))),
    },
    Fault {
        name: "provider-answers-any-method",
        says: "Whatever the method, it is answered as if all were well.",
        breaks: &["PRV-040"],
        kills: &[(
            "provider/PRV/another-method-is-not-allowed",
            "got HTTP status 200",
        )],
        also: &[],
        defect: Defect::Provider(Wrong::Serves(Wire::asking(|request| {
            (request.method != "POST").then(well)
        }))),
    },
    Fault {
        name: "provider-takes-any-media-type",
        says: "A registration is read whatever its headers say that it is.",
        breaks: &["PRV-041"],
        kills: &[(
            "provider/PRV/a-registration-is-plain-json",
            "expected HTTP status 415",
        )],
        also: &[],
        defect: Defect::Provider(Wrong::Serves(Wire::asking(|request| {
            let kind = |name: &str| ["content-type", "content-encoding"].contains(&name);
            request.headers.retain(|(name, _)| !kind(name));
            let json = ("content-type".to_owned(), "application/json".to_owned());
            request.headers.push(json);
            None
        }))),
    },
    Fault {
        name: "provider-refuses-in-another-form",
        says: "Refusals are JSON of no kind in particular.",
        breaks: &["PRV-042"],
        kills: &[(
            "provider/PRV/refusals-are-problems",
            "in the header content-type",
        )],
        also: &[],
        defect: Defect::Provider(Wrong::Serves(Wire::answering(|_, response| {
            if response.status >= 400 {
                with_header(response, "content-type", "application/json");
            }
        }))),
    },
    Fault {
        name: "provider-names-no-time-in-the-header",
        says: "When to come again stands in the body of a refusal alone.",
        breaks: &["PRV-042"],
        kills: &[(
            "provider/PRV/the-time-to-come-again-is-a-header-too",
            "in the header retry-after",
        )],
        also: &[],
        defect: Defect::Provider(Wrong::Serves(Wire::answering(|_, response| {
            without(response, "retry-after");
        }))),
    },
];

/// A success that says nothing.
fn well() -> Response {
    Response {
        status: 200,
        headers: vec![("content-type".into(), "application/json".into())],
        body: b"{}".to_vec(),
    }
}

/// The case about where and how a device registers.
const POSTED: &str = "provider/PRV/a-registration-is-posted-at-the-url";
