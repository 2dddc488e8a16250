//! The center of this process on a port: the reference listener with TLS before a router whose
//! world begins anew with each case.
//!
//! Real connections at the price of virtual time: what a line does to bytes on their way shows
//! here, without a file to sync.

use std::net::{IpAddr, Ipv4Addr};

use axum::Router;
use restante_http::server::{Bounds, Line, Listener, Proxies};
use tokio::task::JoinHandle;

use super::post::Post;

/// A router that is served until this is dropped.
#[derive(Debug)]
pub struct Served {
    post: Post,
    task: JoinHandle<()>,
}

impl Served {
    /// Serves a router on a free port of this machine.
    ///
    /// # Errors
    /// A sentence, if no port or no certificate can be had.
    pub(super) async fn start(router: Router, bounds: Bounds) -> Result<Self, String> {
        let (mut post, tls) = Post::at(IpAddr::V4(Ipv4Addr::LOCALHOST))?;
        let listener = Listener::bind(post.address, Line::Tls(tls), Proxies::none(), bounds);
        let listener = listener.await.map_err(|why| why.to_string())?;
        post.address = listener.local_addr();
        let task = tokio::spawn(async move {
            listener.serve(router, std::future::pending()).await;
        });
        Ok(Self { post, task })
    }

    /// Where it listens, and what it shows there.
    #[must_use]
    pub const fn post(&self) -> &Post {
        &self.post
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}
