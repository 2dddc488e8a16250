//! The store in SQLite keeps the port, and what only a file can be asked: reopening, locking,
//! groups of commits, damage, other people's files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::suite::{at, attempt, commit, delete, grant, load, put, token};
use restante_core::record::Need;
use restante_core::record::Written;
use restante_store::sqlite::{OpenError, Options, SqliteStore};
use restante_store::{Committed, Store, StoreError};
use tempfile::TempDir;

crate::suite::stores_keep_the_port!({
    let dir = dir();
    (open(&dir).expect("a fresh store"), dir)
});

mod without_a_cache {
    //! The same without a cache: every load goes to the file.

    use super::{dir, open_with};
    use restante_store::sqlite::Options;

    crate::suite::stores_keep_the_port!({
        let dir = dir();
        let options = Options { cache_bytes: 0 };
        (
            open_with(&dir, "center-a", options).expect("a fresh store"),
            dir,
        )
    });
}

pub(crate) fn dir() -> TempDir {
    tempfile::tempdir().expect("a directory for the test")
}

pub(crate) fn file(dir: &TempDir) -> PathBuf {
    dir.path().join("center.db")
}

pub(crate) fn open(dir: &TempDir) -> Result<SqliteStore, OpenError> {
    open_with(dir, "center-a", Options::default())
}

fn open_with(dir: &TempDir, center: &str, options: Options) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(&file(dir), center, options)
}

fn refusal(result: Result<SqliteStore, OpenError>) -> String {
    result.expect_err("a refusal").to_string()
}

/// All files of the store but the lock, with what is in them.
fn bytes(dir: &TempDir) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(dir.path()).expect("the directory is there");
    let mut files: Vec<(PathBuf, Vec<u8>)> = entries
        .map(|entry| entry.expect("readable").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|it| it == "db" || it == "db-wal")
        })
        .map(|path| (path.clone(), fs::read(&path).expect("readable")))
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn what_was_committed_is_there_after_reopening_attempts_and_revisions_included() {
    let dir = dir();
    let (kept, gone) = (token("kept"), token("gone"));
    {
        let store = open(&dir).expect("a fresh store");
        commit(&store, 1, &[], &[put(&kept, "x"), put(&gone, "x")]).await;
        commit(&store, 2, &[], &[put(&kept, "y"), put(&gone, "y")]).await;
        commit(&store, 3, &[], &[delete(&gone)]).await;
    }
    let store = open(&dir).expect("the same store");
    let row = load(&store, &kept).await.expect("kept");
    assert_eq!((row.revision.0, row.body.as_slice()), (2, b"y".as_slice()));
    assert_eq!(
        commit(&store, 2, &[], &[put(&kept, "z")]).await,
        Committed::Applied
    );
    assert_eq!(load(&store, &kept).await.expect("kept").body, b"y");
    commit(&store, 4, &[], &[put(&gone, "z")]).await;
    assert_eq!(load(&store, &gone).await.expect("back").revision.0, 3);
}

#[tokio::test]
async fn a_store_that_is_closed_is_one_file_and_its_lock() {
    let dir = dir();
    let store = open(&dir).expect("a fresh store");
    commit(&store, 1, &[], &[put(&token("a"), "x")]).await;
    load(&store, &token("a")).await.expect("kept");
    load(&store, &token("b")).await;
    drop(store);
    let entries = fs::read_dir(dir.path()).expect("the directory is there");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("readable").file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["center.db", "center.db.lock"]);
}

#[tokio::test]
async fn a_store_that_is_open_is_not_opened_twice() {
    let dir = dir();
    let store = open(&dir).expect("a fresh store");
    let says = refusal(open(&dir));
    assert_eq!(
        says,
        format!(
            "the store {} is in use by process {}; stop that one first",
            file(&dir).display(),
            std::process::id()
        )
    );
    drop(store);
    assert!(open(&dir).is_ok());
}

#[tokio::test]
async fn a_store_is_free_when_it_was_dropped_though_programs_are_being_started() {
    let dir = dir();
    let starter = std::thread::spawn(|| {
        for _ in 0..150 {
            let mut program = std::process::Command::new("true");
            assert!(program.status().is_ok_and(|status| status.success()));
        }
    });
    while !starter.is_finished() {
        drop(open(&dir).expect("nobody has it"));
    }
    starter.join().expect("no panic");
}

#[tokio::test]
async fn another_centers_store_is_refused_and_stays_as_it_was() {
    let dir = dir();
    let store = open(&dir).expect("a fresh store");
    commit(&store, 1, &[], &[put(&token("a"), "x")]).await;
    drop(store);
    let before = bytes(&dir);
    let says = refusal(open_with(&dir, "center-b", Options::default()));
    assert!(says.contains("belongs to the center center-a, and this is the center center-b"));
    assert_eq!(bytes(&dir), before);
}

