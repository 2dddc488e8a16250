//! What durability costs: a handler that does nothing but have rows inserted.

use std::path::Path;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use rusqlite::{Connection, Transaction};
use tokio::sync::{mpsc, oneshot};

use crate::Failure;

/// Rows to insert in one go, and whom to tell once they are durable.
struct Job {
    body: Bytes,
    done: oneshot::Sender<()>,
}

/// Answers 201 to an enrolment once `rows` rows of these sizes are durable in a database in
/// `folder`.
pub(crate) fn router(folder: &Path, rows: Vec<usize>) -> Result<Router, Failure> {
    let connection = open(&folder.join("baseline.db"))?;
    let (queue, jobs) = mpsc::channel(4_096);
    std::thread::spawn(move || insert(connection, jobs, &rows));
    let handler = move |body: Bytes| {
        let queue = queue.clone();
        async move {
            let (done, durable) = oneshot::channel();
            let sent = queue.send(Job { body, done }).await.is_ok();
            if sent && durable.await.is_ok() {
                StatusCode::CREATED
            } else {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    };
    Ok(Router::new().route("/v1/enrolments", post(handler)))
}

/// Inserts rows of these sizes in each of so many transactions, synced one by one; how long it
/// took.
pub(crate) fn chunks(file: &Path, rows: &[usize], count: usize) -> Result<Duration, Failure> {
    let mut connection = open(file)?;
    let mut random = fastrand::Rng::new();
    let text = "x".repeat(rows.iter().copied().max().unwrap_or_default());
    let begun = Instant::now();
    for _ in 0..count {
        let transaction = connection.transaction()?;
        insert_rows(&transaction, &mut random, &text, rows)?;
        transaction.commit()?;
    }
    Ok(begun.elapsed())
}

/// A database with the settings and the table of the center's.
fn open(file: &Path) -> Result<Connection, Failure> {
    let connection = Connection::open(file)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE record (kind INTEGER, owner BLOB, key BLOB, revision INTEGER,
           format INTEGER, body TEXT, PRIMARY KEY (kind, owner, key)) WITHOUT ROWID;",
    )?;
    Ok(connection)
}

/// Takes all that wait, inserts them in one transaction, syncs once, tells everybody.
fn insert(mut connection: Connection, mut jobs: mpsc::Receiver<Job>, rows: &[usize]) {
    let mut waiting = Vec::new();
    let mut random = fastrand::Rng::new();
    while jobs.blocking_recv_many(&mut waiting, 4_096) > 0 {
        let inserted = connection.transaction().and_then(|transaction| {
            for job in &waiting {
                let text = String::from_utf8_lossy(&job.body);
                insert_rows(&transaction, &mut random, &text, rows)?;
            }
            transaction.commit()
        });
        if let Err(error) = inserted {
            panic!("the baseline cannot insert: {error}");
        }
        for job in waiting.drain(..) {
            // A client that has gone does not want to know.
            let _ = job.done.send(());
        }
    }
}

/// Rows of these sizes, made of `text`.
fn insert_rows(
    transaction: &Transaction<'_>,
    random: &mut fastrand::Rng,
    text: &str,
    rows: &[usize],
) -> rusqlite::Result<()> {
    let mut statement =
        transaction.prepare_cached("INSERT INTO record VALUES (?1, ?2, ?3, 1, 1, ?4)")?;
    for (kind, size) in (1_i64..).zip(rows) {
        let key = random.u128(..).to_be_bytes();
        let body = text.chars().cycle().take(*size).collect::<String>();
        statement.execute((kind, &key[..], &key[..], body))?;
    }
    Ok(())
}
