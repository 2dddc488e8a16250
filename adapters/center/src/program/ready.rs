//! What a program says once it is ready: a line with its addresses on standard output, and the same
//! facts in a file, for scripts that start it on port 0 and need to know when and where it is.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

use serde::Serialize;

use crate::running::Address;

/// What is said, as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ready {
    /// Where it listens.
    pub urls: Vec<String>,
    /// Where sealed envelopes are taken, and nothing else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sealed: Vec<String>,
    /// Where metrics are served.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<String>,
    /// Its process id.
    pub process: u32,
}

impl Ready {
    /// That this process listens at these addresses.
    #[must_use]
    pub fn at(addresses: &[Address], metrics: Option<SocketAddr>) -> Self {
        Self {
            urls: addresses.iter().map(Address::url).collect(),
            sealed: Vec::new(),
            metrics: metrics.map(|at| format!("http://{at}/metrics")),
            process: std::process::id(),
        }
    }

    /// The same, and that it takes sealed envelopes at these addresses.
    #[must_use]
    pub fn and_sealed(mut self, addresses: &[SocketAddr]) -> Self {
        let is_tls = false;
        let addresses = addresses.iter().map(|socket| Address {
            socket: *socket,
            is_tls,
        });
        self.sealed = addresses.map(|it| it.url()).collect();
        self
    }

    /// Says so for the program of this name, in the log too, and in `file` where one is named.
    ///
    /// # Errors
    /// A line that says why the file cannot be written.
    pub fn tell(&self, program: &str, file: Option<&Path>) -> Result<(), String> {
        let metrics = self.metrics.as_ref();
        let metrics = metrics.map_or(String::new(), |url| format!(", metrics at {url}"));
        let sealed = match self.sealed.as_slice() {
            [] => String::new(),
            urls => format!(", sealed envelopes at {}", urls.join(" and ")),
        };
        let urls = self.urls.join(" and ");
        tracing::info!(urls, "serving");
        let mut out = std::io::stdout().lock();
        // Whoever has closed our output does not want the line; the program serves all the same.
        let _ = writeln!(out, "{program} is ready at {urls}{sealed}{metrics}")
            .and_then(|()| out.flush());
        file.map_or(Ok(()), |path| self.write(path))
    }

    /// Writes it beside the file's place and moves it there, so that nobody reads half of it.
    fn write(&self, path: &Path) -> Result<(), String> {
        let failed = |why: std::io::Error| {
            format!("the ready file {} cannot be written: {why}", path.display())
        };
        let text = serde_json::to_string(self).map_err(|error| failed(error.into()))?;
        let beside = path.with_extension("new");
        std::fs::write(&beside, text).map_err(failed)?;
        std::fs::rename(&beside, path).map_err(failed)
    }
}
