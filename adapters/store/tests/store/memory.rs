//! The store in memory keeps the port, and outlives a simulated crash as one value.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::suite::{at, attempt, commit, load, put, token};
use restante_store::crash::{Fate, Flaky, Operation};
use restante_store::{Committed, MemoryStore, StoreError};

crate::suite::stores_keep_the_port!((MemoryStore::new(), ()));

#[tokio::test]
async fn what_is_held_can_be_put_into_a_new_store() {
    let store = MemoryStore::new();
    commit(&store, 1, &[], &[put(&token("a"), "x")]).await;
    let disk = store.held();
    commit(
        &store,
        2,
        &[],
        &[put(&token("a"), "lost with the old store")],
    )
    .await;
    let again = MemoryStore::with(disk);
    assert_eq!(load(&again, &token("a")).await.expect("kept").body, b"x");
    let repeated = commit(&again, 1, &[at(&token("a"), 0)], &[put(&token("a"), "y")]).await;
    assert_eq!(repeated, Committed::Applied, "the attempt is known there");
    assert_eq!(load(&again, &token("a")).await.expect("kept").body, b"x");
}

#[tokio::test]
async fn a_crash_never_answers_and_keeps_all_or_nothing() {
    for (fate, kept) in [(Fate::CrashBefore, false), (Fate::CrashAfter, true)] {
        let flaky = Flaky::new(MemoryStore::new(), |operation| match operation {
            Operation::Commit(..) => fate.clone(),
            Operation::Load(_) => Fate::Done,
        });
        let key = token("a");
        assert!(!is_over(commit(&flaky, 1, &[], &[put(&key, "x")])));
        assert_eq!(load(&flaky, &key).await.is_some(), kept);
    }
}

#[tokio::test]
async fn a_store_that_fails_does_nothing() {
    use restante_store::Store;
    let flaky = Flaky::new(MemoryStore::new(), |_| Fate::Failed(StoreError::Full));
    let written = restante_core::record::Written {
        expects: Vec::new(),
        writes: vec![put(&token("a"), "x")],
    };
    let result = flaky.commit(attempt(1), written).await;
    assert_eq!(result, Err(StoreError::Full));
    assert_eq!(flaky.load(&[]).await, Err(StoreError::Full));
    assert_eq!(load(flaky.behind(), &token("a")).await, None);
}

/// Whether a call ends without anybody having to wake it.
fn is_over<F: Future>(future: F) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    matches!(pin!(future).poll(&mut context), Poll::Ready(_))
}
