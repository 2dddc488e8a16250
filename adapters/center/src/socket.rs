//! The console's socket: where the operator's commands reach the center that runs beside them.
//!
//! Whoever can open it speaks as the operator on this machine, so that no token has to lie on the
//! disk and nothing secret is sent to whoever listens. It stands in a folder that the center's own
//! user alone can enter, which leaves no moment at which somebody else could connect, and who has
//! connected is asked for once more. Only the holder of the store's lock makes or removes it: what
//! lies there when a center starts was left by one that was killed.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::Router;
use restante_http::server::Drained;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;

/// The console's socket, bound and not served yet. Whoever has it holds the store's lock.
pub(crate) struct ConsoleSocket {
    listener: UnixListener,
    path: PathBuf,
    /// The user that the center runs as.
    owner: u32,
}

/// Why the console's socket cannot be made. Nothing was removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SocketError {
    /// Others can enter its folder.
    #[error(
        "{} can be entered by others (mode {mode:04o}), and whoever opens the console's socket in \
         it is the operator; run: chmod 700 {}",
        path.display(), path.display()
    )]
    Open {
        /// The folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Something else has its place.
    #[error("{} is there, and it is no {expected}; move it away, the center will not", path.display())]
    Occupied {
        /// The place.
        path: PathBuf,
        /// What belongs there.
        expected: &'static str,
    },
    /// Sockets have short names.
    #[error(
        "the console's socket {} has a name of {} bytes, and the system allows {NAME_BYTES}; choose \
         a shorter `data` in [center]",
        .0.display(), .0.as_os_str().len()
    )]
    TooLong(PathBuf),
    /// The system does not let it be made.
    #[error("the console's socket {} cannot be made: {why}", path.display())]
    Io {
        /// The socket, or its folder.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
}

/// Where the console's socket of the center with this data stands.
pub(crate) fn socket_path(data: &Path) -> PathBuf {
    data.join("console").join("socket")
}

impl ConsoleSocket {
    /// Makes the socket in `data`, in the place of one that a killed center has left.
    pub(crate) fn bind(data: &Path) -> Result<Self, SocketError> {
        let path = socket_path(data);
        if path.as_os_str().len() > NAME_BYTES {
            return Err(SocketError::TooLong(path));
        }
        make_folder(&data.join("console"))?;
        remove_stale(&path)?;
        let failed = |why| SocketError::Io {
            path: path.clone(),
            why,
        };
        let listener = UnixListener::bind(&path).map_err(failed)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(failed)?;
        let owner = fs::symlink_metadata(&path).map_err(failed)?.uid();
        Ok(Self {
            listener,
            path,
            owner,
        })
    }

    /// Serves the router until `stop` says so, and removes the socket. The router keeps the store,
    /// and with it the lock, until the socket is gone.
    pub(crate) async fn serve(
        self,
        router: Router,
        stop: watch::Receiver<bool>,
        within: Duration,
    ) -> Drained {
        let path = self.path.clone();
        let locked = router.clone();
        let (stopped, mut late) = (stopped(stop.clone()), stop);
        let serving = axum::serve(self, router).with_graceful_shutdown(stopped);
        let too_late = async move {
            let _ = late.wait_for(|is| *is).await;
            tokio::time::sleep(within).await;
        };
        let cut = tokio::select! {
            _ = serving => 0,
            () = too_late => 1,
        };
        if let Err(error) = fs::remove_file(&path) {
            tracing::warn!(%error, path = %path.display(), "the console's socket stays");
        }
        drop(locked);
        Drained { cut }
    }

    /// Whether the peer is the center's own user, or root, who can do everything here anyway.
    fn admits(&self, peer: &UnixStream) -> bool {
        let user = peer.peer_cred().map(|peer| peer.uid());
        user.is_ok_and(|user| user == self.owner || user == ROOT)
    }
}

impl axum::serve::Listener for ConsoleSocket {
    type Io = UnixStream;
    type Addr = ();

    async fn accept(&mut self) -> (UnixStream, ()) {
        loop {
            match self.listener.accept().await {
                Ok((peer, _)) if self.admits(&peer) => return (peer, ()),
                Ok(_) => tracing::warn!("another user at the console's socket"),
                Err(error) => tracing::warn!(%error, "the console's socket cannot accept"),
            }
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // An error means that whoever could stop it is gone, which stops it too.
    let _ = stop.wait_for(|is| *is).await;
}

/// The folder, for the center's own user alone from its first moment.
fn make_folder(path: &Path) -> Result<(), SocketError> {
    let failed = |why| SocketError::Io {
        path: path.to_owned(),
        why,
    };
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    let there = fs::symlink_metadata(path).map_err(failed)?;
    let path = path.to_owned();
    if !there.is_dir() {
        let expected = "folder";
        return Err(SocketError::Occupied { path, expected });
    }
    let mode = there.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(SocketError::Open { path, mode });
    }
    Ok(())
}

/// Removes what a killed center has left. The lock says that none lives; anything else than a
/// socket is somebody's and stays.
fn remove_stale(path: &Path) -> Result<(), SocketError> {
    let failed = |why| SocketError::Io {
        path: path.to_owned(),
        why,
    };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(error)),
        Ok(there) if there.file_type().is_socket() => fs::remove_file(path).map_err(failed),
        Ok(_) => Err(SocketError::Occupied {
            path: path.to_owned(),
            expected: "socket",
        }),
    }
}

/// Bytes of a socket's name: `sun_path` less its end, on the systems that take least.
const NAME_BYTES: usize = 103;
const ROOT: u32 = 0;
/// How long accepting rests after it has failed, or after somebody was turned away.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
