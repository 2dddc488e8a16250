//! One suite for every store: what the port promises, whoever keeps it.
//!
//! `stores_keep_the_port!(make)` makes a test of each promise; `make` gives a fresh, empty store
//! and whatever has to stay alive beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use restante_core::id::AttemptId;
use restante_core::record::{
    Change, Desk, Expect, Key, Kind, Loaded, Need, Owner, Pause, Range, Record, Records, Revision,
    Row, Write, Written,
};
use restante_store::crash::{Fate, Flaky};
use restante_store::{Committed, Store};

/// The tests of the suite, for the store that `$make` makes.
macro_rules! stores_keep_the_port {
    ($make:expr) => {
        $crate::suite::stores_keep_the_port!(@ $make;
            absent_is_revision_zero_and_can_be_expected
            revisions_rise_and_an_old_one_conflicts
            a_conflict_leaves_nothing_behind
            a_blind_write_is_the_next_revision
            a_record_that_comes_back_never_has_an_old_revision
            an_attempt_is_applied_once_however_often_it_comes
            an_unknown_commit_is_settled_by_repeating_it
            a_commit_that_arrives_late_does_no_harm
            ranges_are_ordered_bounded_and_of_one_owner
            two_writers_of_one_range_never_miss_each_other
            writers_of_different_owners_do_not_meet
            large_values_and_any_bytes_come_back_as_they_were
            every_load_is_one_snapshot
            concurrent_counting_loses_nothing
        );
    };
    (@ $make:expr; $($name:ident)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let (store, _beside) = $make;
            $crate::suite::$name(&std::sync::Arc::new(store)).await;
        })*
    };
}
pub(crate) use stores_keep_the_port;

/// A record for tests.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Note {
    /// Something to tell records apart.
    text: String,
}

impl Record for Note {}

/// A key without an owner.
pub(crate) fn token(name: &str) -> Key {
    Key::unowned(Kind::Token, name.as_bytes())
}

/// A key of a kind whose ranges have heads.
pub(crate) fn grant(owner: u8, name: &str) -> Key {
    Key::owned(Kind::Grant, Owner([owner; 16]), name.as_bytes())
}

/// The attempt with this number.
pub(crate) fn attempt(number: u128) -> AttemptId {
    AttemptId::from_bytes(number.to_be_bytes())
}

/// The write that stores `body` at `key`.
pub(crate) fn put(key: &Key, body: &str) -> Write {
    put_bytes(key, body.as_bytes())
}

fn put_bytes(key: &Key, body: &[u8]) -> Write {
    let change = Change::Put {
        format: 1,
        body: body.to_vec(),
    };
    Write {
        key: key.clone(),
        change,
    }
}

/// The write that removes what is at `key`.
pub(crate) fn delete(key: &Key) -> Write {
    Write {
        key: key.clone(),
        change: Change::Delete,
    }
}

/// The expectation that `key` is at `revision`.
pub(crate) fn at(key: &Key, revision: u64) -> Expect {
    Expect {
        key: key.clone(),
        revision: Revision(revision),
    }
}

/// Commits these, with these expectations, as this attempt.
pub(crate) async fn commit<S: Store>(
    store: &S,
    number: u128,
    expects: &[Expect],
    writes: &[Write],
) -> Committed {
    let written = Written {
        expects: expects.to_vec(),
        writes: writes.to_vec(),
    };
    store
        .commit(attempt(number), written)
        .await
        .expect("the store works")
}

/// What is at `key`.
pub(crate) async fn load<S: Store>(store: &S, key: &Key) -> Option<Arc<Row>> {
    let needs = [Need::Record(key.clone())];
    match store.load(&needs).await.expect("the store works").pop() {
        Some(Loaded::Record(row)) => row,
        other => panic!("a record was asked for, and {other:?} came"),
    }
}

async fn revision<S: Store>(store: &S, key: &Key) -> u64 {
    load(store, key).await.map_or(0, |row| row.revision.0)
}

pub(crate) async fn absent_is_revision_zero_and_can_be_expected<S: Store>(store: &Arc<S>) {
    let key = token("a");
    assert_eq!(load(store, &key).await, None);
    let new = [put(&key, "1")];
    assert_eq!(
        commit(store, 1, &[at(&key, 0)], &new).await,
        Committed::Applied
    );
    assert_eq!(revision(store, &key).await, 1);
    assert_eq!(
        commit(store, 2, &[at(&key, 0)], &new).await,
        Committed::Conflict
    );
}

