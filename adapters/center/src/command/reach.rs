//! Which center a command is for, and how it is reached.

use std::path::PathBuf;

use clap::Args;
use restante_center::program::Failure;
use restante_center::{Config, Console};
use restante_core::code::AccessToken;
use restante_http::client::Trust;

use super::config_place;
use super::shell;

/// Where the center is, and the form of what is printed.
#[derive(Args)]
pub(crate) struct Reach {
    /// The configuration; by default ./restante.toml, else ./restante/restante.toml
    #[arg(long, global = true, value_name = "FILE", env = "RESTANTE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Ask the center at this address instead of the one on this machine
    #[arg(long, global = true, value_name = "URL", env = "RESTANTE_CENTER")]
    center: Option<String>,
    /// The file that holds the access token for --center
    #[arg(long, global = true, value_name = "FILE", requires = "center")]
    token_file: Option<PathBuf>,
    /// The environment variable that holds the access token for --center
    #[arg(
        long, global = true, value_name = "NAME", requires = "center", conflicts_with = "token_file",
        num_args = 0..=1, default_missing_value = "RESTANTE_TOKEN"
    )]
    token_env: Option<String>,
    /// Trust the certificates in this PEM file as well, such as a center's own for trials
    #[arg(long, global = true, value_name = "FILE", env = "RESTANTE_CA")]
    ca: Option<PathBuf>,
    /// Print JSON for programs; a refusal too, in one line on standard error
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

impl Reach {
    /// Reads the configuration.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        Ok(Config::read(&self.config_path())?)
    }

    /// Where the configuration is.
    pub(crate) fn config_path(&self) -> PathBuf {
        config_place(self.config.as_ref())
    }

    /// Whether another center than this machine's is asked.
    pub(crate) const fn is_elsewhere(&self) -> bool {
        self.center.is_some()
    }

    /// Reaches the center.
    pub(crate) async fn console(&self) -> Result<Console, Failure> {
        match &self.center {
            None => Ok(Console::at(&self.config()?).await?),
            Some(url) => Ok(Console::of(url, &self.trust()?, self.token()?)?),
        }
    }

    /// The options that reach the same center elsewhere again, with a space before them. Of a token
    /// only its place is repeated.
    pub(crate) fn again(&self) -> String {
        let mut options = String::new();
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                options.push_str(&format!(" --{name} {}", shell::quoted(&value)));
            }
        };
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        add("center", self.center.clone());
        add("token-file", path(&self.token_file));
        add("token-env", self.token_env.clone());
        options + &self.ca_again()
    }

    /// The option that trusts the same certificates again, with a space before it.
    pub(crate) fn ca_again(&self) -> String {
        self.ca.as_ref().map_or(String::new(), |path| {
            format!(" --ca {}", shell::quoted(&path.display().to_string()))
        })
    }

    /// The address that a dealer tells the people who enrol devices.
    pub(crate) fn shown_url(&self) -> String {
        let configured = || Config::read(&self.config_path()).ok()?.http.url;
        let url = self.center.clone().or_else(configured);
        url.unwrap_or_else(|| "your center's address".into())
    }

    fn trust(&self) -> Result<Trust, Failure> {
        let Some(path) = &self.ca else {
            return Ok(Trust::system());
        };
        let pem = std::fs::read(path)
            .map_err(|error| Failure::given(format!("{}: {error}", path.display())))?;
        Trust::system()
            .and(&pem)
            .map_err(|error| Failure::given(format!("{}: {error}", path.display())))
    }

    fn token(&self) -> Result<AccessToken, Failure> {
        let (text, from) = match (&self.token_file, &self.token_env) {
            (Some(path), _) => {
                let read = std::fs::read_to_string(path);
                let from = path.display().to_string();
                (
                    read.map_err(|error| Failure::given(format!("{from}: {error}")))?,
                    from,
                )
            }
            (None, Some(name)) => {
                let read = std::env::var(name);
                let none = |_| Failure::given(format!("the variable {name} holds no token"));
                (read.map_err(none)?, name.clone())
            }
            (None, None) => return Err(Failure::given(NO_TOKEN)),
        };
        text.trim()
            .parse()
            .map_err(|error| Failure::given(format!("{from}: {error}")))
    }
}

const NO_TOKEN: &str = "--center needs an access token: give --token-file FILE or --token-env";
