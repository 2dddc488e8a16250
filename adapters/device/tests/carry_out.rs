//! What a gateway hands to a child of its LAN, over real connections; and what a running program
//! leaves word of.

use std::time::Duration;

use restante_core::gateway::{Ask, Input};
use restante_core::id::{DeviceId, InstructionId, LanAddress};
use restante_core::wire::site::{CarriedOut, CarryOut};
use restante_core::wire::{Act, ActResult, Function, FunctionSet, Identification, json};
use restante_device::act::Errand;
use restante_device::child::Child;
use restante_device::driver::Neighbours;
use restante_device::memory::{Memory, StateFile, under_way};
use restante_device::site::Lan;
use restante_device::trial;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// A child that listens, and where.
async fn child() -> LanAddress {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    let me = Identification {
        vendor: "ACME".parse().expect("a vendor"),
        model: "M1001".parse().expect("a model"),
        serial: "D10010101".parse().expect("a serial number"),
        functions: FunctionSet::new([Function::Printer]).expect("a function"),
    };
    let child = Child::new(me, trial::status(None).expect("no count"), 1);
    tokio::spawn(child.serve(listener, std::future::pending()));
    LanAddress::new(address).expect("an address")
}

fn order(n: u8) -> CarryOut {
    let acts = r#"[{"notify":{"text":"Service is coming"}},{"fold-paper":{"times":3}}]"#;
    let acts: Vec<Act> = json::parse(acts.as_bytes()).expect("two acts");
    CarryOut::of(InstructionId::from_bytes([n; 16]), 0, acts).expect("two acts")
}

/// Hands an order to whoever is at this address; what comes of it within some seconds.
async fn hand(address: Option<LanAddress>, order: CarryOut) -> Option<CarriedOut> {
    // It is installed already where another test came first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (inbox, mut inputs) = mpsc::channel(4);
    let mut lan = Lan::new(false, Vec::new()).expect("an HTTP client");
    let device = DeviceId::from_bytes([7; 16]);
    let child = Ask { device, address };
    lan.run(Errand::Hand(child, Box::new(order)), &inbox);
    drop(inbox);
    let input = tokio::time::timeout(Duration::from_secs(30), inputs.recv());
    match input.await.expect("it ends") {
        Some(Input::CarriedOut { device: of, done }) => {
            assert_eq!(of, device);
            Some(*done)
        }
        Some(other) => panic!("unexpected {other:?}"),
        None => None,
    }
}

#[tokio::test]
async fn a_child_shows_a_message_and_rejects_what_it_does_not_know_by_name() {
    let done = hand(Some(child().await), order(1)).await.expect("answered");
    assert_eq!(done.id, order(1).id);
    let [shown, rejected] = done.results.as_slice() else {
        panic!("a result for each act: {done:?}");
    };
    assert_eq!(*shown, ActResult::DONE);
    let expected = order(1);
    let fold = expected.acts.as_slice().last().expect("two acts");
    assert_eq!(*rejected, ActResult::unknown_kind(fold));
}

#[tokio::test]
async fn the_same_order_again_gets_the_same_answer() {
    let address = child().await;
    let first = hand(Some(address.clone()), order(1)).await;
    // It is known by its id: other acts under it are not carried out.
    let acts: Vec<Act> = json::parse(br#"[{"fold-paper":{}}]"#).expect("an act");
    let again = CarryOut::of(InstructionId::from_bytes([1; 16]), 0, acts).expect("an act");
    assert_eq!(hand(Some(address.clone()), again).await, first);
    let other = hand(Some(address), order(2)).await.expect("answered");
    assert_eq!(other.id, order(2).id);
}

#[tokio::test]
async fn a_child_that_cannot_be_reached_says_nothing() {
    let nobody = LanAddress::new("127.0.0.1:9").expect("an address");
    assert_eq!(hand(Some(nobody), order(1)).await, None);
    assert_eq!(hand(None, order(1)).await, None);
}

#[test]
fn what_is_under_way_is_known_while_the_program_runs_and_not_after() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("device.state");
    let mut file = StateFile::open(&path).expect("the first");
    assert_eq!(under_way(&path), "");
    file.note("instruction one\n");
    assert_eq!(under_way(&path), "instruction one\n");
    file.note("");
    assert_eq!(under_way(&path), "");
    file.note("instruction two\n");
    drop(file);
    assert_eq!(under_way(&path), "");

    // What a program left that was killed says nothing of the next one.
    std::fs::write(folder.path().join("device.state.instructions"), "stale\n").expect("written");
    let _file = StateFile::open(&path).expect("the next");
    assert_eq!(under_way(&path), "");
}
