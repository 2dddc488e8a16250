//! The store in memory is the model: over random histories, SQLite answers as it does.

use std::io::Cursor;

use proptest::collection::vec;
use proptest::prelude::*;

use restante_core::Timestamp;
use restante_core::id::AttemptId;
use restante_core::record::{
    Change, Expect, Key, Kind, Need, Owner, Range, Revision, Write, Written,
};
use restante_store::Store;
use restante_store::memory::MemoryStore;
use restante_store::sqlite::{Options, SqliteStore, export};
use restante_store::transfer::check;

/// One thing that happens to both stores.
#[derive(Clone, Debug)]
enum Step {
    Commit(u8, Written),
    Load(Vec<Need>),
    Reopen,
}

fn key() -> impl Strategy<Value = Key> {
    let kinds = prop::sample::select(vec![Kind::Grant, Kind::Token, Kind::Device, Kind::Head]);
    (kinds, 0..2_u8, vec(0..3_u8, 0..3))
        .prop_map(|(kind, owner, key)| Key::owned(kind, Owner([owner; 16]), &key))
}

fn write() -> impl Strategy<Value = Write> {
    let body = vec(any::<u8>(), 0..9).prop_map(|body| Change::Put { format: 1, body });
    let change = prop_oneof![2 => body, 1 => Just(Change::Delete)];
    (key(), change).prop_map(|(key, change)| Write { key, change })
}

/// Each key once, as a decision writes them.
fn written() -> impl Strategy<Value = Written> {
    let expect = (key(), 0..4_u64).prop_map(|(key, revision)| Expect {
        key,
        revision: Revision(revision),
    });
    (vec(expect, 0..3), vec(write(), 1..5)).prop_map(|(mut expects, mut writes)| {
        expects.sort_by(|one, other| one.key.cmp(&other.key));
        expects.dedup_by(|one, other| one.key == other.key);
        writes.sort_by(|one, other| one.key.cmp(&other.key));
        writes.dedup_by(|one, other| one.key == other.key);
        Written { expects, writes }
    })
}

fn range() -> impl Strategy<Value = Range> {
    (key(), vec(0..3_u8, 0..3), 0..6_u32).prop_map(|(after, through, limit)| Range {
        kind: after.kind,
        owner: after.owner,
        after: after.key,
        through,
        limit,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let need = prop_oneof![
        3 => key().prop_map(Need::Record),
        1 => range().prop_map(Box::new).prop_map(Need::Range),
    ];
    prop_oneof![
        6 => (any::<u8>(), written()).prop_map(|(id, written)| Step::Commit(id % 64, written)),
        6 => vec(need, 1..5).prop_map(Step::Load),
        1 => Just(Step::Reopen),
    ]
}

fn open(dir: &tempfile::TempDir) -> SqliteStore {
    // A cache so small that things fall out of it, and so large that some stay.
    let options = Options {
        cache_bytes: 128 << 10,
    };
    SqliteStore::open(&dir.path().join("center.db"), "center-a", options).expect("a store")
}

async fn agree(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let dir = tempfile::tempdir().expect("a directory for the test");
    let memory = MemoryStore::new();
    let mut sqlite = open(&dir);
    for step in steps {
        match step {
            Step::Commit(id, written) => {
                let id = AttemptId::from_bytes([id; 16]);
                let expected = memory.commit(id, written.clone()).await;
                prop_assert_eq!(sqlite.commit(id, written).await, expected);
            }
            Step::Load(needs) => {
                let expected = memory.load(&needs).await;
                prop_assert_eq!(sqlite.load(&needs).await, expected);
            }
            Step::Reopen => {
                drop(sqlite);
                sqlite = open(&dir);
            }
        }
    }
    let mut text = Vec::new();
    export(sqlite.path(), Timestamp::EPOCH, &mut text).expect("exports");
    let mut from = Cursor::new(text);
    let checked = check(&mut from, "center-a").expect("sound");
    prop_assert_eq!(checked.head().floor, memory.held().floor());
    let mut rows = Vec::new();
    let taken = checked.each_row(|row| {
        rows.push(row);
        Ok(())
    });
    prop_assert!(taken.is_ok());
    let held: Vec<_> = memory.held().rows().map(|row| (**row).clone()).collect();
    prop_assert_eq!(rows, held);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn both_stores_answer_alike(steps in vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(agree(steps))?;
    }
}
