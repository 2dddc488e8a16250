//! The general call for real: children in a network namespace of their own, joined to the gateway's
//! by a veth pair, found by multicast DNS and asked over HTTP.
//!
//! It needs root and iproute2, and says so where it has not got them; in CI it fails there.

mod scripted;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use restante_core::gateway::{ChildState, Gateway, Input};
use restante_core::wire::DeviceRequest;
use restante_crypto::RingCrypto;
use restante_device::act::Milestone;
use restante_device::site::Lan;
use restante_device::{Driver, Ended, Until};

use scripted::{Center, Event, Noted, Trace, center, code};

#[tokio::test]
async fn children_on_another_host_are_found_enrolled_and_reported() {
    if let Err(why) = Network::possible() {
        assert!(std::env::var_os("RESTANTE_CI").is_none(), "{why}");
        eprintln!("skipped: {why}");
        return;
    }
    // A second provider of TLS in one process is refused, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let network = Network::new();
    let children = [
        network.child("G10010101", "100"),
        network.child("G10020102", "140"),
    ];

    let trace = Trace::default();
    let line = Center {
        trace: Arc::clone(&trace),
        loses: Mutex::new(0),
    };
    let lan = Lan::new(true, Vec::new()).expect("multicast DNS");
    let memory = Noted(Arc::clone(&trace));
    let mut gateway = Driver::new(Gateway::new(RingCrypto, None), memory, line, lan);
    gateway.give(Input::Booted { kept: None }).expect("on");
    let entered = Input::CodeEntered {
        code: code(),
        center: center(),
    };
    gateway.give(entered).expect("taken");
    let until = Until::Reached(Milestone::Reported);
    let patience = Some(Duration::from_secs(60));
    let ended = gateway.run(until, patience, std::future::pending()).await;
    assert_eq!(ended.expect("it runs"), Ended::Reached);

    let known = gateway.machine().children();
    for serial in ["G10010101", "G10020102"] {
        let child = known
            .iter()
            .find(|it| it.identification.serial.as_str() == serial);
        let child = child.unwrap_or_else(|| panic!("{serial} was not found among {known:?}"));
        assert!(matches!(child.state, ChildState::Registered(_)));
    }
    let sheets = reported_sheets(&trace);
    assert!(sheets.contains(&100) && sheets.contains(&140), "{sheets:?}");
    drop(children);
}

/// The copy sheets of all reports.
fn reported_sheets(trace: &Trace) -> Vec<u64> {
    let trace = trace.lock().expect("whole");
    let reports = trace.iter().filter_map(|event| match event {
        Event::Sent(DeviceRequest::ReportStatus(report)) => Some(&report.reports),
        _ => None,
    });
    let copies = reports
        .flatten()
        .filter_map(|it| it.counters.services.copy.as_ref());
    let sheets = copies.filter_map(|copy| copy.media_sheets_completed);
    sheets.map(|count| count.get()).collect()
}

/// A veth pair: one end here, one in a namespace of its own.
struct Network {
    name: String,
}

impl Network {
    fn possible() -> Result<(), &'static str> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let root = status.lines().any(|line| line.starts_with("Uid:\t0\t"));
        if !root {
            return Err("a network namespace needs root");
        }
        let ip = Command::new("ip").args(["netns", "list"]).output();
        if !ip.is_ok_and(|ip| ip.status.success()) {
            return Err("a network namespace needs ip (iproute2)");
        }
        Ok(())
    }

    fn new() -> Self {
        // Interface names have 15 characters; the process id keeps two runs apart.
        let name = format!("rst{}", std::process::id() % 1_000_000);
        let network = Self { name };
        let (ns, here, there) = (network.name.clone(), network.here(), network.there());
        ip(&["netns", "add", &ns]);
        ip(&["link", "add", &here, "type", "veth", "peer", "name", &there]);
        ip(&["link", "set", &there, "netns", &ns]);
        ip(&["address", "add", &format!("{HERE}/24"), "dev", &here]);
        ip(&["link", "set", &here, "up"]);
        ip(&[
            "-n",
            &ns,
            "address",
            "add",
            &format!("{THERE}/24"),
            "dev",
            &there,
        ]);
        ip(&["-n", &ns, "link", "set", "lo", "up"]);
        ip(&["-n", &ns, "link", "set", &there, "up"]);
        ip(&["-n", &ns, "route", "add", "default", "dev", &there]);
        network
    }

    fn here(&self) -> String {
        format!("{}a", self.name)
    }

    fn there(&self) -> String {
        format!("{}b", self.name)
    }

    /// A trial child on the other side, once it listens.
    fn child(&self, serial: &str, copy_sheets: &str) -> Running {
        let program = env!("CARGO_BIN_EXE_restante-device");
        let listen = format!("{THERE}:0");
        let mut child = Command::new("ip")
            .args(["netns", "exec", &self.name, program, "child"])
            .args([
                "--serial",
                serial,
                "--copy-sheets",
                copy_sheets,
                "--listen",
                &listen,
            ])
            .stdout(Stdio::piped())
            .spawn()
            .expect("ip runs");
        let stdout = child.stdout.take().expect("piped");
        let mut first = String::new();
        BufReader::new(stdout)
            .read_line(&mut first)
            .expect("it says something");
        assert!(first.contains("listens at"), "{first}");
        Running(child)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // The veth pair goes with the namespace.
        let deleted = Command::new("ip")
            .args(["netns", "delete", &self.name])
            .status();
        if !deleted.is_ok_and(|status| status.success()) {
            eprintln!("the network namespace {} is left behind", self.name);
        }
    }
}

/// A child process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ip(args: &[&str]) {
    let output = Command::new("ip").args(args).output().expect("ip runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {}: {said}", args.join(" "));
}

/// Addresses from a block that is set aside for tests (RFC 5737).
const HERE: &str = "203.0.113.1";
const THERE: &str = "203.0.113.2";
