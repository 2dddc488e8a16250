//! What a provider's program lists where a part of its store is damaged.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use restante_center::KeyFile;
use restante_center::provider::init;
use restante_core::Timestamp;
use restante_core::id::{ApplicationId, AttemptId, DeviceId};
use restante_core::provider::{Pair, PairState};
use restante_core::record::{Change, Record, Write, Written};
use restante_store::sqlite::Options;
use restante_store::{Committed, SqliteStore, Store};

/// A device's pair as the store keeps it.
fn stored(device: u8, application: u8) -> Write {
    let pair = Pair {
        customer: None,
        application: ApplicationId::from_bytes([application; 16]),
        code: None,
        expires: Timestamp::from_millis(1),
        state: PairState::Open,
    };
    let service = "scan-cloud".parse().expect("an id");
    Write {
        key: Pair::key(DeviceId::from_bytes([device; 16]), &service),
        change: Change::Put {
            format: Pair::FORMAT,
            body: serde_json::to_vec(&pair).expect("JSON"),
        },
    }
}

/// A provider's folder, with three devices in its store: of one the bytes have changed since, and
/// one was written by nobody who knows the form.
async fn damaged(folder: &Path) {
    let made = init(folder, "localhost", Timestamp::EPOCH).expect("made");
    let center = KeyFile::read(&made.keys).expect("keys").center();
    fs::create_dir_all(folder.join("data")).expect("a folder");
    let path = folder.join("data/restante-provider.sqlite");
    let store = SqliteStore::open(&path, &center.to_string(), Options::default()).expect("new");
    let mut unknown = stored(3, 7);
    if let Change::Put { body, .. } = &mut unknown.change {
        *body = b"{}".to_vec();
    }
    let written = Written {
        expects: Vec::new(),
        writes: vec![stored(1, 5), stored(2, 6), unknown],
    };
    let attempt = AttemptId::from_bytes([1; 16]);
    let kept = store.commit(attempt, written).await;
    assert_eq!(kept, Ok(Committed::Applied));
    drop(store);
    let of_the_second = ApplicationId::from_bytes([6; 16]).to_string();
    let other = ApplicationId::from_bytes([9; 16]).to_string();
    let mut bytes = fs::read(&path).expect("a file");
    let length = of_the_second.len();
    let mut places = bytes.windows(length);
    let at = places.position(|it| it == of_the_second.as_bytes());
    let at = at.expect("the store keeps it as text");
    bytes[at..at + length].copy_from_slice(other.as_bytes());
    fs::write(&path, bytes).expect("written");
}

fn run(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_restante-provider"));
    let config = ["--config", "restante-provider.toml"];
    let command = command.current_dir(folder).args(words).args(config);
    command.output().expect("the program runs")
}

#[tokio::test]
async fn damaged_records_hide_nothing_but_themselves_and_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    damaged(folder.path()).await;
    let whole = DeviceId::from_bytes([1; 16]).to_string();
    let said = format!(
        "restante-provider: 2 damaged in data/restante-provider.sqlite, and left out: the checksum \
         of the record kind = 21 and owner = x'{}' and key = x'7363616e2d636c6f7564' does not fit; \
         the record of {} for scan-cloud: ",
        "02".repeat(16),
        DeviceId::from_bytes([3; 16]),
    );
    for words in [
        &["devices", "list"][..],
        &["devices", "list", "--json"],
        &["export"],
    ] {
        let output = run(folder.path(), words);
        let (shown, told) = (output.stdout, output.stderr);
        let (shown, told) = (
            String::from_utf8_lossy(&shown),
            String::from_utf8_lossy(&told),
        );
        assert_eq!(output.status.code(), Some(1), "{words:?}: {told}");
        assert_eq!(shown.matches("dev-").count(), 1, "{words:?}: {shown}");
        assert!(shown.contains(&whole), "{words:?}: {shown}");
        assert!(told.starts_with(&said), "{words:?}: {told}");
        let remedy = "; stop the server and restore that file from a backup\n";
        assert!(told.ends_with(remedy), "{words:?}: {told}");
    }
}
