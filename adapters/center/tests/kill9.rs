//! kill -9 in the middle of load, again and again: what was acknowledged is there exactly once.
//!
//! Each round starts the real program, lets several clients enrol devices as fast as they can,
//! kills the process with SIGKILL right after some acknowledgement, starts it anew and looks: every
//! acknowledged enrolment has the same formal code for the same (code, R), those in doubt can be
//! repeated and end up there once, and the code's slots add up.
//!
//! `RESTANTE_KILLS` sets the number of rounds; it is 50 unless set.

#[path = "place/mod.rs"]
mod place;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use restante_core::code::{AccessToken, FormalCode, Presented, ProvisionalCode};
use restante_core::id::RequestId;
use restante_core::wire::enrol::DeviceList;
use restante_core::wire::people::{CodeRow, IssueCode, ListCodes, PeopleReply, PeopleRequest};
use restante_core::wire::{
    Contacts, DeviceEntry, DeviceReply, DeviceRequest, Enrol, Function, FunctionSet,
    Identification, Poll, RefusalCode,
};
use restante_http::client::{Client, SendError, Trust};

use place::{Place, Served};

/// What a client knows of one enrolment when the center dies.
struct Tried {
    enrol: Enrol,
    /// The formal code, if the center has acknowledged.
    acknowledged: Option<FormalCode>,
    /// Whether its first use was acknowledged; nothing if it was not tried or is in doubt.
    used: Used,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Used {
    No,
    InDoubt,
    Yes,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9_exactly_once() {
    let rounds = std::env::var("RESTANTE_KILLS").map_or(ROUNDS, |text| {
        text.parse().expect("RESTANTE_KILLS is a number of rounds")
    });
    let place = Place::new();
    let issued = place.json(&["token", "issue", "--role", "dealer", "--account", "Harbour"]);
    let token: AccessToken = serde_json::from_value(issued["token"].clone()).expect("a token");
    let mut served = place.serve();
    let (mut acknowledged, mut doubtful) = (0, 0);
    for round in 0..rounds {
        let (code, user) = issue_code(&served, &token, round).await;
        let tried = load(&mut served, &code, round).await;
        served = place.serve();
        let known = tried.iter().filter(|it| it.acknowledged.is_some()).count();
        acknowledged += known;
        doubtful += tried.len() - known;
        check(&served, &token, (&code, &user), &tried).await;
    }
    println!(
        "{rounds} kills: {acknowledged} acknowledged enrolments, all there exactly once; \
         {doubtful} in doubt, all settled by repeating"
    );
    assert!(acknowledged >= rounds, "the load never got through");
    assert!(
        doubtful > 0 || rounds < 5,
        "no kill came in the middle of anything"
    );
}

fn client(served: &Served) -> Client {
    Client::new(served.url(), &Trust::system()).expect("a client")
}

async fn issue_code(
    served: &Served,
    token: &AccessToken,
    round: usize,
) -> (ProvisionalCode, String) {
    let user = format!("Site {round}");
    let request = PeopleRequest::IssueCode(IssueCode {
        user: user.parse().expect("a name"),
        validity: None,
        limit: None,
        note: None,
    });
    match client(served).ask(token, &request).await.expect("issued") {
        PeopleReply::CodeIssued(issued) => (issued.code.parse().expect("a code"), user),
        other => panic!("{other:?}"),
    }
}

/// Several clients enrol until the center is killed, shortly after a certain acknowledgement.
async fn load(served: &mut Served, code: &ProvisionalCode, round: usize) -> Vec<Tried> {
    let tried = Arc::new(Mutex::new(Vec::new()));
    let acknowledgements = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let client = client(served);
            let (code, tried) = (code.clone(), Arc::clone(&tried));
            let counted = Arc::clone(&acknowledgements);
            tokio::spawn(async move {
                for turn in 0.. {
                    let enrol = enrol(round, number, turn);
                    let (one, alive) = try_one(&client, &code, enrol, turn).await;
                    counted.fetch_add(usize::from(one.acknowledged.is_some()), Ordering::Relaxed);
                    tried.lock().expect("no panic").push(one);
                    if !alive {
                        break;
                    }
                }
            })
        })
        .collect();
    let enough = 1 + round * 7 % 40;
    while acknowledgements.load(Ordering::Relaxed) < enough {
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    tokio::time::sleep(Duration::from_micros(131 * round as u64 % 1_500)).await;
    served.kill();
    for client in clients {
        client.await.expect("no panic");
    }
    Arc::into_inner(tried)
        .expect("all clients have ended")
        .into_inner()
        .expect("no panic")
}

/// One enrolment, and the formal code's first use after every other; and whether the center lives.
async fn try_one(
    client: &Client,
    code: &ProvisionalCode,
    enrol: Enrol,
    turn: usize,
) -> (Tried, bool) {
    let mut tried = Tried {
        enrol,
        acknowledged: None,
        used: Used::No,
    };
    match send(client, code, &tried.enrol).await {
        Ok(formal) => tried.acknowledged = Some(formal),
        Err(SendError::Link { .. }) => return (tried, false),
        Err(refused) => panic!("{refused}"),
    }
    if turn % 2 == 1 {
        tried.used = match poll(client, tried.acknowledged.as_ref()).await {
            Ok(_) => Used::Yes,
            Err(SendError::Link { .. }) => Used::InDoubt,
            Err(refused) => panic!("{refused}"),
        };
    }
    let alive = tried.used != Used::InDoubt;
    (tried, alive)
}

/// Looks for every enrolment of a round, then at the code's slots.
async fn check(
    served: &Served,
    token: &AccessToken,
    (code, user): (&ProvisionalCode, &str),
    tried: &[Tried],
) {
    let client = client(served);
    let before = row(&client, token, user).await;
    let least = devices(tried.iter().filter(|it| it.acknowledged.is_some()));
    let most = devices(tried.iter());
    let kept = before.pending + before.used;
    assert!(
        (least..=most).contains(&kept),
        "{user}: {kept} of {least} to {most} slots"
    );
    let mut used = 0;
    for one in tried {
        used += u32::from(settle(&client, code, one).await);
    }
    let after = row(&client, token, user).await;
    assert_eq!(
        after.pending + after.used,
        most,
        "{user}: each device takes one slot"
    );
    assert_eq!(after.used, used, "{user}: slots of formal codes in use");
}

/// Repeats one enrolment; how it is answered depends on what was acknowledged. Whether its formal
/// code is in use.
async fn settle(client: &Client, code: &ProvisionalCode, one: &Tried) -> bool {
    match (send(client, code, &one.enrol).await, one.used) {
        (Ok(formal), Used::No | Used::InDoubt) => {
            // The same (code, R) never has two secrets; a reply that was lost is made again.
            let first = one.acknowledged.as_ref().unwrap_or(&formal);
            assert!(*first == formal, "another formal code for the same request");
            false
        }
        (Err(SendError::Refused(refusal)), Used::Yes | Used::InDoubt) => {
            assert_eq!(refusal.code, RefusalCode::RequestRedeemed);
            poll(client, one.acknowledged.as_ref())
                .await
                .expect("an active formal code");
            true
        }
        (other, _) => panic!("{other:?}"),
    }
}

async fn send(
    client: &Client,
    code: &ProvisionalCode,
    enrol: &Enrol,
) -> Result<FormalCode, SendError> {
    let presented = Presented::Provisional(code.clone());
    match client
        .send(&presented, &DeviceRequest::Enrol(enrol.clone()))
        .await?
    {
        DeviceReply::Enrolled(enrolled) => Ok(enrolled.formal_code),
        other => panic!("{other:?}"),
    }
}

async fn poll(client: &Client, formal: Option<&FormalCode>) -> Result<DeviceReply, SendError> {
    let presented = Presented::Formal(formal.expect("acknowledged").clone());
    client
        .send(&presented, &DeviceRequest::Poll(Poll::default()))
        .await
}

/// The code's row, found by its user.
async fn row(client: &Client, token: &AccessToken, user: &str) -> CodeRow {
    let mut after = None;
    loop {
        let request = PeopleRequest::ListCodes(ListCodes { after });
        let PeopleReply::Codes(page) = client.ask(token, &request).await.expect("listed") else {
            panic!("another reply");
        };
        if let Some(row) = page.rows.into_iter().find(|row| row.user.as_str() == user) {
            return row;
        }
        after = Some(page.next.expect("the code is listed"));
    }
}

fn devices<'t>(tried: impl Iterator<Item = &'t Tried>) -> u32 {
    let devices = tried.map(|it| it.enrol.devices.as_slice().len());
    u32::try_from(devices.sum::<usize>()).expect("at most a thousand")
}

/// One device with a serial number of its own.
fn enrol(round: usize, client: usize, turn: usize) -> Enrol {
    let serial = format!("K{round:04}-{client}-{turn:05}");
    let mut request = [0; 16];
    request[..serial.len()].copy_from_slice(serial.as_bytes());
    let identification = Identification {
        vendor: "Example".parse().expect("a vendor"),
        model: "MF 1".parse().expect("a model"),
        serial: serial.parse().expect("a serial number"),
        functions: FunctionSet::new([Function::Printer]).expect("a function"),
    };
    let entry = DeviceEntry {
        identification,
        contacts: Contacts::default(),
    };
    Enrol {
        request: RequestId::from_bytes(request),
        devices: DeviceList::new(vec![entry]).expect("one device"),
        max_message: None,
    }
}

/// Rounds unless `RESTANTE_KILLS` says otherwise.
const ROUNDS: usize = 50;
/// Clients that enrol at the same time.
const CLIENTS: usize = 6;
