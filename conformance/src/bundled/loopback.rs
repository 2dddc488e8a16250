//! The bundled center on loopback: the reference library with TLS and SQLite, and a movable clock.
//!
//! Nothing stands in for anything but time and randomness: cases go through the listener, its
//! handshake and its time-outs, the router, the driver and the file. One center serves all cases of
//! a run, as a vendor's does, so that cases also show that they do not disturb each other.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use restante_center::{Running, Setup};
use restante_core::center::Decide;
use restante_http::server::{Bounds, Line, Tls};
use restante_store::sqlite::Options;
use restante_store::{Driver, SqliteStore};
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::case::Control;
use crate::line::{Pending, SocketLine};
use crate::profile::Limits;
use crate::run::{MailServer, NotHanded, OperatorToken, ServerTarget, Time, Tokens, Unmoved};

use super::console::operator_token;
use super::inside::{START, STEP_SECONDS, TICKS};
use super::mail::at_socket;
use super::post::Post;
use super::world::{DrawnEntropy, MovedClock};

/// A center on a port of this machine, with its store in a folder that goes when it does.
pub struct LoopbackCenter<D> {
    standing: Arc<Standing<D>>,
    post: Post,
    operator: OperatorToken,
}

/// What is left of a center while it is switched off, and the center while it is on.
struct Standing<D> {
    decide: Arc<D>,
    folder: TempDir,
    tls: Tls,
    bounds: Bounds,
    clock: Arc<MovedClock>,
    entropy: Arc<DrawnEntropy>,
    on: Mutex<On<D>>,
}

/// Where it listens, and what serves there unless it is switched off.
struct On<D> {
    address: SocketAddr,
    running: Option<Running<Arc<D>, SqliteStore>>,
}

impl<D: Decide + 'static> LoopbackCenter<D> {
    /// Starts a center that decides so on a free port, and has this patience with its peers.
    ///
    /// # Errors
    /// A sentence, if the machine yields no folder, no port or no certificate.
    pub async fn start(decide: D, seed: u64, bounds: Bounds) -> Result<Self, String> {
        let (mut post, tls) = Post::at(IpAddr::V4(Ipv4Addr::LOCALHOST))?;
        let standing = Standing {
            decide: Arc::new(decide),
            folder: tempfile::tempdir().map_err(|why| format!("no folder for a store: {why}"))?,
            tls,
            bounds,
            clock: Arc::new(MovedClock::new(START)),
            entropy: Arc::new(DrawnEntropy::new(seed, "loopback")),
            on: Mutex::new(On {
                address: post.address,
                running: None,
            }),
        };
        let (address, operator) = standing.first_start().await?;
        post.address = address;
        Ok(Self {
            standing: Arc::new(standing),
            post,
            operator: OperatorToken::new(Some(operator)),
        })
    }

    /// Where it listens, and what it shows there.
    #[must_use]
    pub const fn post(&self) -> &Post {
        &self.post
    }

    /// The center as a target. Targets share the center.
    ///
    /// # Errors
    /// A sentence, if no line leads to it.
    pub fn target(&self, patience: Duration) -> Result<ServerTarget, String> {
        self.target_at(&self.post.url(), patience)
    }

    /// The center as a target at another address, where something stands before it.
    ///
    /// # Errors
    /// A sentence, if no line leads there.
    pub fn target_at(&self, url: &str, patience: Duration) -> Result<ServerTarget, String> {
        let line =
            SocketLine::new(url, self.post.trust(), patience).map_err(|why| why.to_string())?;
        Ok(ServerTarget {
            line: Box::new(line),
            time: Some(Box::new(LoopbackTime(Arc::clone(&self.standing)))),
            mail: Some(Box::new(LoopbackMail(Arc::clone(&self.standing)))),
            tokens: Tokens {
                operator: self.operator.clone(),
                ..Tokens::default()
            },
            control: Control::C2,
        })
    }

    /// Stops the center and removes its folder.
    pub async fn stop(self) {
        self.standing.switch_off().await;
    }
}

