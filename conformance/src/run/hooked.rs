//! A center's time, moved by the vendor's hook.

use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::hook::{ChildHook, Outcome, Verb};
use crate::line::Pending;

use super::target::{Time, Unmoved};

/// Moves a center's time through a hook.
#[derive(Debug)]
pub struct HookTime {
    hook: Mutex<ChildHook>,
}

impl HookTime {
    /// Moves time through this hook.
    #[must_use]
    pub fn new(hook: ChildHook) -> Self {
        Self {
            hook: Mutex::new(hook),
        }
    }

    async fn ask(&self, verb: Verb, with: Value) -> Result<(), Unmoved> {
        match self.hook.lock().await.ask(verb, with).await {
            Ok(Outcome::Ok(_)) => Ok(()),
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

    fn jump(&self, seconds: i64) -> Pending<'_, Result<(), Unmoved>> {
        let with = json!({ "seconds": seconds, "jump": true });
        Box::pin(self.ask(Verb::Advance, with))
    }
}
