//! What a receiver reads of an effect: one JSON object with a type, a time, a sentence for people
//! and the data for programs.

use restante_core::Timestamp;
use restante_core::center::{Effect, EffectKind};
use restante_core::id::{ApplicationId, CustomerId, DeviceId, EffectId, RequestId, ServiceId};
use restante_core::wire::people::DateTime;
use serde::Serialize;
use serde_json::{Value, json};

/// The body of one message.
#[derive(Serialize)]
struct Letter {
    id: EffectId,
    r#type: &'static str,
    timestamp: String,
    text: String,
    data: Value,
}

/// The body that tells of an effect. `center` is the address at which people reach the center.
pub(super) fn body(effect: &Effect, center: Option<&str>) -> Vec<u8> {
    let (r#type, text, data) = contents(&effect.what, center);
    let letter = Letter {
        id: effect.id,
        r#type,
        timestamp: DateTime(time_of(effect.id)).to_text(),
        text,
        data,
    };
    restante_core::wire::json::to_bytes(&letter)
}

/// When it was decided: the ids of effects begin with their time.
pub(super) fn time_of(id: EffectId) -> Timestamp {
    let bytes = id.as_bytes().iter().take(6);
    Timestamp::from_millis(bytes.fold(0, |millis, byte| (millis << 8) | u64::from(*byte)))
}

fn contents(what: &EffectKind, center: Option<&str>) -> (&'static str, String, Value) {
    match what {
        EffectKind::Alarm { word, detail } => {
            let data = json!({ "alarm": word, "detail": detail });
            ("alarm", detail.clone(), data)
        }
        EffectKind::InstructionsWaiting {
            customer,
            application,
            service,
            devices,
        } => {
            let data = json!({
                "customer": customer,
                "application": application,
                "service": service,
                "devices": devices,
                "list": list(center, &format!("{application}"), &format!("{customer}")),
                "pollLinks": poll_links(center, *application, *customer),
            });
            let whom = match devices {
                1 => "1 device: it starts".to_owned(),
                many => format!("{many} devices: they start"),
            };
            let text = format!(
                "Instructions wait for {whom} {service} at the next poll. To have them poll at \
                 once: restante-center poll-links --application {application} --customer {customer}"
            );
            ("instructions-waiting", text, data)
        }
        EffectKind::ApplicationComplete {
            customer,
            application,
            service,
            tally,
        } => {
            let data = json!({
                "customer": customer,
                "application": application,
                "service": service,
                "tally": tally,
                "list": list(center, &format!("{application}"), &format!("{customer}")),
            });
            let text = format!(
                "The application for {service} is complete: {} entitled, {} failed, {} withdrawn, \
                 {} left out.",
                tally.entitled, tally.failed, tally.withdrawn, tally.left_out
            );
            ("application-complete", text, data)
        }
        EffectKind::CodesGiven {
            application,
            service,
            devices,
        } => codes_given(*application, service, devices),
        EffectKind::DevicesEntitled {
            application,
            service,
            devices,
        } => devices_entitled(*application, service, devices),
        other => (
            "other",
            "Something happened that this version has no words for.".to_owned(),
            serde_json::to_value(other).unwrap_or_default(),
        ),
    }
}

/// A provider's codes are with the center, which shows them to their devices.
fn codes_given(
    application: ApplicationId,
    service: &ServiceId,
    devices: &[DeviceId],
) -> (&'static str, String, Value) {
    let whom = match devices.len() {
        1 => "1 device has its code and starts".to_owned(),
        many => format!("{many} devices have their codes and start"),
    };
    let text = format!("{whom} {service} at the next poll (application {application}).");
    let data = at_provider(application, service, devices);
    ("codes-given", text, data)
}

/// The center knows which devices a provider has let in.
fn devices_entitled(
    application: ApplicationId,
    service: &ServiceId,
    devices: &[DeviceId],
) -> (&'static str, String, Value) {
    let whom = match devices.len() {
        1 => "1 device uses".to_owned(),
        many => format!("{many} devices use"),
    };
    let text = format!("{whom} {service} from now on (application {application}).");
    let data = at_provider(application, service, devices);
    ("devices-entitled", text, data)
}

/// What a provider knows: no customer, but which devices.
fn at_provider(application: ApplicationId, service: &ServiceId, devices: &[DeviceId]) -> Value {
    json!({
        "application": application,
        "service": service,
        "devices": devices,
    })
}

/// Where the devices of an application are listed; without the center's address, its path.
fn list(center: Option<&str>, application: &str, customer: &str) -> String {
    let center = center.unwrap_or_default();
    format!("{center}/v1/applications/{application}/targets?customer={customer}")
}

/// How a program gets the links by which the devices of an application are made to poll. A
/// reference and not the links: an application may be about thousands of devices, and some of them
/// will have moved until somebody reads this.
// spec: POL-029
fn poll_links(center: Option<&str>, application: ApplicationId, customer: CustomerId) -> Value {
    let center = center.unwrap_or_default();
    // The id of an application has the form of a request's: what is sent twice makes one plan.
    let request = RequestId::from_bytes(*application.as_bytes());
    json!({
        "method": "POST",
        "url": format!("{center}/v1/poll-plans"),
        "body": {
            "request": request,
            "customer": customer,
            "of": { "application": application },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use restante_core::wire::plan::{PlanOf, PlanPolls};
    use restante_core::wire::services::Tally;

    fn effect(what: EffectKind) -> Effect {
        let mut id = [7; 16];
        id[..8].copy_from_slice(&(1_700_000_000_123_u64 << 16).to_be_bytes());
        let id = EffectId::from_bytes(id);
        Effect { id, what }
    }

    fn read(what: EffectKind, center: Option<&str>) -> Value {
        serde_json::from_slice(&body(&effect(what), center)).expect("JSON")
    }

    #[test]
    fn waiting_instructions_name_the_application_and_where_its_devices_are_listed() {
        let customer = CustomerId::from_bytes([1; 16]);
        let application = ApplicationId::from_bytes([2; 16]);
        let what = EffectKind::InstructionsWaiting {
            customer,
            application,
            service: "pull-print".parse().expect("an id"),
            devices: 3,
        };
        let letter = read(what, Some("https://center.example"));
        assert_eq!(letter["type"], "instructions-waiting");
        assert_eq!(letter["timestamp"], "2023-11-14T22:13:20.123Z");
        let text = format!(
            "Instructions wait for 3 devices: they start pull-print at the next poll. To have them \
             poll at once: restante-center poll-links --application {application} --customer \
             {customer}"
        );
        assert_eq!(letter["text"], text);
        let links = &letter["data"]["pollLinks"];
        assert_eq!(links["url"], "https://center.example/v1/poll-plans");
        let plan: PlanPolls = serde_json::from_value(links["body"].clone()).expect("a message");
        assert_eq!(plan.of, PlanOf::Application(application));
        assert_eq!(plan.customer, Some(customer));
        assert_eq!(letter["data"]["devices"], 3);
        let list = format!(
            "https://center.example/v1/applications/{application}/targets?customer={customer}"
        );
        assert_eq!(letter["data"]["list"], list);
    }

    #[test]
    fn a_complete_application_is_told_with_its_counts() {
        let what = EffectKind::ApplicationComplete {
            customer: CustomerId::from_bytes([1; 16]),
            application: ApplicationId::from_bytes([2; 16]),
            service: "pull-print".parse().expect("an id"),
            tally: Tally {
                entitled: 2,
                failed: 1,
                ..Tally::default()
            },
        };
        let letter = read(what, None);
        assert_eq!(letter["type"], "application-complete");
        assert_eq!(letter["data"]["tally"]["entitled"], 2);
        assert_eq!(
            letter["text"],
            "The application for pull-print is complete: 2 entitled, 1 failed, 0 withdrawn, 0 \
             left out."
        );
        let list = letter["data"]["list"].as_str().expect("a path");
        assert!(list.starts_with("/v1/applications/app-"), "{list}");
    }

    #[test]
    fn a_provider_tells_which_devices_have_codes_and_which_use_the_service() {
        let application = ApplicationId::from_bytes([2; 16]);
        let service: ServiceId = "scan".parse().expect("an id");
        let one = vec![DeviceId::from_bytes([3; 16])];
        let given = EffectKind::CodesGiven {
            application,
            service: service.clone(),
            devices: one.clone(),
        };
        let letter = read(given, None);
        assert_eq!(letter["type"], "codes-given");
        assert_eq!(letter["data"]["devices"], json!(one));
        let text = format!(
            "1 device has its code and starts scan at the next poll (application {application})."
        );
        assert_eq!(letter["text"], text);
        let entitled = EffectKind::DevicesEntitled {
            application,
            service,
            devices: [one, vec![DeviceId::from_bytes([4; 16])]].concat(),
        };
        let letter = read(entitled, None);
        assert_eq!(letter["type"], "devices-entitled");
        let text = format!("2 devices use scan from now on (application {application}).");
        assert_eq!(letter["text"], text);
    }

    #[test]
    fn an_alarm_is_told_in_the_words_of_the_log() {
        let what = EffectKind::Alarm {
            word: "device-at-two-customers".into(),
            detail: "one serial number, two customers".into(),
        };
        let letter = read(what, None);
        assert_eq!(letter["text"], "one serial number, two customers");
        assert_eq!(letter["data"]["alarm"], "device-at-two-customers");
    }
}
