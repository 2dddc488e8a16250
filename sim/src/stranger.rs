//! A stranger who tries what can be tried: wrong codes, a code that it knows, forged and former
//! formal codes, messages that were on the line before, and bytes that are none.
//!
//! It reads no line that is authenticated; of formal codes it has those that were in use once, as
//! from an old backup. Whatever it does, the checks that hold for everybody hold.

use std::net::{IpAddr, Ipv4Addr};

use restante_core::code::{FormalCode, ProvisionalCode};
use restante_core::id::{DeviceId, RequestId};
use restante_core::wire::enrol::DeviceList;
use restante_core::wire::{DeviceRequest, Enrol, Poll, Register};
use restante_crypto::RingCrypto;

use crate::catalogue;
use crate::clock::draw_seed;
use crate::mail::Origin;
use crate::parcel::{Desk, Header, Parcel};
use crate::scenario::Attack;
use crate::unit::{SITE, entry};
use crate::world::World;

impl World {
    /// A stranger tries this.
    pub(crate) fn stranger(&mut self, attack: Attack, choice: usize) {
        let done = match attack {
            Attack::WrongCode => self.wrong_codes(1, false),
            Attack::ManyWrongCodes => self.wrong_codes(12, false),
            Attack::StaleCode => self.wrong_codes(12, true),
            Attack::KnownCode => self.known_code(choice),
            Attack::KnownRequest => self.known_request(choice),
            Attack::ForgedFormal => self.forged_formal(choice),
            Attack::OldFormal => self.old_formal(choice),
            Attack::Replay => self.replay(choice),
            Attack::Garbage => self.garbage(choice),
            Attack::WrongDesk => self.wrong_desk(choice),
            Attack::WrongPair => self.wrong_pair(choice),
            Attack::KnownPair => self.known_pair(choice),
        };
        if done.is_some() {
            self.coverage.note(attack.word());
        }
    }

    fn wrong_codes(&mut self, times: u32, same: bool) -> Option<()> {
        let first = self.draw_code();
        for time in 0..times {
            let code = if same || time == 0 {
                first.clone()
            } else {
                self.draw_code()
            };
            let enrol = self.enrol(9_000 + choice_of(time));
            self.try_device(Header::Provisional(code.to_text()), &enrol);
        }
        Some(())
    }

    fn known_code(&mut self, choice: usize) -> Option<()> {
        let code = self.own.people.code(choice)?.code.to_text();
        // Half of the time it claims to be a device of the site.
        let number = if self.own.rng.bool() {
            choice % 4
        } else {
            9_500 + choice
        };
        let enrol = self.enrol(number);
        self.try_device(Header::Provisional(code), &enrol);
        Some(())
    }

    fn known_request(&mut self, choice: usize) -> Option<()> {
        let (code, request) = self.witness.enrolment(choice)?;
        let DeviceRequest::Enrol(mut enrol) = self.enrol(9_700) else {
            return None;
        };
        enrol.request = request;
        self.try_device(Header::Provisional(code), &DeviceRequest::Enrol(enrol));
        Some(())
    }

    fn forged_formal(&mut self, choice: usize) -> Option<()> {
        let known = self.witness.formal(choice)?;
        let mut secret = *known.secret();
        let epoch = match choice % 3 {
            0 => known.epoch().next()?,
            _ => known.epoch(),
        };
        secret[choice % 32] ^= 1 << (choice % 8);
        let forged = FormalCode::new(known.registration(), epoch, secret);
        self.use_formal(&forged)
    }

    fn old_formal(&mut self, choice: usize) -> Option<()> {
        let known = self.witness.former(choice)?;
        self.use_formal(&known)
    }

    fn use_formal(&mut self, code: &FormalCode) -> Option<()> {
        let request = match self.own.rng.u32(0..3) {
            0 => DeviceRequest::Rotate(Default::default()),
            1 => DeviceRequest::Leave(Default::default()),
            _ => DeviceRequest::Poll(Poll::default()),
        };
        self.try_device(Header::Formal(code.to_text()), &request);
        Some(())
    }

    /// Something that was sent before comes once more; every other time several additions and
    /// removals in a row do, since these are rare, and late ones are the most likely to do harm.
    fn replay(&mut self, choice: usize) -> Option<()> {
        let sent = self.mail.iter().map(|it| &it.parcel);
        let mut again: Vec<&Parcel> = sent.filter(|it| is_change(it)).collect();
        if choice.is_multiple_of(2) || again.is_empty() {
            let number = choice.checked_rem(self.mail.len())?;
            again = vec![&self.mail[number].parcel];
        } else {
            let first = choice.checked_rem(again.len())?;
            again.rotate_left(first);
        }
        again.retain(|it| it.desk != Desk::People && it.header != Header::Console);
        again.truncate(REPLAYED);
        let again: Vec<Parcel> = again.into_iter().cloned().collect();
        let done = (!again.is_empty()).then_some(());
        for mut parcel in again {
            parcel.from = self.lair();
            self.post(Origin::Stranger, parcel);
        }
        done
    }

