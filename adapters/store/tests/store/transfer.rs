//! Export and import: what goes out comes back byte for byte, and only a whole, sound export of the
//! same center comes in.

use std::io::Cursor;
use std::path::PathBuf;

use crate::suite::{at, commit, delete, grant, load, put, token};
use restante_core::Timestamp;
use restante_core::record::{Key, Kind, Revision, Row};
use restante_store::sqlite::{Options, SqliteStore, export, import};
use restante_store::transfer::{Exporter, Head, TransferError};
use restante_store::{Committed, MemoryStore};
use tempfile::TempDir;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory for the test"))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("center.db")
    }

    fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.file(), "center-a", Options::default()).expect("a store")
    }

    fn export(&self) -> Vec<u8> {
        let mut out = Vec::new();
        export(
            &self.file(),
            Timestamp::from_millis(1_700_000_000_000),
            &mut out,
        )
        .expect("exports");
        out
    }

    fn import(&self, text: &[u8]) -> Result<u64, TransferError> {
        import(&self.file(), "center-a", &mut Cursor::new(text))
    }
}

/// A store with JSON, odd bytes, a deleted record and a record that came back.
async fn filled() -> Place {
    let place = Place::new();
    let store = place.open();
    let bodies = [
        r#"{"user":"Ann"}"#,
        "null",
        " {} ",
        "[1,\n2]",
        "",
        "no JSON",
        r#""\ud83d""#,
    ];
    for (number, body) in (1..).zip(bodies) {
        let key = grant(5, &format!("{number}"));
        commit(
            &store,
            number,
            &[],
            &[put(&key, body), put(&token("again"), body)],
        )
        .await;
    }
    commit(&store, 20, &[], &[delete(&token("again"))]).await;
    commit(&store, 21, &[], &[put(&token("back"), "{}")]).await;
    place
}

#[tokio::test]
async fn what_goes_out_comes_back_byte_for_byte() {
    let place = filled().await;
    let text = place.export();
    let other = Place::new();
    assert_eq!(other.import(&text).expect("comes in"), 8);
    assert_eq!(String::from_utf8(other.export()), String::from_utf8(text));
    // Revisions go on where they were, those of deleted records included.
    let store = other.open();
    assert_eq!(
        load(&store, &token("back"))
            .await
            .expect("there")
            .revision
            .0,
        8
    );
    commit(&store, 1, &[], &[put(&token("again"), "{}")]).await;
    assert_eq!(
        load(&store, &token("again"))
            .await
            .expect("there")
            .revision
            .0,
        8
    );
}

