//! What the benchmarks about services stand on: a fleet of one customer, a service that was applied
//! for, and what the devices find in their mailboxes.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use restante_core::code::FormalCode;
use restante_core::id::{CustomerId, RequestId, ServiceId};
use restante_core::wire::people::{PeopleReply, PeopleRequest};
use restante_core::wire::services::{
    ApplicationState, Apply, Collator, DefineService, ListApplications, Selection, ServicesReply,
    ServicesRequest,
};
use restante_core::wire::{Act, Mailbox, Register, json};

use crate::Failure;
use crate::center::{Bench, first_poll};
use crate::client::responses;
use crate::polls::enrolled;

/// A center, and devices of one customer that are enrolled there.
pub(crate) struct Site {
    pub(crate) bench: Bench,
    pub(crate) codes: Vec<FormalCode>,
    customer: CustomerId,
}

/// What a device finds in its mailbox.
pub(crate) struct Shown {
    /// The tag of the mailbox.
    pub(crate) tag: String,
    /// The whole body.
    pub(crate) body: Vec<u8>,
    /// The pair to register with.
    pub(crate) pair: Register,
}

impl Site {
    /// So many devices of one customer.
    pub(crate) async fn new(devices: usize) -> Result<Self, Failure> {
        let bench = Bench::with_services()?;
        let codes = enrolled(&bench, devices, |_| "one user".to_owned()).await?;
        let customer = bench.customer("one user").await?;
        Ok(Self {
            bench,
            codes,
            customer,
        })
    }

    /// Defines a service and applies for it on all devices. Nothing is in the mailboxes yet.
    pub(crate) async fn apply(&self, service: &str) -> Result<(), Failure> {
        let service: ServiceId = service.parse()?;
        let define = DefineService {
            service: service.clone(),
            title: None,
            url: format!("https://{HOST}/v1/services/{service}/registrations").parse()?,
            models: Vec::new(),
            collator: Collator::Center,
        };
        self.ask(ServicesRequest::Define(define)).await?;
        let mut request = [0; 16];
        let name = service.as_str().as_bytes();
        request
            .iter_mut()
            .zip(name)
            .for_each(|(to, from)| *to = *from);
        let apply = Apply {
            request: RequestId::from_bytes(request),
            customer: Some(self.customer),
            services: vec![service],
            on: Selection::All,
            validity: None,
        };
        self.ask(ServicesRequest::Apply(apply)).await?;
        Ok(())
    }

    /// Lets time pass until the instructions of every application are in the mailboxes; how long
    /// that took, and in how many ticks.
    pub(crate) async fn fill(&self) -> Result<(Duration, usize), Failure> {
        let begun = Instant::now();
        let mut ticks = 1;
        while self.bench.driver.tick().await?.more {
            ticks += 1;
        }
        let took = begun.elapsed();
        let list = ListApplications {
            customer: Some(self.customer),
            after: None,
        };
        let listed = self.ask(ServicesRequest::ListApplications(list)).await?;
        let ServicesReply::Applications(page) = listed else {
            return Err("the applications are not listed".into());
        };
        let is_filled = |state| state != ApplicationState::Filling;
        match page.rows.iter().all(|row| is_filled(row.state)) {
            true => Ok((took, ticks)),
            false => Err("the mailboxes are not filled, and nothing is due".into()),
        }
    }

    /// What each device finds in its mailbox, in the order of the codes: the first showing.
    pub(crate) async fn look(&self, center: SocketAddr) -> Result<Vec<Shown>, Failure> {
        let polls = self.codes.iter().map(first_poll).collect();
        let answers = responses(center, polls).await?;
        answers.iter().map(|answer| shown(answer)).collect()
    }

    async fn ask(&self, request: ServicesRequest) -> Result<ServicesReply, Failure> {
        let request = PeopleRequest::Services(request);
        match self.bench.people(request).await? {
            PeopleReply::Services(reply) => Ok(reply),
            other => Err(format!("not about services: {other:?}").into()),
        }
    }
}

fn shown(answer: &[u8]) -> Result<Shown, Failure> {
    let cut = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let cut = cut.ok_or("a response without an end of its head")?;
    let (head, body) = (answer[..cut].to_vec(), answer[cut + 4..].to_vec());
    let head = String::from_utf8(head)?;
    let tag = head
        .lines()
        .find(|line| line.to_ascii_lowercase().starts_with("etag: "))
        .and_then(|line| line.split('"').nth(1))
        .ok_or("the mailbox has no tag")?
        .to_owned();
    let mailbox: Mailbox = json::parse(&body)?;
    let instruction = mailbox.instructions.first().ok_or("an empty mailbox")?;
    let Some(Act::RegisterService(act)) = instruction.acts.as_slice().first() else {
        return Err("an instruction of another kind".into());
    };
    let pair = Register {
        device: instruction.device,
        code: Some(act.code.parse()?),
    };
    Ok(Shown { tag, body, pair })
}

/// Where devices of these benchmarks may register.
pub(crate) const HOST: &str = "services.example";