    fn garbage(&mut self, choice: usize) -> Option<()> {
        let number = choice.checked_rem(self.mail.len())?;
        let body = &self.mail[number].parcel.body;
        let mut body = if choice.is_multiple_of(4) {
            Vec::new()
        } else {
            body.clone()
        };
        for _ in 0..self.own.rng.usize(1..4) {
            let at = self.own.rng.usize(0..=body.len());
            match self.own.rng.u32(0..3) {
                0 => body.insert(at, self.own.rng.u8(..)),
                1 => body.truncate(at),
                _ if at < body.len() => body[at] ^= 1 << self.own.rng.u8(0..8),
                _ => body.extend_from_slice(b"[[[[[[[[[[[[[[[[[[[["),
            }
        }
        let header = match choice % 3 {
            0 => Header::None,
            1 => Header::Provisional("AAAAA-BBBBB".into()),
            _ => Header::Formal("rfc1.AAAA".into()),
        };
        let from = self.lair();
        let desk = Desk::Devices;
        let parcel = Parcel {
            from,
            header,
            desk,
            body,
        };
        self.post(Origin::Stranger, parcel);
        Some(())
    }

    fn wrong_desk(&mut self, choice: usize) -> Option<()> {
        let code = self.own.people.code(choice)?.code.to_text();
        let enrol = self.enrol(9_800);
        let poll = DeviceRequest::Poll(Poll::default());
        match choice % 4 {
            0 => self.try_device(Header::None, &poll),
            1 => self.try_device(Header::Provisional(code), &poll),
            2 => self.try_device(Header::Token("rtk1.AAAA".into()), &enrol),
            _ => self.try_device(Header::None, &enrol),
        }
        Some(())
    }

    /// A code that a device was shown, with something about it that does not fit.
    fn wrong_pair(&mut self, choice: usize) -> Option<()> {
        let pair = self.witness.posted.pair(choice)?.clone();
        let devices: Vec<_> = self.state.devices().map(|(_, device)| device).collect();
        let other = *devices.get(choice.checked_rem(devices.len())?)?;
        let (mut device, mut code) = (pair.device, Some(pair.code));
        let mut service = pair.service;
        match self.own.rng.u32(0..4) {
            0 => device = other,
            1 => service += 1,
            2 => code = None,
            _ => code = code.map(|code| code.replace(['0', '7', 'a', 'k', 'w'], "z")),
        }
        self.register(service, device, code.as_deref())
    }

    fn known_pair(&mut self, choice: usize) -> Option<()> {
        let pair = self.witness.posted.pair(choice)?.clone();
        self.register(pair.service, pair.device, Some(&pair.code))
    }

    fn register(&mut self, service: usize, device: DeviceId, code: Option<&str>) -> Option<()> {
        let register = Register {
            device,
            code: code.map(|code| code.parse().expect("a code that was shown")),
        };
        let service = service % catalogue::SERVICES;
        let parcel = Parcel::register(self.lair(), service, &register);
        self.post(Origin::Stranger, parcel);
        Some(())
    }

    fn try_device(&mut self, header: Header, request: &DeviceRequest) {
        let parcel = Parcel::device(self.lair(), header, request);
        self.post(Origin::Stranger, parcel);
    }

    fn enrol(&mut self, number: usize) -> DeviceRequest {
        let mut request = [0; 16];
        self.own.rng.fill(&mut request);
        DeviceRequest::Enrol(Enrol {
            request: RequestId::from_bytes(request),
            devices: DeviceList::one(entry(number)),
            max_message: None,
        })
    }

    fn draw_code(&mut self) -> ProvisionalCode {
        ProvisionalCode::draw(&RingCrypto, &draw_seed(&mut self.own.rng))
    }

    fn lair(&self) -> IpAddr {
        if self.scenario.stranger_on_site {
            SITE
        } else {
            LAIR
        }
    }
}

fn choice_of(time: u32) -> usize {
    usize::try_from(time).unwrap_or(0)
}

/// Where strangers write from.
const LAIR: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 66));

/// Whether this adds or removes devices.
fn is_change(parcel: &Parcel) -> bool {
    let changes: [&[u8]; 2] = [b"{\"addDevices\"", b"{\"removeDevices\""];
    changes.iter().any(|it| parcel.body.starts_with(it))
}

/// How many messages come once more at a time.
const REPLAYED: usize = 8;
