//! Faults of a gateway's side of its LAN: what it takes for a child, and what it says to one.

use std::sync::{Arc, Mutex, PoisonError};

use restante_core::gateway::Input;
use restante_core::id::LanAddress;
use restante_device::act::Errand;
use restante_device::driver::Neighbours;
use restante_device::site::SELF_PATH;
use tokio::sync::mpsc;

use crate::line::Pending;
use crate::party::{AnnouncedLan, Carry, Happening, Hears, Outgoing, Outside, asked, dial, heard};

/// What a gateway does wrong on its LAN.
#[derive(Clone, Copy, Debug)]
pub struct LanManners {
    /// What of the answers to a general call it takes for children.
    pub hears: Hears,
    /// It shows each child that it asks the code that it has presented last.
    pub indiscreet: bool,
}

impl LanManners {
    /// Nothing altered.
    pub const RIGHT: Self = Self {
        hears: heard,
        indiscreet: false,
    };

    /// Alters what it takes for children.
    #[must_use]
    pub const fn hearing(hears: Hears) -> Self {
        Self {
            hears,
            ..Self::RIGHT
        }
    }

    /// A gateway's surroundings with this LAN.
    pub(super) fn around(self) -> Outside {
        let presented = Presented::default();
        let known = Arc::clone(&presented);
        Outside {
            dial: Arc::new(move |center, certificates| {
                let overheard = Overheard::dial(center, certificates, &presented)?;
                Ok(Arc::new(overheard) as Arc<dyn Carry>)
            }),
            lan: Arc::new(move |announced| {
                let inner = AnnouncedLan::new(announced, self.hears)?;
                let known = Arc::clone(&known);
                Ok(match self.indiscreet {
                    true => Box::new(Indiscreet { inner, known }) as _,
                    false => Box::new(inner) as _,
                })
            }),
            ..Outside::right()
        }
    }
}

/// The code that was presented last.
pub(super) type Presented = Arc<Mutex<Option<String>>>;

/// The right client, overheard.
pub(super) struct Overheard {
    inner: Arc<dyn Carry>,
    presented: Presented,
}

impl Overheard {
    /// Dials this center; what is presented to it is kept there.
    pub(super) fn dial(center: &str, trusts: &str, presented: &Presented) -> Result<Self, String> {
        Ok(Self {
            inner: dial(center, trusts)?,
            presented: Arc::clone(presented),
        })
    }
}

impl Carry for Overheard {
    fn carry<'a>(&'a self, outgoing: &'a Outgoing) -> Pending<'a, Happening> {
        let code = asked(outgoing).ok().and_then(|asked| asked.credential);
        *self
            .presented
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = code;
        self.inner.carry(outgoing)
    }
}

/// A LAN on which a code is shown to each child that is asked.
struct Indiscreet {
    inner: AnnouncedLan,
    known: Presented,
}

impl Neighbours<Input> for Indiscreet {
    fn run(&mut self, errand: Errand, inbox: &mpsc::Sender<Input>) {
        let code = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Errand::Ask(children), Some(code)) = (&errand, &*code) {
            let addresses = children.iter().filter_map(|ask| ask.address.clone());
            let shown = shown(addresses.collect(), code.clone());
            // The errand is over when everybody has let go of its inbox.
            let inbox = inbox.clone();
            tokio::spawn(async move {
                shown.await;
                drop(inbox);
            });
        }
        drop(code);
        self.inner.run(errand, inbox);
    }
}

async fn shown(children: Vec<LanAddress>, code: String) {
    let client = reqwest::Client::new();
    for child in children {
        let url = format!("http://{child}{SELF_PATH}");
        // A child that does not answer has seen it all the same.
        let _answer = client.get(url).bearer_auth(&code).send().await;
    }
}