#[tokio::test]
async fn a_newer_store_and_other_files_are_refused_and_stay_as_they_were() {
    let wal = |connection: &rusqlite::Connection| {
        connection
            .pragma_update(None, "journal_mode", "wal")
            .expect("wal");
    };
    let newer = dir();
    drop(open(&newer).expect("a fresh store"));
    let connection = rusqlite::Connection::open(file(&newer)).expect("opens");
    connection
        .pragma_update(None, "user_version", 99)
        .expect("written");
    drop(connection);
    let elses = dir();
    let connection = rusqlite::Connection::open(file(&elses)).expect("opens");
    wal(&connection);
    connection
        .execute_batch("CREATE TABLE cat(name)")
        .expect("written");
    drop(connection);
    let text = dir();
    fs::write(
        file(&text),
        "not a database, but somebody's diary".repeat(99),
    )
    .expect("written");
    for (dir, words) in [
        (newer, "has form 99, and this program knows up to 1"),
        (elses, "is not a Restante store"),
        (text, "is not a Restante store"),
    ] {
        let before = bytes(&dir);
        let says = refusal(open(&dir));
        assert!(says.contains(words), "{says}");
        assert!(!says.contains('\n'), "{says}");
        assert_eq!(bytes(&dir), before);
    }
}

/// A store with some hundred pages.
async fn filled(dir: &TempDir) {
    let store = open(dir).expect("a fresh store");
    let keys: Vec<_> = (0..2_000)
        .map(|number| token(&format!("{number:04}")))
        .collect();
    let writes: Vec<_> = keys
        .iter()
        .map(|key| put(key, &"body ".repeat(40)))
        .collect();
    commit(&store, 1, &[], &writes).await;
}

#[tokio::test]
async fn a_store_that_was_cut_short_is_refused_and_stays_as_it_was() {
    for part in [2, 3, 10] {
        let dir = dir();
        filled(&dir).await;
        let length = fs::metadata(file(&dir)).expect("there").len();
        let handle = fs::OpenOptions::new()
            .write(true)
            .open(file(&dir))
            .expect("opens");
        handle.set_len(length - length / part).expect("cut");
        drop(handle);
        let before = bytes(&dir);
        let says = refusal(open(&dir));
        assert!(
            says.contains("is damaged") || says.contains("is not a Restante store"),
            "{says}"
        );
        assert!(!says.contains('\n'), "{says}");
        assert_eq!(bytes(&dir), before);
    }
}

#[tokio::test]
async fn a_flipped_bit_is_never_read_as_truth() {
    let dir = dir();
    filled(&dir).await;
    let sound = fs::read(file(&dir)).expect("readable");
    let mut refused = 0;
    // A prime step, so that every part of a page is hit.
    let places: Vec<usize> = (0..sound.len()).step_by(7_919).collect();
    for place in &places {
        let mut flipped = sound.clone();
        flipped[*place] ^= 0x10;
        fs::write(file(&dir), &flipped).expect("written");
        let Ok(store) = open(&dir) else {
            refused += 1;
            assert_eq!(
                fs::read(file(&dir)).expect("readable"),
                flipped,
                "at {place}"
            );
            continue;
        };
        // The flip was in a part of a page that holds nothing.
        for number in 0..2_000 {
            let row = load(&store, &token(&format!("{number:04}"))).await;
            let body = row.expect("every record is there").body.clone();
            assert_eq!(body, "body ".repeat(40).as_bytes(), "bit at {place}");
        }
    }
    assert!(refused > places.len() / 2, "{refused} of {}", places.len());
}

