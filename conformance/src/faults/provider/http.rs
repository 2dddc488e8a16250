//! Faults of the client by which a provider dials its center. They show on real connections alone.

use crate::faults::client::Manners;
use crate::faults::{Defect, Fault};

use super::Wrong;

/// The faults.
pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "provider-token-in-a-cookie",
        says: "The token travels as a cookie too.",
        breaks: &["PRV-036"],
        kills: &[(BELONGS, "with its credential in the header cookie as well")],
        also: &["provider/"],
        defect: Defect::Provider(Wrong::Dials(Manners::asking(|request| {
            let mut fields = request.headers.iter();
            let token = fields.find(|(name, _)| name == "authorization");
            let cookie = token.map(|(_, value)| format!("token={}", value.replace("Bearer ", "")));
            let cookie = cookie.map(|cookie| ("cookie".to_owned(), cookie));
            request.headers.extend(cookie);
        }))),
    },
    Fault {
        name: "provider-says-it-as-plain-text",
        says: "What is said to the center is plain text.",
        breaks: &["PRV-036"],
        kills: &[(
            BELONGS,
            "got the request giveCodes, as HTTP: headers.content-type: expected a text with",
        )],
        also: &[],
        defect: Defect::Provider(Wrong::Dials(Manners::asking(|request| {
            for (name, value) in &mut request.headers {
                if name == "content-type" {
                    "text/plain".clone_into(value);
                }
            }
        }))),
    },
    Fault {
        name: "provider-believes-any-certificate",
        says: "The client that dials the center looks at no certificate.",
        breaks: &["PRV-037"],
        kills: &[(
            "provider/PRV/another-certificate-gets-no-token",
            "at the port whose certificate is for another name",
        )],
        also: &[],
        defect: Defect::Provider(Wrong::Dials(Manners {
            credulous: true,
            ..Manners::RIGHT
        })),
    },
    Fault {
        name: "provider-follows-redirections",
        says: "The client goes where a redirection sends it, and the token with it.",
        breaks: &["PRV-038"],
        kills: &[(
            "provider/PRV/no-redirection-is-followed",
            "got GET /elsewhere, which is no route",
        )],
        also: &[],
        defect: Defect::Provider(Wrong::Dials(Manners {
            obedient: true,
            ..Manners::RIGHT
        })),
    },
];

/// The case about where messages belong.
const BELONGS: &str = "provider/PRV/messages-travel-where-they-belong";