pub(crate) async fn revisions_rise_and_an_old_one_conflicts<S: Store>(store: &Arc<S>) {
    let key = token("a");
    for before in 0..5 {
        let write = [put(&key, &format!("{before}"))];
        let number = u128::from(before);
        let result = commit(store, number, &[at(&key, before)], &write).await;
        assert_eq!(result, Committed::Applied);
        assert_eq!(revision(store, &key).await, before + 1);
    }
    let late = commit(store, 9, &[at(&key, 4)], &[put(&key, "late")]).await;
    assert_eq!(late, Committed::Conflict);
    assert_eq!(load(store, &key).await.expect("kept").body, b"4");
}

pub(crate) async fn a_conflict_leaves_nothing_behind<S: Store>(store: &Arc<S>) {
    let (moved, other) = (token("moved"), token("other"));
    commit(store, 1, &[], &[put(&moved, "1")]).await;
    let writes = [put(&other, "1"), delete(&moved)];
    let result = commit(store, 2, &[at(&other, 0), at(&moved, 7)], &writes).await;
    assert_eq!(result, Committed::Conflict);
    assert_eq!(revision(store, &other).await, 0);
    assert_eq!(revision(store, &moved).await, 1);
}

pub(crate) async fn a_blind_write_is_the_next_revision<S: Store>(store: &Arc<S>) {
    let key = token("a");
    for number in 1..4 {
        commit(store, number, &[], &[put(&key, "x")]).await;
    }
    assert_eq!(revision(store, &key).await, 3);
    commit(store, 4, &[], &[delete(&key)]).await;
    commit(store, 5, &[], &[delete(&key)]).await;
    assert_eq!(load(store, &key).await, None);
}

pub(crate) async fn a_record_that_comes_back_never_has_an_old_revision<S: Store>(store: &Arc<S>) {
    let key = token("a");
    commit(store, 1, &[], &[put(&key, "first")]).await;
    commit(store, 2, &[], &[delete(&key)]).await;
    commit(store, 3, &[at(&key, 0)], &[put(&key, "second")]).await;
    assert_eq!(revision(store, &key).await, 2);
    let stale = commit(store, 4, &[at(&key, 1)], &[put(&key, "third")]).await;
    assert_eq!(stale, Committed::Conflict);
    assert_eq!(load(store, &key).await.expect("kept").body, b"second");
}

pub(crate) async fn an_attempt_is_applied_once_however_often_it_comes<S: Store>(store: &Arc<S>) {
    let key = token("a");
    let write = [put(&key, "x")];
    assert_eq!(
        commit(store, 1, &[at(&key, 0)], &write).await,
        Committed::Applied
    );
    assert_eq!(
        commit(store, 1, &[at(&key, 0)], &write).await,
        Committed::Applied
    );
    assert_eq!(revision(store, &key).await, 1);
    commit(store, 2, &[], &write).await;
    assert_eq!(
        commit(store, 1, &[at(&key, 0)], &write).await,
        Committed::Applied
    );
    assert_eq!(revision(store, &key).await, 2);
    // Both at once: they may well be in one group.
    let both = [commit(store, 3, &[], &write), commit(store, 3, &[], &write)];
    let [first, second] = both;
    assert_eq!(
        tokio::join!(first, second),
        (Committed::Applied, Committed::Applied)
    );
    assert_eq!(revision(store, &key).await, 3);
}

pub(crate) async fn an_unknown_commit_is_settled_by_repeating_it<S: Store>(store: &Arc<S>) {
    for (fate, name) in [(Fate::ReplyLost, "reply"), (Fate::Lost, "commit")] {
        let key = token(name);
        let flaky = Flaky::new(Arc::clone(store), |_| fate.clone());
        let number = name.len() as u128;
        let write = [put(&key, "x")];
        let first = commit(&flaky, number, &[at(&key, 0)], &write).await;
        assert_eq!(first, Committed::Unknown);
        let again = commit(store, number, &[at(&key, 0)], &write).await;
        assert_eq!(again, Committed::Applied);
        assert_eq!(revision(store, &key).await, 1, "{name}");
    }
}

