//! Applications that can come to nothing: each refused for its own reason, and nothing is made.

use restante_core::id::Model;
use restante_core::limits::DEVICES_LOOKED_AT;
use restante_core::wire::RefusalCode;
use restante_core::wire::services::{Models, Selection};

use crate::trial::Trial;

#[test]
fn an_application_that_can_come_to_nothing_is_refused_and_nothing_is_made() {
    let mut trial = Trial::new();
    let foreign = trial.named(&["D10020102", "D10010201"]);
    let other_model = trial.named(&["D10010101"]);
    let models = ["M1001", "M9999"].map(|it| Model::new(it).expect("a model"));
    let unknown = Selection::Models(Models(models.into()));
    trial.applied("C001", "service-z", Selection::All);
    let rows = trial.world.durable();
    for (services, on, code) in [
        (
            &["service-q"][..],
            Selection::All,
            RefusalCode::ServiceUnknown,
        ),
        (&["service-x"], foreign, RefusalCode::NotFound),
        (&["service-x"], unknown, RefusalCode::ModelUnknown),
        (&["service-y"], other_model, RefusalCode::NoEligibleDevice),
        (&["service-z"], Selection::All, RefusalCode::ApplicationOpen),
        (
            &["service-x", "service-z"],
            Selection::All,
            RefusalCode::ApplicationOpen,
        ),
        (&[], Selection::All, RefusalCode::Invalid),
    ] {
        assert_eq!(trial.apply("C001", services, on), Err(code), "{services:?}");
        assert_eq!(trial.world.durable(), rows);
    }
}

// spec: SVC-063
#[test]
fn an_unknown_model_is_named_as_long_as_the_center_has_looked_at_every_device() {
    let mut trial = Trial::new();
    trial.crowd("C005", 500);
    trial.crowd("C005", DEVICES_LOOKED_AT - 500);
    let unknown = Selection::Models(Models(vec![Model::new("M9999").expect("a model")]));
    let refused = trial.apply("C005", &["service-x"], unknown.clone());
    assert_eq!(refused, Err(RefusalCode::ModelUnknown));
    trial.crowd("C005", 1);
    let made = trial.apply("C005", &["service-x"], unknown);
    assert!(made.is_ok(), "one more may be of that model");
}