#[tokio::test]
async fn a_row_that_is_not_what_was_written_is_named_and_not_believed() {
    let dir = dir();
    let store = open(&dir).expect("a fresh store");
    commit(&store, 1, &[], &[put(&token("a"), r#"{"used":1}"#)]).await;
    let shell = rusqlite::Connection::open(file(&dir)).expect("opens");
    shell
        .execute_batch(r#"UPDATE record SET body = '{"used":0}'"#)
        .expect("edited by hand");
    let needs = [Need::Record(token("a"))];
    let error = store.load(&needs).await.expect_err("damaged");
    assert_eq!(
        error.to_string(),
        "the store is damaged: the checksum of the record kind = 2 and \
         owner = x'00000000000000000000000000000000' and key = x'61' does not fit; \
         restore it from an export or a backup"
    );
    drop((store, shell));
    let says = refusal(open(&dir));
    assert!(
        says.contains("is damaged: the checksum of the record kind = 2"),
        "{says}"
    );
}

#[tokio::test]
async fn waiting_commits_share_one_sync() {
    let dir = dir();
    let store = Arc::new(open(&dir).expect("a fresh store"));
    let clients = (0..64_u128).map(|number| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for round in 0..20 {
                let key = token(&format!("{number}"));
                let id = number * 100 + round;
                let revision = u64::try_from(round).expect("small");
                let result = commit(&store, id, &[at(&key, revision)], &[put(&key, "x")]).await;
                assert_eq!(result, Committed::Applied);
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("no panic");
    }
    let figures = store.figures();
    assert_eq!(figures.commits, 64 * 20);
    assert!(
        figures.groups * 4 < figures.commits,
        "{} commits in {} groups",
        figures.commits,
        figures.groups
    );
}

#[tokio::test]
async fn one_commit_of_a_group_that_conflicts_does_not_harm_the_others() {
    let dir = dir();
    let store = open(&dir).expect("a fresh store");
    let good_writes = [put(&token("a"), "x")];
    let good = commit(&store, 1, &[], &good_writes);
    let bad_writes = [put(&token("b"), "x"), put(&token("a"), "y")];
    let bad_expects = [at(&token("a"), 9)];
    let bad = commit(&store, 2, &bad_expects, &bad_writes);
    let last_writes = [put(&token("c"), "x")];
    let last = commit(&store, 3, &[], &last_writes);
    let results = tokio::join!(good, bad, last);
    let expected = (Committed::Applied, Committed::Conflict, Committed::Applied);
    assert_eq!(results, expected);
    assert_eq!(load(&store, &token("b")).await, None);
    assert!(load(&store, &token("c")).await.is_some());
}

#[tokio::test]
async fn what_is_asked_again_comes_from_memory_and_is_never_stale() {
    let dir = dir();
    let store = open(&dir).expect("a fresh store");
    let key = grant(5, "a");
    commit(&store, 1, &[], &[put(&key, "0")]).await;
    for round in 1..50_u32 {
        load(&store, &key).await.expect("kept");
        let before = store.figures();
        load(&store, &key).await.expect("kept");
        assert_eq!(store.figures().misses, before.misses, "round {round}");
        commit(
            &store,
            u128::from(round) + 1,
            &[],
            &[put(&key, &round.to_string())],
        )
        .await;
        let row = load(&store, &key).await.expect("kept");
        assert_eq!(row.body, round.to_string().as_bytes());
    }
}

#[tokio::test]
async fn what_is_at_hand_is_what_a_load_would_find() {
    let dir = dir();
    let store = open(&dir).expect("a fresh store");
    let (here, absent) = (grant(5, "a"), grant(5, "b"));
    let at_hand = store.at_hand().expect("a store with a cache");
    assert_eq!(at_hand.row(&here), None, "nothing is known yet");
    for round in 1..20_u32 {
        let text = round.to_string();
        commit(&store, round.into(), &[], &[put(&here, &text)]).await;
        let loaded = load(&store, &here).await;
        assert_eq!(load(&store, &absent).await, None);
        let row = at_hand.row(&here).expect("known");
        assert_eq!(row, loaded);
        assert_eq!(row.map(|row| row.body.clone()), Some(text.into_bytes()));
        assert_eq!(at_hand.row(&absent), Some(None));
        let both = at_hand.rows(&[&absent, &here]).expect("both are known");
        assert_eq!(both, [None, loaded]);
        assert_eq!(at_hand.rows(&[&here, &grant(5, "c")]), None);
    }
}

#[tokio::test]
async fn a_full_disk_acknowledges_nothing_and_the_store_goes_on_afterwards() {
    let Some(disk) = SmallDisk::mount() else {
        let why = "this system does not let a test mount a small disk";
        assert!(std::env::var_os("RESTANTE_CI").is_none(), "{why}");
        eprintln!("skipped: {why}");
        return;
    };
    let path = disk.path().join("center.db");
    let store = SqliteStore::open(&path, "center-a", Options::default()).expect("a fresh store");
    let body = "x".repeat(64 << 10);
    let mut kept = 0;
    let full = loop {
        let written = Written {
            expects: Vec::new(),
            writes: vec![put(&token(&kept.to_string()), &body)],
        };
        match store.commit(attempt(kept), written).await {
            Ok(Committed::Applied) => kept += 1,
            other => break other,
        }
    };
    assert_eq!(full, Err(StoreError::Full), "after {kept} commits");
    assert_eq!(load(&store, &token(&kept.to_string())).await, None);
    for number in 0..kept {
        assert!(
            load(&store, &token(&number.to_string())).await.is_some(),
            "{number}"
        );
    }
    fs::remove_file(disk.path().join("ballast")).expect("room is made");
    assert_eq!(
        commit(&store, 10_000, &[], &[put(&token("a"), "x")]).await,
        Committed::Applied
    );
}

/// A disk of a few megabytes with some ballast on it, where the system lets a test mount one.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let dir = dir();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=4m", "restante-test"])
            .arg(dir.path())
            .stderr(std::process::Stdio::null())
            .status();
        let disk = mounted
            .ok()
            .filter(|status| status.success())
            .map(|_| Self(dir))?;
        fs::write(disk.path().join("ballast"), vec![1; 1 << 20]).expect("ballast");
        Some(disk)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A test directory that stays mounted is not worth a second panic.
        let _ = std::process::Command::new("umount")
            .arg("-l")
            .arg(self.path())
            .status();
    }
}
