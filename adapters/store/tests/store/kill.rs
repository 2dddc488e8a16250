//! A process that is killed in the middle of its commits loses nothing that it acknowledged.
//!
//! The test starts itself again as the process that writes: sixteen tasks, each commit of which
//! writes two records. It says what has been acknowledged, until it is killed; then the file is
//! opened and compared with what it said. Ten rounds, on the same file.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{RecvError, channel};
use std::thread::sleep;
use std::time::Duration;

use restante_core::record::{Key, Need};
use restante_store::sqlite::{Options, SqliteStore};
use restante_store::{Committed, Store};

use crate::suite::{at, commit, load, put, token};

#[test]
fn acknowledged_commits_survive_a_kill() {
    if let Some(path) = std::env::var_os(CHILD) {
        write_until_killed(Path::new(&path));
    }
    let dir = tempfile::tempdir().expect("a directory for the test");
    let path = dir.path().join("center.db");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for round in 0..10_u64 {
        let acknowledged = run_and_kill(&path, Duration::from_millis(10 + 35 * round));
        assert!(
            acknowledged.len() == TASKS,
            "round {round}: {acknowledged:?}"
        );
        let store = open(&path);
        for (task, count) in acknowledged {
            let held = runtime.block_on(counts(&store, task));
            // The one commit that was on its way may have been kept as well.
            let may_be = [[count; 2], [count + 1; 2]];
            assert!(
                may_be.contains(&held),
                "round {round}, task {task}: {count} but {held:?}"
            );
        }
    }
}

/// What each task had acknowledged when it was killed.
fn run_and_kill(path: &Path, after: Duration) -> BTreeMap<usize, u64> {
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args([
            "--exact",
            "kill::acknowledged_commits_survive_a_kill",
            "--nocapture",
        ])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let said = BufReader::new(child.stdout.take().expect("piped"));
    let (begun, all) = channel::<()>();
    let listener = std::thread::spawn(move || {
        let mut acknowledged = BTreeMap::new();
        let mut begun = Some(begun);
        for line in said.lines() {
            let line = line.expect("text");
            let mut words = line.split(' ');
            if words.next() == Some("acknowledged") {
                let mut number = || words.next().and_then(|word| word.parse().ok());
                // The last line may have been cut by the kill.
                if let (Some(task), Some(count), Some(0)) = (number(), number(), number()) {
                    acknowledged.insert(usize::try_from(task).expect("small"), count);
                }
                if acknowledged.len() == TASKS {
                    drop(begun.take());
                }
            }
        }
        acknowledged
    });
    // The other end is dropped once every task has spoken, or the child has ended.
    assert_eq!(all.recv(), Err(RecvError));
    sleep(after);
    child.kill().expect("killed");
    let status = child.wait().expect("ends");
    assert!(!status.success(), "it was killed, not done");
    listener.join().expect("no panic")
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, "center-a", Options::default()).expect("a sound store")
}

fn keys(task: usize) -> [Key; 2] {
    ["one", "two"].map(|name| token(&format!("{task} {name}")))
}

/// How often the task's two records have been written.
async fn counts(store: &SqliteStore, task: usize) -> [u64; 2] {
    let needs = keys(task).map(Need::Record);
    let found = store.load(&needs).await.expect("readable");
    assert_eq!(found.len(), 2);
    let [one, two] = keys(task);
    let count = async |key| load(store, key).await.map_or(0, |row| row.revision.0);
    [count(&one).await, count(&two).await]
}

/// What the child does: it never comes back.
fn write_until_killed(path: &Path) -> ! {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let store = Arc::new(open(path));
    for task in 0..TASKS {
        let store = Arc::clone(&store);
        runtime.spawn(async move {
            let [one, two] = keys(task);
            let body = format!("\"{}\"", "x".repeat(3_000));
            let [mut count, _] = counts(&store, task).await;
            say(task, count);
            loop {
                let expects = [at(&one, count), at(&two, count)];
                let writes = [put(&one, &body), put(&two, &body)];
                let id = u128::from(count) << 32 | task as u128;
                let result = commit(&*store, id, &expects, &writes).await;
                assert_eq!(result, Committed::Applied);
                count += 1;
                say(task, count);
            }
        });
    }
    loop {
        sleep(Duration::from_secs(60));
    }
}

fn say(task: usize, count: u64) {
    let line = format!("acknowledged {task} {count} 0\n");
    std::io::stdout().write_all(line.as_bytes()).expect("heard");
}

const TASKS: usize = 16;
const CHILD: &str = "RESTANTE_TEST_WRITES_TO";