pub(crate) async fn a_commit_that_arrives_late_does_no_harm<S: Store>(store: &Arc<S>) {
    let (key, blind) = (token("a"), token("blind"));
    let flaky = Flaky::new(Arc::clone(store), |_| Fate::Delayed);
    let write = [put(&key, "late")];
    assert_eq!(
        commit(&flaky, 1, &[at(&key, 0)], &write).await,
        Committed::Unknown
    );
    assert_eq!(
        commit(&flaky, 2, &[], &[put(&blind, "late")]).await,
        Committed::Unknown
    );
    // The first is given up because somebody else was there before; the second is repeated.
    commit(store, 3, &[at(&key, 0)], &[put(&key, "other")]).await;
    assert_eq!(
        commit(store, 1, &[at(&key, 0)], &write).await,
        Committed::Conflict
    );
    assert_eq!(
        commit(store, 2, &[], &[put(&blind, "late")]).await,
        Committed::Applied
    );
    commit(store, 4, &[at(&key, 1)], &[delete(&key)]).await;
    commit(store, 5, &[], &[put(&blind, "newer")]).await;
    // The key is absent again, as the first commit expects it; and yet it has no chance.
    commit(store, 6, &[], &[put(&key, "third")]).await;
    assert_eq!(flaky.deliver(0).await, Ok(Some(Committed::Conflict)));
    assert_eq!(flaky.deliver(0).await, Ok(Some(Committed::Applied)));
    assert_eq!(flaky.deliver(0).await, Ok(None));
    assert_eq!(load(store, &key).await.expect("kept").body, b"third");
    assert_eq!(load(store, &blind).await.expect("kept").body, b"newer");
}

pub(crate) async fn ranges_are_ordered_bounded_and_of_one_owner<S: Store>(store: &Arc<S>) {
    let names = ["d", "b", "a", "c", "ba", "e"];
    let mut writes: Vec<Write> = names
        .iter()
        .map(|name| put(&grant(5, name), name))
        .collect();
    writes.extend([4, 6].map(|owner| put(&grant(owner, "b"), "other owner")));
    let other_kind = Key::owned(Kind::Device, Owner([5; 16]), b"b");
    writes.push(put(&other_kind, "other kind"));
    commit(store, 1, &[], &writes).await;
    let bounds = [
        ("", "", 9, "a b ba c d e"),
        ("", "", 2, "a b"),
        ("b", "", 9, "ba c d e"),
        ("b", "d", 9, "ba c d"),
        ("b", "cz", 2, "ba c"),
        ("a", "a", 9, ""),
        ("d", "b", 9, ""),
        ("e", "", 9, ""),
        ("", "", 0, ""),
    ];
    for (after, through, limit, expected) in bounds {
        let range = Range {
            kind: Kind::Grant,
            owner: Owner([5; 16]),
            after: after.as_bytes().to_vec(),
            through: through.as_bytes().to_vec(),
            limit,
        };
        let found = store
            .load(&[Need::Range(Box::new(range))])
            .await
            .expect("works")
            .pop();
        let Some(Loaded::Range { rows, head }) = found else {
            panic!("a range was asked for, and {found:?} came");
        };
        let keys = rows.iter().map(|row| String::from_utf8_lossy(&row.key.key));
        let found = keys.collect::<Vec<_>>().join(" ");
        assert_eq!(found, expected, "({after}, {through}], {limit}");
        assert_eq!(head, Revision(0), "nobody has moved the head");
    }
}

/// Adds `name` to the owner's grants unless there are `most` already, as a decision would.
fn add(records: &Records, owner: u8, name: &str, most: usize) -> Result<(bool, Written), Pause> {
    let mut desk = Desk::new(records);
    let range = Range {
        kind: Kind::Grant,
        owner: Owner([owner; 16]),
        after: Vec::new(),
        through: Vec::new(),
        limit: 100,
    };
    let there = desk.range::<Note>(&range)?.len();
    let key = grant(owner, name);
    let room = there < most && desk.get::<Note>(&key)?.is_none();
    if room {
        let text = name.to_owned();
        desk.put(key, &Note { text });
    }
    Ok((room, desk.into_written()))
}

/// What `add` wants to write, from what the store holds now.
async fn decide<S: Store>(store: &S, owner: u8, name: &str, most: usize) -> (bool, Written) {
    let mut records = Records::new();
    loop {
        match add(&records, owner, name, most) {
            Ok(decided) => return decided,
            Err(Pause::Read(needs)) => {
                let found = store.load(&needs).await.expect("the store works");
                for (need, found) in needs.into_iter().zip(found) {
                    records.add(need, found);
                }
            }
            Err(other) => panic!("{other}"),
        }
    }
}

pub(crate) async fn two_writers_of_one_range_never_miss_each_other<S: Store + 'static>(
    store: &Arc<S>,
) {
    // Each sees an empty range with room for one, and each adds another key.
    let (_, first) = decide(store, 5, "first", 1).await;
    let (_, second) = decide(store, 5, "second", 1).await;
    let result = store.commit(attempt(1), first).await;
    assert_eq!(result, Ok(Committed::Applied));
    let result = store.commit(attempt(2), second).await;
    assert_eq!(result, Ok(Committed::Conflict));
    assert!(!decide(store, 5, "second", 1).await.0);

    // Many at once: never more than there is room for, and no room is left over.
    let adders = (0..16_u128).map(|number| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            let mut tries = 0;
            loop {
                tries += 1;
                let (room, written) = decide(&store, 6, &format!("{number}"), 5).await;
                let id = attempt(1_000 * (number + 1) + tries);
                if !room || store.commit(id, written).await == Ok(Committed::Applied) {
                    return room;
                }
            }
        })
    });
    let mut added = 0;
    for adder in adders.collect::<Vec<_>>() {
        added += usize::from(adder.await.expect("no panic"));
    }
    assert_eq!(added, 5);
}

