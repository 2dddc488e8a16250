//! A center's time, moved by the vendor's hook, and its mails, which the hook hands over.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::hook::{ChildHook, Outcome, Verb};
use crate::line::Pending;

use super::target::{MailServer, NotHanded, Time, Unmoved};

/// Moves a center's time through a hook.
#[derive(Debug)]
pub struct HookTime {
    hook: Arc<Mutex<ChildHook>>,
}

/// Hands a center its mails through the same hook.
#[derive(Debug)]
pub struct HookMail {
    hook: Arc<Mutex<ChildHook>>,
}

impl HookTime {
    /// Moves time through this hook.
    #[must_use]
    pub fn new(hook: ChildHook) -> Self {
        Self {
            hook: Arc::new(Mutex::new(hook)),
        }
    }

    /// What hands over mails through this hook.
    #[must_use]
    pub fn mail(&self) -> HookMail {
        HookMail {
            hook: Arc::clone(&self.hook),
        }
    }

    async fn ask(&self, verb: Verb, with: Value) -> Result<(), Unmoved> {
        self.told(verb, with).await.map(drop)
    }

    async fn told(&self, verb: Verb, with: Value) -> Result<Value, Unmoved> {
        match self.hook.lock().await.ask(verb, with).await {
            Ok(Outcome::Ok(told)) => Ok(told),
            Ok(Outcome::Unsupported(why)) => Err(Unmoved::Unable(why)),
            Ok(Outcome::Error(why)) => Err(Unmoved::Failed(why)),
            Err(why) => Err(Unmoved::Failed(why.to_string())),
        }
    }
}

impl Time for HookTime {
    fn advance(&self, seconds: u64) -> Pending<'_, Result<(), Unmoved>> {
        let with = json!({ "seconds": seconds, "jump": false });
        Box::pin(self.ask(Verb::Advance, with))
    }

    fn restart(&self) -> Pending<'_, Result<(), Unmoved>> {
        Box::pin(self.ask(Verb::Reset, Value::Null))
    }

    fn set_up_anew(&self) -> Pending<'_, Result<Option<String>, Unmoved>> {
        Box::pin(async {
            let told = self.told(Verb::Reset, json!({ "factory": true })).await?;
            let token = told.get("operator").and_then(Value::as_str);
            Ok(token.map(str::to_owned))
        })
    }

    fn jump(&self, seconds: i64) -> Pending<'_, Result<(), Unmoved>> {
        let with = json!({ "seconds": seconds, "jump": true });
        Box::pin(self.ask(Verb::Advance, with))
    }
}

impl HookMail {
    async fn ask(&self, with: Value) -> Result<(), NotHanded> {
        match self.hook.lock().await.ask(Verb::Mail, with).await {
            Ok(Outcome::Ok(_)) => Ok(()),
            Ok(Outcome::Unsupported(why)) => Err(NotHanded::Unable(why)),
            Ok(Outcome::Error(why)) => Err(NotHanded::Failed(why)),
            Err(why) => Err(NotHanded::Failed(why.to_string())),
        }
    }
}

impl MailServer for HookMail {
    fn hand_over<'a>(&'a self, mail: &'a [u8]) -> Pending<'a, Result<(), NotHanded>> {
        Box::pin(self.ask(json!({ "mail": STANDARD.encode(mail) })))
    }
}
