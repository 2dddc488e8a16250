//! What a device says to a mail server, and what each answer comes to. The mail server is a script
//! on a socket: it can say what a real one says only on a bad day.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use restante_core::wire::{Mailed, RegisterAt};
use restante_mail::intake;
use restante_mail::sending::{Handed, MailServer, Security, Settings};

fn message() -> RegisterAt {
    RegisterAt {
        url: "https://service-y.a.com/regist".parse().expect("a URL"),
        device: "dev-3a8vb17nbj0ppvb2k328nzj1mg".parse().expect("an id"),
        code: Some("163abc45".parse().expect("a code")),
    }
}

fn settings(port: u16, security: Security) -> Settings {
    Settings {
        host: "127.0.0.1".into(),
        port,
        security,
        from: "copier@site.example".into(),
        to: "services@center.example".into(),
        ..Settings::default()
    }
}

/// A mail server that answers so to the sender's name, or to the mail if it does not mind the
/// sender; what it was told, line by line.
fn server(answer: &'static str) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let served = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        heard(&stream, answer)
    });
    (port, served)
}

fn heard(stream: &TcpStream, answer: &str) -> Vec<String> {
    let mut heard = Vec::new();
    let mut to = stream;
    let mut say = |line: &str| to.write_all(format!("{line}\r\n").as_bytes());
    say("220 mail.site.example").expect("said");
    let mut in_data = false;
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { break };
        heard.push(line.clone());
        let reply = match line.as_str() {
            "." => answer,
            _ if in_data => continue,
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ if line.starts_with("MAIL") && answer.starts_with("530") => answer,
            _ => "250 fine",
        };
        in_data = line == "DATA";
        if say(reply).is_err() || line == "QUIT" {
            break;
        }
    }
    heard
}

async fn sent(answer: &'static str, security: Security) -> (Handed, Vec<String>) {
    let (port, served) = server(answer);
    let way = MailServer::new(settings(port, security)).expect("good settings");
    let handed = way.hand_over(message()).await;
    drop(way);
    (handed, served.join().expect("the script ends"))
}

#[tokio::test]
async fn a_mail_holds_the_pair_and_asks_for_no_answer() {
    let (handed, heard) = sent("250 taken", Security::Plain).await;
    assert_eq!(handed, Handed::Taken);
    let from = heard
        .iter()
        .position(|line| line == "DATA")
        .expect("a mail");
    let envelope = heard[..from].join("\n");
    assert!(
        envelope.contains("MAIL FROM:<copier@site.example>"),
        "{envelope}"
    );
    assert!(
        envelope.contains("RCPT TO:<services@center.example>"),
        "{envelope}"
    );
    let to = heard.iter().position(|line| line == ".").expect("an end");
    let mail = heard[from + 1..to].join("\r\n");
    assert!(mail.contains("Auto-Submitted: auto-generated"), "{mail}");
    let read = intake::read(mail.as_bytes());
    assert_eq!(read, Ok(Mailed::Register(message())), "{mail}");
}

#[tokio::test]
async fn what_a_mail_server_answers_is_taken_for_what_it_means() {
    let (handed, _) = sent("451 come again", Security::Plain).await;
    assert!(matches!(handed, Handed::NotNow(_)), "{handed:?}");
    let (handed, _) = sent("550 nobody of that name", Security::Plain).await;
    let refused = "the mail server refused the mail (550)";
    assert_eq!(handed, Handed::Refused(refused.into()), "not in its words");
    let (handed, _) = sent("530 say who you are first", Security::Plain).await;
    let Handed::NotNow(why) = handed else {
        panic!("{handed:?}: a person can mend that, and the mail goes then");
    };
    assert!(
        why.starts_with("the mail server did not take the mail: "),
        "{why}"
    );
}

/// A server that greets so, and says nothing more.
fn greeting(words: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        stream.write_all(words.as_bytes()).expect("said");
        // Until the device hangs up.
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    port
}

#[tokio::test]
async fn a_server_that_is_out_of_service_at_its_greeting_has_not_refused_the_mail() {
    let port = greeting("554 no SMTP service here\r\n");
    let way = MailServer::new(settings(port, Security::Plain)).expect("good settings");
    let why = "the mail server does not take mails from this device (554)";
    assert_eq!(
        way.hand_over(message()).await,
        Handed::NotNow(why.to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn patience_is_for_the_whole_conversation() {
    let port = greeting("");
    let way = MailServer::new(settings(port, Security::Plain)).expect("good settings");
    let why = "the mail server did not take the mail within 110 seconds";
    assert_eq!(
        way.hand_over(message()).await,
        Handed::NotNow(why.to_owned())
    );
}

#[tokio::test]
async fn nothing_is_sent_in_the_clear_unless_somebody_said_so() {
    let (handed, heard) = sent("250 taken", Security::default()).await;
    assert!(matches!(handed, Handed::NotNow(_)), "{handed:?}");
    let said = heard.join("\n");
    assert!(
        !said.contains("DATA") && !said.contains("MAIL FROM"),
        "{said}"
    );
}

#[tokio::test]
async fn a_mail_server_that_is_not_there_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    drop(listener);
    let way = MailServer::new(settings(port, Security::Plain)).expect("good settings");
    assert!(matches!(way.hand_over(message()).await, Handed::NotNow(_)));
}

#[test]
fn settings_that_cannot_be_are_named() {
    let mut wrong = settings(25, Security::Plain);
    wrong.to = "nobody".into();
    let said = MailServer::new(wrong)
        .map(|_| ())
        .map_err(|it| it.to_string());
    assert!(said.is_err_and(|it| it.starts_with("\"nobody\" is no mail address: ")));
    let mut plain = settings(25, Security::Plain);
    plain.login = Some(("copier".into(), "secret".to_owned().into()));
    let shown = format!("{plain:?}");
    assert!(
        shown.contains("copier") && !shown.contains("secret"),
        "{shown}"
    );
    let said = MailServer::new(plain)
        .map(|_| ())
        .map_err(|it| it.to_string());
    let why = "a name and a password are not sent to a mail server without TLS";
    assert_eq!(said, Err(why.into()));
}
