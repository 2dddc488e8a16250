//! What a broker denies is said in one line, by which whoever keeps it can mend it.

use std::fs;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use restante_mqtt::{Device, OnRumqttc, Tls};

use crate::mosquitto::{is_installed, passwords};
use crate::parties::{
    HANG, NotingDesk, Serving, as_client, as_user, device, reply_to, request, settings, started,
    topics,
};

/// The broker's plugin that denies subscriptions, which its own access lists do not.
fn dynamic_security() -> String {
    let folders = fs::read_dir("/usr/lib").expect("a folder").flatten();
    let plugins = folders.map(|folder| folder.path().join("mosquitto_dynamic_security.so"));
    let plugin = plugins.into_iter().find(|path| path.exists());
    plugin
        .expect("it comes with mosquitto")
        .display()
        .to_string()
}

#[tokio::test]
async fn a_wrong_password_is_named_and_the_right_one_serves() {
    if !is_installed() {
        return;
    }
    let lines = "allow_anonymous false\npassword_file @/passwords";
    let files = [("passwords", &*passwords(&["center"]))];
    let Some(broker) = started(lines, &files) else {
        return;
    };
    let refused = format!(
        "away: the broker 127.0.0.1:{} refuses the user name or the password",
        broker.port
    );
    for client in [as_client(&broker, "center"), as_user(&broker, "guessed")] {
        let desk = NotingDesk::new();
        let _center = Serving::start(client, &desk);
        desk.until_noted(&refused).await;
    }
    let desk = NotingDesk::new();
    let _center = Serving::listening(as_user(&broker, "center"), &desk).await;
}

#[tokio::test]
async fn a_subscription_that_the_broker_denies_is_named() {
    if !is_installed() {
        return;
    }
    let plugin = dynamic_security();
    let lines =
        format!("allow_anonymous true\nplugin {plugin}\nplugin_opt_config_file @/dynamic.json");
    let Some(broker) = started(&lines, &[("dynamic.json", NO_SUBSCRIPTION)]) else {
        return;
    };
    let desk = NotingDesk::new();
    let _center = Serving::start(as_client(&broker, "center"), &desk);
    let denied = "away: the broker denies listening to $share/centers/restante/v1/+/up (not \
                  authorized); its access list has to allow it";
    desk.until_noted(denied).await;
    let (_, down) = topics();
    let error = device(&broker).exchange(&request(1), HANG).await;
    let denied = format!(
        "the broker denies listening to {down} (not authorized); its access list has to allow it"
    );
    assert_eq!(error.expect_err("denied").to_string(), denied);
}

#[tokio::test]
async fn a_topic_that_the_access_list_closes_is_named_on_either_side() {
    if !is_installed() {
        return;
    }
    let lines = "allow_anonymous true\nacl_file @/acl\npassword_file @/passwords";
    let files = [
        ("acl", SILENCED),
        ("passwords", &*passwords(&["center", "device"])),
    ];
    let Some(broker) = started(lines, &files) else {
        return;
    };
    let (up, down) = topics();
    let denied = |topic: &str| {
        format!(
            "the broker did not take what was sent to {topic} (not authorized); centers read \
             restante/v1/+/up and write restante/v1/+/down, devices the other way round"
        )
    };
    let desk = NotingDesk::new();
    let _center = Serving::listening(as_user(&broker, "center"), &desk).await;
    let error = device(&broker).exchange(&request(1), HANG).await;
    assert_eq!(error.expect_err("denied").to_string(), denied(&up));
    assert!(desk.asked().is_empty());
    let mut device = Device::new(as_user(&broker, "device"));
    let sent = request(2);
    let unsaid = format!("unsaid: {}", denied(&down));
    tokio::select! {
        reply = device.exchange(&sent, HANG) => panic!("it was answered: {reply:?}"),
        () = desk.until_noted(&unsaid) => {}
    }
    assert_eq!(desk.asked(), [sent]);
}

#[tokio::test]
async fn a_broker_is_spoken_to_over_tls_where_its_certificate_is_trusted() {
    let authority = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&authority).expect("signed");
    let issuer = Issuer::new(params, authority);
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("names");
    let certificate = params.signed_by(&key, &issuer).expect("signed");
    let lines = "allow_anonymous true\ncertfile @/certificate.pem\nkeyfile @/key.pem";
    let (certificate, key) = (certificate.pem(), key.serialize_pem());
    let files = [
        ("certificate.pem", certificate.as_str()),
        ("key.pem", key.as_str()),
    ];
    let Some(broker) = started(lines, &files) else {
        return;
    };
    let client = |name: &str, trusts: Option<&str>| {
        let mut settings = settings(&broker, name);
        settings.broker = format!("mqtts://127.0.0.1:{}", broker.port)
            .parse()
            .expect("a broker");
        let pem = trusts.map(str::as_bytes);
        settings.tls = Some(Tls::trusting(pem).expect("certificates"));
        OnRumqttc::new(settings).expect("settings")
    };
    let untrusting = NotingDesk::new();
    let _other = Serving::start(client("other", None), &untrusting);
    let why = format!(
        "away: no TLS with the broker 127.0.0.1:{}: invalid peer certificate: UnknownIssuer",
        broker.port
    );
    untrusting.until_noted(&why).await;
    let desk = NotingDesk::new();
    let root = root.pem();
    let _center = Serving::listening(client("center", Some(&root)), &desk).await;
    let mut device = Device::new(client("device", Some(&root)));
    let reply = device.exchange(&request(1), HANG).await.expect("an answer");
    assert_eq!(reply, Some(reply_to(&request(1))));
}

/// mosquitto's own access lists deny what is heard and said, not that somebody listens; its plugin
/// does.
const NO_SUBSCRIPTION: &str = r#"{
    "defaultACLAccess": {
        "publishClientSend": true,
        "publishClientReceive": true,
        "subscribe": false,
        "unsubscribe": true
    },
    "groups": [{ "groupname": "all", "roles": [] }],
    "anonymousGroup": "all"
}"#;

/// The center hears all and may say nothing, the device may do all, whoever has no name nothing.
const SILENCED: &str =
    "user center\ntopic read restante/v1/+/up\nuser device\ntopic restante/v1/#\n";
