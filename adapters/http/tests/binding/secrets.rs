//! No credential reaches a log: not from this crate and not from the libraries below it, at any
//! level, on either side, over HTTP/1.1 and HTTP/2, accepted or refused.

use restante_core::center::{Call, Reply};
use restante_core::time::Seconds;
use restante_core::wire::people::{ListCodes, PeopleRequest};
use restante_core::wire::{
    DeviceReply, DeviceRequest, Leave, Left, Refusal, RefusalCode, Rotate, Rotated, Schedule,
};

use crate::log::Log;
use crate::stand::{Outcome, Plan, as_formal, as_provisional, formal, provisional, token};

fn script(call: &Call) -> Outcome {
    use restante_core::center::Message::Device;
    match &call.message {
        Device(DeviceRequest::Leave(_)) => Ok(Reply::Device(DeviceReply::Left(Left {}))),
        Device(DeviceRequest::Rotate(_)) => Ok(Reply::Device(DeviceReply::Rotated(Rotated {
            formal_code: formal(),
            schedule: Schedule::every(Seconds::HOUR),
        }))),
        _ => Err(Refusal::plain(RefusalCode::TokenRefused)),
    }
}

#[tokio::test]
async fn no_credential_appears_in_any_log() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    // For the whole process: tests that run meanwhile are held to the same rule.
    tracing::subscriber::set_global_default(subscriber).expect("no other subscriber");
    for plan in [Plan::default(), Plan::plain()] {
        let stand = plan.start(script).await;
        let client = stand.client();
        let leave = DeviceRequest::Leave(Leave {});
        let rotate = DeviceRequest::Rotate(Rotate {});
        let list = PeopleRequest::ListCodes(ListCodes::default());
        assert!(client.send(&as_provisional(), &leave).await.is_ok());
        assert!(client.send(&as_formal(), &rotate).await.is_ok());
        assert!(client.ask(&token(), &list).await.is_err());
        drop(client);
        stand.stop().await;
    }
    let text = log.text();
    for expected in ["refused", "token-refused", "h2::", "\"listCodes\""] {
        assert!(text.contains(expected), "the log does not say {expected}");
    }
    for secret in [
        provisional().to_text(),
        formal().to_text(),
        token().to_text(),
    ] {
        assert!(!text.contains(&secret), "a secret stands in the log");
    }
}