pub(crate) async fn writers_of_different_owners_do_not_meet<S: Store>(store: &Arc<S>) {
    let (_, first) = decide(store, 5, "a", 1).await;
    let (_, second) = decide(store, 6, "a", 1).await;
    assert_eq!(
        store.commit(attempt(1), first).await,
        Ok(Committed::Applied)
    );
    assert_eq!(
        store.commit(attempt(2), second).await,
        Ok(Committed::Applied)
    );
}

pub(crate) async fn large_values_and_any_bytes_come_back_as_they_were<S: Store>(store: &Arc<S>) {
    let large = vec![b'x'; 5 << 20];
    let odd: Vec<u8> = (0..=255).collect();
    let bodies = [large, odd, Vec::new(), "„ü\u{0}“ \n".into()];
    let names = ["large", "odd", "empty", "text"];
    let writes = names
        .map(token)
        .iter()
        .zip(&bodies)
        .map(|(key, body)| put_bytes(key, body))
        .collect::<Vec<_>>();
    assert_eq!(commit(store, 1, &[], &writes).await, Committed::Applied);
    for (name, body) in names.iter().zip(&bodies) {
        let row = load(store, &token(name)).await.expect("kept");
        assert!(row.body == *body, "{name} has changed");
        assert_eq!(row.format, 1);
    }
}

pub(crate) async fn every_load_is_one_snapshot<S: Store + 'static>(store: &Arc<S>) {
    let names: Vec<Key> = (0..8)
        .map(|number| grant(5, &format!("{number}")))
        .collect();
    let all_at = |round: u64| -> Vec<Write> {
        names
            .iter()
            .map(|key| put(key, &round.to_string()))
            .collect()
    };
    commit(store, 1, &[], &all_at(0)).await;
    let acknowledged = Arc::new(AtomicU64::new(0));
    let writer = {
        let (store, acknowledged) = (Arc::clone(store), Arc::clone(&acknowledged));
        let rounds: Vec<(u64, Vec<Write>)> = (1..200).map(|round| (round, all_at(round))).collect();
        tokio::spawn(async move {
            for (round, writes) in rounds {
                commit(&store, u128::from(round) + 1, &[], &writes).await;
                acknowledged.store(round, Ordering::SeqCst);
            }
        })
    };
    let mut needs: Vec<Need> = names.iter().cloned().map(Need::Record).collect();
    while !writer.is_finished() {
        let before = acknowledged.load(Ordering::SeqCst);
        let found = store.load(&needs).await.expect("the store works");
        let bodies = found.iter().map(|loaded| match loaded {
            Loaded::Record(Some(row)) => row.body.clone(),
            other => panic!("{other:?}"),
        });
        let mut bodies: Vec<Vec<u8>> = bodies.collect();
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "a mixture: {bodies:?}");
        let round: u64 = String::from_utf8_lossy(&bodies[0])
            .parse()
            .expect("a number");
        assert!(
            round >= before,
            "round {before} was acknowledged, {round} is here"
        );
        needs.reverse();
        tokio::task::yield_now().await;
    }
    writer.await.expect("no panic");
    assert_eq!(load(store, &names[0]).await.expect("kept").body, b"199");
}

pub(crate) async fn concurrent_counting_loses_nothing<S: Store + 'static>(store: &Arc<S>) {
    let counters = (0..8_u128).map(|number| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            let key = token("count");
            let mut id = number << 64;
            for _ in 0..25 {
                loop {
                    id += 1;
                    let before = load(&store, &key).await;
                    let count = before.as_ref().map_or(0, |row| row.body.len());
                    let revision = before.map_or(0, |row| row.revision.0);
                    let write = [put(&key, &"i".repeat(count + 1))];
                    let result = commit(&store, id, &[at(&key, revision)], &write).await;
                    if result == Committed::Applied {
                        break;
                    }
                }
            }
        })
    });
    for counter in counters.collect::<Vec<_>>() {
        counter.await.expect("no panic");
    }
    assert_eq!(
        load(store, &token("count")).await.expect("kept").body.len(),
        200
    );
    assert_eq!(revision(store, &token("count")).await, 200);
}
