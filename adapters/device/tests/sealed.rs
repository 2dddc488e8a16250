//! The program on a line without TLS: a whole life in sealed envelopes with a center that listens
//! for nothing else, and what is kept of it.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};

use restante_center::{Running, Setup};
use restante_core::carrier::Carrier;
use restante_core::center::{Call, Center, Credential, Keys, Message, Policy, Reply, Source};
use restante_core::device::Kept;
use restante_core::id::{CorrelationId, UserName};
use restante_core::registrant::KeptError;
use restante_core::wire::people::{IssueCode, PeopleReply, PeopleRequest};
use restante_crypto::RingCrypto;
use restante_device::memory::{Memory, MemoryError, StateFile, read};
use restante_store::{Driver, MemoryStore};

type Place = Running<Center<RingCrypto>, MemoryStore>;

async fn center() -> Place {
    let keys = Keys::new([1; 32], vec![(1, [2; 32])]).expect("one master key");
    let center = Center::new(RingCrypto, keys, Policy::default());
    let setup = Setup::new(Driver::new(center, MemoryStore::new()));
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    setup.sealed(address).start().await.expect("started")
}

async fn issue(place: &Place) -> String {
    let issue = IssueCode {
        user: UserName::new("Anna Weber").expect("a name"),
        validity: None,
        limit: None,
        note: None,
    };
    let answer = place.driver().call(Call {
        source: Source {
            address: None,
            correlation: CorrelationId::from_bytes([0; 16]),
        },
        presented: Credential::Console,
        message: Message::People(PeopleRequest::IssueCode(issue)),
    });
    match answer.await.expect("an answer").outcome {
        Ok(Reply::People(PeopleReply::CodeIssued(issued))) => issued.code,
        other => panic!("{other:?}"),
    }
}

/// Runs the program beside the center, which is in this process.
async fn program(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_restante-device"));
    command.env_remove("RESTANTE_CODE");
    command.env_remove("RESTANTE_STATE");
    command.args(args).args(["--patience", "60"]);
    let run = tokio::task::spawn_blocking(move || command.output());
    run.await.expect("it ends").expect("the program runs")
}

async fn done(args: &[&str]) {
    let output = program(args).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {said}");
}

/// What is kept of envelopes in this state file.
fn counters(state: &Path) -> Carrier<RingCrypto> {
    let file = StateFile::open(state).expect("nobody has it");
    let kept = file.carrier().read().expect("it is sound");
    Carrier::new(RingCrypto, Some(kept.expect("it was kept")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_lives_a_whole_life_in_envelopes_over_plain_http() {
    let place = center().await;
    let url = format!("http://{}", place.sealed()[0]);
    let code = issue(&place).await;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("device.state");
    let state = path.to_str().expect("a path");
    done(&[
        "enrol",
        "--sealed",
        "--center",
        &url,
        "--code",
        &code,
        "--serial",
        "D10010101",
        "--state",
        state,
    ])
    .await;
    let enrolled = counters(&path).kept();
    done(&[
        "run",
        "--sealed",
        "--state",
        state,
        "--copy-sheets",
        "100",
        "--until-reported",
    ])
    .await;
    assert_ne!(counters(&path).kept(), enrolled, "each boot has a block");
    done(&["rotate", "--sealed", "--state", state]).await;
    let kept = read(&path, Kept::from_bytes).expect("sound");
    assert!(kept.is_some());
    done(&["leave", "--sealed", "--state", state]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_word_nothing_is_sealed_and_no_code_goes_to_another_machine() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("device.state");
    let state = path.to_str().expect("a path");
    let place = center().await;
    let code = issue(&place).await;
    let url = "http://center.example";
    let enrol = [
        "enrol",
        "--center",
        url,
        "--code",
        &code,
        "--serial",
        "D10010101",
        "--state",
        state,
    ];
    let output = program(&enrol).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("center.example is another machine"), "{said}");
    assert!(!path.exists(), "nothing was kept");
}

#[test]
fn what_a_machine_keeps_and_what_is_kept_of_envelopes_stay_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("device.state");
    let kept = Carrier::new(RingCrypto, None).kept();
    let mut file = StateFile::open(&path).expect("opened");
    file.keep(b"{1}\nsum\n").expect("kept");
    assert_eq!(file.carrier().read().expect("sound"), None);
    file.carrier().keep(&kept).expect("kept");
    file.keep(b"{2}\nsum\n").expect("kept");
    drop(file);
    let mut file = StateFile::open(&path).expect("opened");
    let machine = |bytes: &[u8]| Ok::<_, KeptError>(bytes.to_vec());
    let read = file.read(machine).expect("readable");
    assert_eq!(read.as_deref(), Some(&b"{2}\nsum\n"[..]));
    assert_eq!(file.carrier().read().expect("sound"), Some(kept));
    file.keep(b"{3}\nsum\n").expect("kept");
    drop(file);
    let file = StateFile::open(&path).expect("opened");
    assert_eq!(file.carrier().read().expect("sound"), Some(kept));
    drop(file);
    let mut bytes = std::fs::read(&path).expect("there");
    let last = bytes.len() - 5;
    bytes[last] ^= 1;
    std::fs::write(&path, bytes).expect("written");
    let file = StateFile::open(&path).expect("opened");
    let damaged = file.carrier().read();
    assert!(
        matches!(damaged, Err(MemoryError::Unfit { .. })),
        "{damaged:?}"
    );
}

#[test]
fn what_cannot_be_kept_of_envelopes_leaves_what_was_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("device.state");
    let mut file = StateFile::open(&path).expect("opened");
    file.keep(b"{1}\nsum\n").expect("kept");
    // A folder in the new file's place: it can be neither created nor replaced.
    std::fs::create_dir(folder.path().join("device.state.new")).expect("a folder");
    let kept = Carrier::new(RingCrypto, None).kept();
    assert!(file.carrier().keep(&kept).is_err());
    assert_eq!(file.carrier().read().expect("sound"), None);
}
