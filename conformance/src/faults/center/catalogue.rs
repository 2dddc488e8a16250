//! Faults of the catalogue of services: spec section 10.1.

use restante_core::id::ServiceId;
use restante_core::record::Kind;
use restante_core::wire::RefusalCode;
use restante_core::wire::people::Page;
use restante_core::wire::services::{ServiceRow, ServicesReply, ServicesRequest};

use crate::faults::http::{Wire, is};
use crate::faults::scene::{Alter, Decided};
use crate::faults::{Defect, Fault};

use super::services::{about, accepted, asked, telling};

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "a-definition-is-forgotten",
        says: "A service is answered as it was defined and not kept.",
        breaks: &["SVC-001"],
        kills: &[(
            "server/SVC/a-service-is-defined-and-changed",
            "rows: expected 3 items, got 0",
        )],
        also: &[
            "server/SVC/",
            "server/HTTP/",
            "server/PRV/",
            "server/SCN/",
            "server/POL/",
            "server/MAIL/",
        ],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ServicesRequest::Define(_)) => scene.decide().unwriting(Kind::Service),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "any-url-is-a-service-s",
        says: "A service with a URL that no device follows is defined.",
        breaks: &["SVC-002"],
        kills: &[(
            "server/SVC/what-is-no-service-is-not-defined",
            "expected the refusal invalid; got serviceDefined",
        )],
        also: &["server/SVC/a-service-needs-a-host-that-is-allowed"],
        defect: Defect::Wire(Wire::answering(|request, response| {
            if is(request, "POST", "/v1/services") && response.status == 422 {
                response.status = 201;
                response.headers = vec![("content-type".into(), "application/json".into())];
                response.body = request.body.clone().unwrap_or_default();
            }
        })),
    },
    Fault {
        name: "any-host-is-a-service-s",
        says: "A service is defined at a host to which no device goes.",
        breaks: &["SVC-049"],
        kills: &[(
            "server/SVC/a-service-needs-a-host-that-is-allowed",
            "expected the refusal invalid; got serviceDefined",
        )],
        also: &[],
        defect: Defect::Wire(Wire::answering(|request, response| {
            let body = request.body.as_deref().unwrap_or_default();
            let elsewhere = String::from_utf8_lossy(body).contains("https://elsewhere.example/");
            if is(request, "POST", "/v1/services") && elsewhere {
                response.status = 201;
                response.headers = vec![("content-type".into(), "application/json".into())];
                response.body = body.to_vec();
            }
        })),
    },
    Fault {
        name: "services-in-any-order",
        says: "Services are listed backwards.",
        breaks: &["SVC-003"],
        kills: &[(
            "server/SVC/a-service-is-defined-and-changed",
            "in the reply services, rows.0.models: expected",
        )],
        also: &[],
        defect: Defect::Decision(|scene| listing(scene.decide(), |page| page.rows.reverse())),
    },
    Fault {
        name: "anybody-defines",
        says: "Whoever holds any token defines services, and others' too.",
        breaks: &["SVC-004"],
        kills: &[(
            "server/SVC/who-defines-services",
            "expected the refusal role-forbidden; got serviceDefined",
        )],
        also: &["server/PRV/a-provider-s-service-is-its-account-s"],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ServicesRequest::Define(_)) => accepted(scene, RefusalCode::RoleForbidden),
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "providers-see-use",
        says: "A provider lists a customer's entitlements.",
        breaks: &["SVC-048"],
        kills: &[(
            "server/SVC/who-defines-services",
            "expected the refusal role-forbidden; got entitlements",
        )],
        also: &[],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ServicesRequest::ListEntitlements(_)) => {
                accepted(scene, RefusalCode::RoleForbidden)
            }
            _ => scene.decide(),
        }),
    },
    Fault {
        name: "use-is-not-told",
        says: "Every service is listed as one that the customer does not use.",
        breaks: &["SVC-005"],
        kills: &[(
            "server/SVC/use-is-told-with-each-service",
            "rows: expected an item like {\"service\":\"kit-x\",\"used\":true}",
        )],
        also: &["server/SCN/two-services-at-once"],
        defect: Defect::Decision(|scene| {
            listing(scene.decide(), |page| {
                for row in &mut page.rows {
                    row.used = row.used.map(|_| false);
                }
            })
        }),
    },
    Fault {
        name: "unused-is-all",
        says: "Who asks for services that are not used is told all.",
        breaks: &["SVC-006"],
        kills: &[(
            "server/SVC/use-is-told-with-each-service",
            "in the reply services, rows: expected",
        )],
        also: &[
            "server/SCN/two-services-at-once",
            "server/SCN/who-is-found-with-two-servers",
        ],
        defect: Defect::Decision(|scene| match asked(scene) {
            Some(ServicesRequest::List(message)) => {
                let mut message = message.clone();
                message.unused = false;
                about(scene, ServicesRequest::List(message))
            }
            _ => scene.decide(),
        }),
    },
];

/// The decision with the list of services altered.
fn listing(decided: Decided, change: impl FnOnce(&mut Page<ServiceRow, ServiceId>)) -> Decided {
    telling(decided, |reply| {
        if let ServicesReply::Services(page) = reply {
            change(page);
        }
    })
}
