//! What people see of a store with a shell of their own: views, while the center runs.

use crate::sqlite::{dir, file, open};
use crate::suite::{commit, put};

#[tokio::test]
async fn people_see_instructions_as_rows_whatever_their_state() {
    let dir = dir();
    let store = open(&dir).expect("a fresh store");
    let device = restante_core::id::DeviceId::from_bytes(*b"0123456789abcdef");
    let states = [
        r#""waiting""#,
        r#"{"taken":{"attempt":2,"until":1}}"#,
        r#"{"finished":{"end":"set-aside","at":1,"attempt":5}}"#,
    ];
    let instruction = |state: &&str| {
        format!(
            r#"{{"id":"ins-00000000000000000000000001","acts":[{{"report-status":{{}}}}],
                "made":1700000000123,"expires":1700000100123,"state":{state}}}"#
        )
    };
    let instructions: Vec<String> = states.iter().map(instruction).collect();
    let body = format!(r#"{{"instructions":[{}]}}"#, instructions.join(","));
    let key = restante_core::record::Mailbox::key(device);
    commit(&store, 1, &[], &[put(&key, &body)]).await;
    let shell = rusqlite::Connection::open(file(&dir)).expect("opens");
    let mut select = shell
        .prepare("SELECT device, state, attempt, made FROM instruction")
        .expect("a view");
    let rows: Vec<(String, String, Option<u32>, String)> = select
        .query_map([], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .expect("rows")
        .map(|row| row.expect("a row"))
        .collect();
    let row = |state: &str, attempt| {
        let made = "2023-11-14T22:13:20Z".to_owned();
        (device.to_string(), state.to_owned(), attempt, made)
    };
    assert_eq!(
        rows,
        [
            row("waiting", None),
            row("taken", Some(2)),
            row("set-aside", Some(5))
        ]
    );
}

#[tokio::test]
async fn people_see_services_and_what_became_of_them_as_rows() {
    use restante_core::id::{ApplicationId, CustomerId, DeviceId, ServiceId};
    use restante_core::record::{Application, Entitlement, Service, Target};
    let dir = dir();
    let store = open(&dir).expect("a fresh store");
    let service = ServiceId::new("pull-print".to_owned()).expect("an id");
    let device = DeviceId::from_bytes(*b"0123456789abcdef");
    let customer = CustomerId::from_bytes([0xab; 16]);
    let application = ApplicationId::from_bytes(*b"fedcba9876543210");
    let filling = r#"{"service":"pull-print","phase":{"filling":{"made":7}},"made":0,"expires":1}"#;
    let stopped = format!(
        r#"{{"application":"{application}","since":1700000000123,"stopped":1700000100123}}"#
    );
    let rows = [
        put(
            &Service::key(&service),
            r#"{"title":"Pull printing","since":0}"#,
        ),
        put(&Application::key(customer, application), filling),
        put(
            &Target::key(customer, application, device),
            r#"{"state":"failed","since":0,"detail":"no disk"}"#,
        ),
        put(&Entitlement::key(customer, &service, device), &stopped),
    ];
    commit(&store, 1, &[], &rows).await;
    let shell = rusqlite::Connection::open(file(&dir)).expect("opens");
    let shown =
        |sql: &str| -> String { shell.query_row(sql, [], |row| row.get(0)).expect("one row") };
    let expected = [
        (
            "SELECT service || ': ' || title FROM service",
            "pull-print: Pull printing".to_owned(),
        ),
        (
            "SELECT application || ' ' || state || ' ' || waiting FROM application",
            format!("{application} filling 0"),
        ),
        (
            "SELECT application || ' ' || device || ' ' || state || ' ' || detail FROM target",
            format!("{application} {device} failed no disk"),
        ),
        (
            "SELECT customer || ' ' || service || ' ' || device || ' ' || stopped
             FROM entitlement",
            format!("{customer} pull-print {device} 2023-11-14T22:15:00Z"),
        ),
    ];
    for (sql, text) in expected {
        assert_eq!(shown(sql), text);
    }
}

#[tokio::test]
async fn people_see_what_a_provider_and_its_center_have_open_as_rows() {
    use restante_core::id::{ApplicationId, DeviceId, HandoverId, ServiceId};
    use restante_core::provider::Pair;
    use restante_core::record::{Handover, Owner, Unreported};
    let dir = dir();
    let store = open(&dir).expect("a fresh store");
    let service = ServiceId::new("scan-cloud".to_owned()).expect("an id");
    let device = DeviceId::from_bytes(*b"0123456789abcdef");
    let application = ApplicationId::from_bytes(*b"fedcba9876543210");
    let handover = HandoverId::from_bytes([7; 16]);
    let owner = Owner([0xab; 16]);
    let of = format!(r#""application":"{application}","expires":1700000000123"#);
    let pair = format!(r#"{{{of},"code":"x","state":{{"entitled":{{"at":1}}}}}}"#);
    let wanted = format!(r#"{{{of},"device":"{device}","state":"wanted"}}"#);
    let rows = [
        put(&Pair::key(device, &service), &pair),
        put(&Handover::key(owner, handover), &wanted),
        put(
            &Unreported::key(owner, application, device),
            r#"{"at":1700000100123}"#,
        ),
    ];
    commit(&store, 1, &[], &rows).await;
    let shell = rusqlite::Connection::open(file(&dir)).expect("opens");
    let shown =
        |sql: &str| -> String { shell.query_row(sql, [], |row| row.get(0)).expect("one row") };
    let until = "2023-11-14T22:13:20Z";
    assert_eq!(
        shown("SELECT concat_ws(' ', device, service, application, state, expires) FROM pair"),
        format!("{device} scan-cloud {application} entitled {until}")
    );
    assert_eq!(
        shown("SELECT concat_ws(' ', handover, application, device, state, expires) FROM handover"),
        format!("{handover} {application} {device} wanted {until}")
    );
    assert_eq!(
        shown("SELECT concat_ws(' ', application, device, since) FROM unreported"),
        format!("{application} {device} 2023-11-14T22:15:00Z")
    );
}

#[tokio::test]
async fn other_programs_may_read_while_the_center_runs() {
    let dir = dir();
    let store = open(&dir).expect("a fresh store");
    let owner = restante_core::record::Owner([0xab; 16]);
    let device = restante_core::id::DeviceId::from_bytes(*b"0123456789abcdef");
    let key = restante_core::record::Key::owned(
        restante_core::record::Kind::Device,
        owner,
        device.as_bytes(),
    );
    let body = r#"{"identification":{"vendor":"Acme","model":"P1","serial":"7"},"user":"Ann",
        "since":1700000000123}"#;
    commit(&store, 1, &[], &[put(&key, body)]).await;
    let shell = rusqlite::Connection::open(file(&dir)).expect("opens");
    let columns: (String, String, String, String) = shell
        .query_row(
            "SELECT device, serial, since, customer FROM device",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .expect("one row");
    let customer = restante_core::id::CustomerId::from_bytes(owner.0);
    let expected = [
        &device.to_string(),
        "7",
        "2023-11-14T22:13:20Z",
        &customer.to_string(),
    ];
    assert_eq!(
        [&columns.0, columns.1.as_str(), &columns.2, &columns.3],
        expected
    );
    for view in [
        "application",
        "customer",
        "entitlement",
        "grant_",
        "handover",
        "instruction",
        "pair",
        "reading",
        "registration",
        "service",
        "status",
        "target",
        "token",
        "unreported",
    ] {
        let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        let sql = format!("SELECT count(*) FROM (SELECT * FROM {view})");
        assert_eq!(shell.query_row(&sql, [], count), Ok(0), "{view}");
    }
}