impl<D: Decide + 'static> Standing<D> {
    /// Where it listens, and its first operator's token.
    async fn first_start(&self) -> Result<(SocketAddr, String), String> {
        self.switch_on().await?;
        let on = self.on.lock().await;
        let running = on.running.as_ref().ok_or(OFF)?;
        Ok((on.address, operator_token(running.driver()).await?))
    }

    async fn switch_on(&self) -> Result<(), String> {
        let path = self.file();
        let store = SqliteStore::open(&path, CENTER, Options::default());
        let store = store.map_err(|why| why.to_string())?;
        let driver = Driver::new(Arc::clone(&self.decide), store)
            .clock(Arc::clone(&self.clock))
            .entropy(Arc::clone(&self.entropy));
        let mut on = self.on.lock().await;
        let setup = Setup::new(driver)
            .listen(on.address, Line::Tls(self.tls.clone()))
            .bounds(self.bounds)
            .console(self.folder.path())
            .ticks(None);
        let running = setup.start().await.map_err(|why| why.to_string())?;
        // The port that the system chose stays the same over every restart.
        if let Some(first) = running.addresses().first() {
            on.address = first.socket;
        }
        on.running = Some(running);
        Ok(())
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("center.sqlite")
    }

    /// Another store in the place of the one before. Its operator's token.
    async fn set_up_anew(&self) -> Result<String, String> {
        self.switch_off().await;
        let beside = ["", "-wal", "-shm"];
        for path in beside.map(|end| self.file().with_extension(format!("sqlite{end}"))) {
            match std::fs::remove_file(&path) {
                Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
                    return Err(format!("cannot remove {}: {why}", path.display()));
                }
                _ => {}
            }
        }
        let (_, operator) = self.first_start().await?;
        self.tick().await?;
        Ok(operator)
    }

    /// The store stays, the rest is gone.
    async fn switch_off(&self) {
        if let Some(running) = self.on.lock().await.running.take() {
            running.stop().await;
        }
    }

    async fn restart(&self) -> Result<(), String> {
        self.switch_off().await;
        self.switch_on().await?;
        self.tick().await
    }

    /// Ticks until nothing more is due.
    async fn tick(&self) -> Result<(), String> {
        let on = self.on.lock().await;
        let running = on.running.as_ref().ok_or(OFF)?;
        for _ in 0..TICKS {
            let ticked = running.tick().await.map_err(|why| why.to_string())?;
            if !ticked.more {
                return Ok(());
            }
        }
        Err(format!("the center had something due after {TICKS} ticks"))
    }

    /// In steps that no center takes for a jump of its clock, with a tick after each.
    async fn pass(&self, seconds: u64) -> Result<(), String> {
        let mut left = seconds;
        while left > 0 {
            let step = left.min(STEP_SECONDS);
            let millis = i64::try_from(step.saturating_mul(1_000)).unwrap_or(i64::MAX);
            self.clock.move_by(millis);
            self.tick().await?;
            left -= step;
        }
        Ok(())
    }

    async fn jump(&self, seconds: i64) -> Result<(), String> {
        self.clock.move_by(seconds.saturating_mul(1_000));
        self.tick().await
    }
}

/// Time that passes at a center on loopback.
struct LoopbackTime<D>(Arc<Standing<D>>);

impl<D: Decide + 'static> Time for LoopbackTime<D> {
    fn advance(&self, seconds: u64) -> Pending<'_, Result<(), Unmoved>> {
        Box::pin(async move { self.0.pass(seconds).await.map_err(Unmoved::Failed) })
    }

    fn restart(&self) -> Pending<'_, Result<(), Unmoved>> {
        Box::pin(async { self.0.restart().await.map_err(Unmoved::Failed) })
    }

    fn set_up_anew(&self) -> Pending<'_, Result<Option<String>, Unmoved>> {
        Box::pin(async {
            let token = self.0.set_up_anew().await;
            token.map(Some).map_err(Unmoved::Failed)
        })
    }

    fn jump(&self, seconds: i64) -> Pending<'_, Result<(), Unmoved>> {
        Box::pin(async move { self.0.jump(seconds).await.map_err(Unmoved::Failed) })
    }
}

/// The mail server of a center on loopback.
struct LoopbackMail<D>(Arc<Standing<D>>);

impl<D: Decide + 'static> MailServer for LoopbackMail<D> {
    fn hand_over<'a>(&'a self, mail: &'a [u8]) -> Pending<'a, Result<(), NotHanded>> {
        Box::pin(async move {
            // Nobody switches it off meanwhile.
            let _on = self.0.on.lock().await;
            at_socket(self.0.folder.path(), mail).await
        })
    }
}

/// The center's name in its store.
const CENTER: &str = "conformance-kit";
/// What is said of a center that should be on and is not.
const OFF: &str = "the bundled center is switched off";

/// The listener's bounds where a profile declares these limits.
#[must_use]
pub fn bounds(limits: Limits) -> Bounds {
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    Bounds {
        handshake: seconds(limits.handshake),
        header: seconds(limits.head),
        body: seconds(limits.body),
        farewell: Duration::from_secs(1),
        stop: Duration::from_secs(2),
        ..Bounds::default()
    }
}