#[tokio::test]
async fn an_export_reads_like_this() {
    let place = Place::new();
    let store = place.open();
    commit(
        &store,
        1,
        &[],
        &[put(&token("a"), r#"{"user":"Ann"}"#), put(&token("b"), "?")],
    )
    .await;
    let text = String::from_utf8(place.export()).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    let none = "0".repeat(32);
    assert_eq!(
        lines[..3],
        [
            r#"{"restante":"export","form":1,"center":"center-a","at":1700000000000,"floor":0}"#
                .to_owned(),
            format!(
                r#"{{"kind":2,"owner":"{none}","key":"61","revision":1,"format":1,"body":{{"user":"Ann"}}}}"#
            ),
            format!(
                r#"{{"kind":2,"owner":"{none}","key":"62","revision":1,"format":1,"bytes":"3f"}}"#
            ),
        ]
    );
    assert!(lines[3].starts_with(r#"{"rows":2,"sha256":""#));
    assert_eq!(lines.len(), 4);
}

#[tokio::test]
async fn a_damaged_cut_or_foreign_export_is_refused_before_a_store_is_made() {
    let text = filled().await.export();
    let other = Place::new();
    let refused = |text: &[u8]| {
        let error = other.import(text).expect_err("a refusal");
        assert!(!other.file().exists(), "{error}");
        error.to_string()
    };
    for length in 0..text.len() {
        refused(&text[..length]);
    }
    let head_end = text
        .iter()
        .position(|byte| *byte == b'\n')
        .expect("a first line");
    for place in 0..text.len() {
        let mut flipped = text.clone();
        flipped[place] ^= 1;
        let says = refused(&flipped);
        assert!(
            place <= head_end || says.starts_with("the export"),
            "{says}"
        );
    }
    let mut longer = text.clone();
    longer.extend(b"{}\n");
    assert!(refused(&longer).contains("there is more after the last line"));
    let foreign = String::from_utf8_lossy(&text).replace("center-a", "center-b");
    assert_eq!(
        refused(foreign.as_bytes()),
        "the export belongs to the center center-b, and this is the center center-a; \
         import it with the key file of the center that exported it"
    );
    let newer = String::from_utf8_lossy(&text).replace(r#""form":1"#, r#""form":2"#);
    assert!(refused(newer.as_bytes()).contains("use a newer program"));
    assert!(refused(b"{\"cats\":3}\n").contains("not an export"));
}

#[tokio::test]
async fn an_export_whose_rows_cannot_be_is_refused() {
    let head = Head {
        center: "center-a".to_owned(),
        at: Timestamp::EPOCH,
        floor: Revision(0),
    };
    let row = |key: Key, revision: u64| Row {
        key,
        revision: Revision(revision),
        format: 1,
        body: b"{}".to_vec(),
    };
    let throttle = Key::unowned(Kind::Throttle, b"a");
    for (rows, words) in [
        (
            vec![row(token("b"), 1), row(token("a"), 1)],
            "not in the order",
        ),
        (
            vec![row(token("a"), 1), row(token("a"), 1)],
            "not in the order",
        ),
        (vec![row(token("a"), 0)], "revision 0"),
        (vec![row(throttle, 1)], "there is no kind 14"),
    ] {
        let mut text = Vec::new();
        let mut exporter = Exporter::new(&mut text, &head).expect("written");
        for row in &rows {
            exporter.row(row).expect("written");
        }
        exporter.finish().expect("written");
        let says = Place::new()
            .import(&text)
            .expect_err("a refusal")
            .to_string();
        assert!(says.contains(words), "{says}");
    }
}

#[tokio::test]
async fn a_store_that_holds_something_takes_no_import() {
    let text = filled().await.export();
    let other = Place::new();
    commit(&other.open(), 1, &[], &[put(&token("own"), "{}")]).await;
    let before = other.export();
    let says = other.import(&text).expect_err("a refusal").to_string();
    assert_eq!(
        says,
        "the store holds 1 records already; import into a new one"
    );
    assert_eq!(other.export(), before);
    let running = Place::new();
    let _store = running.open();
    assert!(matches!(running.import(&text), Err(TransferError::Open(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_beside_a_running_center_is_one_snapshot() {
    let place = Place::new();
    let store = place.open();
    let keys: Vec<Key> = (0..500).map(|number| token(&format!("{number}"))).collect();
    let all = |round: u128| {
        keys.iter()
            .map(|key| put(key, &round.to_string()))
            .collect::<Vec<_>>()
    };
    commit(&store, 0, &[], &all(0)).await;
    let writer = async {
        for round in 1..60 {
            assert_eq!(
                commit(&store, round, &[], &all(round)).await,
                Committed::Applied
            );
        }
    };
    let file = place.file();
    let exporter = tokio::task::spawn_blocking(move || {
        let one = |_| {
            let mut out = Vec::new();
            export(&file, Timestamp::EPOCH, &mut out).expect("exports");
            String::from_utf8(out).expect("text")
        };
        (0..10).map(one).collect::<Vec<String>>()
    });
    let ((), texts) = tokio::join!(writer, exporter);
    for text in texts.expect("no panic") {
        let bodies = text
            .lines()
            .filter_map(|line| line.split_once(r#""body":"#));
        let bodies: std::collections::BTreeSet<&str> = bodies.map(|(_, body)| body).collect();
        assert_eq!(bodies.len(), 1, "a mixture: {bodies:?}");
    }
}

#[tokio::test]
async fn a_store_in_memory_takes_an_export_too() {
    let text = filled().await.export();
    let mut from = Cursor::new(&text);
    let checked = restante_store::transfer::check(&mut from, "center-a").expect("sound");
    let head = checked.head().clone();
    let mut rows = Vec::new();
    let taken = checked.each_row(|row| {
        rows.push(row);
        Ok(())
    });
    assert_eq!(taken.expect("unchanged"), 8);
    let held = restante_store::memory::Held::restored(rows, head.floor);
    let store = MemoryStore::with(held.clone());
    let back = commit(
        &store,
        1,
        &[at(&token("back"), 8)],
        &[put(&token("back"), "x")],
    )
    .await;
    assert_eq!(back, Committed::Applied);
    let mut out = Vec::new();
    let mut exporter = Exporter::new(&mut out, &head).expect("written");
    for row in held.rows() {
        exporter.row(row).expect("written");
    }
    exporter.finish().expect("written");
    assert_eq!(out, text);
}
