//! What a provider's own server says to its center next, after what it has heard.
//!
//! ```text
//!  nothing ─▶ list ─▶ a page: give codes · settle · the next page ─▶ … the last page: report ─▶ …
//! ```
//!
//! The program that dials is a loop: it says what it is told to say, one message after the other,
//! and brings each answer here. Nothing is kept of a round but what follows from it for pairs and
//! reports, so that a round that breaks off anywhere is begun again without loss. What it asks for
//! comes first: where the center does not know the account's service at all, nothing is reported,
//! and nothing is given up because of an operator's mistake. Neither a damaged record nor a report
//! that is refused keeps back what stands behind it. Serves spec chapter PRV.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::code::RegistrationCode;
use crate::crypto::Crypto;
use crate::decision::{EffectKind, Heard, Stop};
use crate::id::{ApplicationId, DeviceId, HandoverId, ServiceId};
use crate::limits::{DEVICES_PER_MESSAGE, REPORTED_AT_ONCE};
use crate::record::{Bytes, Clock, Key, Owner, Pause, Unreported};
use crate::wire::people::Page;
use crate::wire::provider::{
    CodesGiven, EntitledOutcome, EntitlementsReported, GiveCodes, GiveOutcome, GivenCode,
    HandoverRow, HandoverState, ListHandovers, ProviderReply, ProviderRequest, ReportEntitlements,
    SettleHandovers,
};
use crate::wire::services::Devices;
use crate::wire::{Refusal, RefusalCode, ServiceUrl};

use super::decide::Work;
use super::pair::{Pair, PairState};
use super::round::round_over;

/// A device of an application.
type Part = (ApplicationId, DeviceId);

impl<C: Crypto> Work<'_, C> {
    /// Acts upon what was heard, and says what follows from it.
    pub(super) fn next(
        &mut self,
        service: &ServiceId,
        heard: &Heard,
    ) -> Result<Vec<ProviderRequest>, Stop> {
        use {ProviderReply as Reply, ProviderRequest as Request};
        match heard {
            Heard::Nothing => Ok(alloc::vec![list(service, None)]),
            Heard::Answer(said, reply) => match (said, reply) {
                (Request::List(_), Reply::Handovers(page)) => self.page(service, page),
                (Request::Give(said), Reply::Given(given)) => self.given(service, said, given),
                (Request::Report(said), Reply::Reported(heard)) => {
                    self.reported(service, said, heard)
                }
                (Request::Settle(_), Reply::Settled(_)) => Ok(Vec::new()),
                _ => Err(Stop::plain(
                    RefusalCode::Internal,
                    "wrong-answer",
                    "the center answered something else than it was asked",
                )),
            },
            Heard::Refused(said, refusal) if refusal.code == RefusalCode::NotFound => {
                self.give_up(service, said, refusal)
            }
            Heard::Refused(_, refusal) if round_over(refusal).is_some() => Ok(Vec::new()),
            Heard::Refused(said, _) => self.pass_by(service, said),
        }
    }

    /// Makes what is wanted and ends what has ended, before either is said.
    // spec: PRV-021, PRV-022, PRV-023, PRV-024, PRV-029, PRV-032
    fn page(
        &mut self,
        service: &ServiceId,
        page: &Page<HandoverRow, HandoverId>,
    ) -> Result<Vec<ProviderRequest>, Stop> {
        let rows = || page.rows.iter().take(DEVICES_PER_MESSAGE);
        self.load(service, rows().map(|row| (row.application, row.device)))?;
        let mut codes: BTreeMap<ApplicationId, Vec<GivenCode>> = BTreeMap::new();
        let mut over = Vec::new();
        let mut ended = BTreeSet::new();
        for row in rows() {
            let part = (row.application, row.device);
            match row.state {
                HandoverState::Wanted => {
                    let expected = self.expect(service, row);
                    if let Some(code) = self.sound(expected)?.flatten() {
                        codes.entry(row.application).or_default().push(code);
                    }
                }
                HandoverState::Ended => {
                    let done = self.end(service, part);
                    if self.sound(done)?.is_some() {
                        ended.insert(part);
                        over.push(row.handover);
                    }
                }
            }
        }
        let url = self.provider.services.get(service);
        let mut say: Vec<ProviderRequest> = url.map_or(Vec::new(), |url| give(service, url, codes));
        if !over.is_empty() {
            say.push(ProviderRequest::Settle(SettleHandovers {
                service: service.clone(),
                handovers: over,
            }));
        }
        say.extend(match page.next {
            Some(after) => Some(list(service, Some(after))),
            None => self.report(service, None, &ended)?,
        });
        Ok(say)
    }

    /// The code of a device that is wanted, which opens from now on; none where its time is over.
    /// What it is asked for again is the same, and what has come of it stays, unless it was ended:
    /// the center knows whether it waits.
    fn expect(
        &mut self,
        service: &ServiceId,
        row: &HandoverRow,
    ) -> Result<Option<GivenCode>, Pause> {
        let expires = row.expires.0;
        if self.time()? >= expires {
            return Ok(None);
        }
        let (application, device) = (row.application, row.device);
        let key = Pair::key(device, service);
        let kept = self.desk.get::<Pair>(&key)?;
        let kept = kept.filter(|pair| pair.application == application);
        let before = kept.as_ref().and_then(|pair| pair.code);
        let Some((code, hash)) = self.code(service, (application, device), before) else {
            return Ok(None);
        };
        let state = kept.as_ref().map(|pair| pair.state);
        let state = state.filter(|state| !matches!(state, PairState::Withdrawn { .. }));
        let pair = Pair {
            customer: None,
            application,
            code: Some(hash),
            expires,
            state: state.unwrap_or(PairState::Open),
        };
        if kept.as_ref() != Some(&pair) {
            self.desk.put(key, &pair);
        }
        Ok(Some(GivenCode { device, code }))
    }

    /// The code of a device in an application, and what is kept of it: the one that was made
    /// before, whichever master key it was made with, or that of the current one.
    fn code(
        &self,
        service: &ServiceId,
        (application, device): Part,
        before: Option<Bytes<32>>,
    ) -> Option<(RegistrationCode, Bytes<32>)> {
        let (crypto, keys) = (&self.provider.crypto, &self.provider.keys);
        let of = |version| {
            let code = keys.registration_code(crypto, application, device, version)?;
            let hash = keys.pair(crypto, device, service, code.as_str());
            Some((code, hash))
        };
        let versions = keys.versions().rev();
        let mut made = versions.filter_map(of);
        let known = made.find(|(_, hash)| Some(*hash) == before);
        known.or_else(|| of(keys.current()))
    }

    /// What the center makes of the codes that it was given. One that it takes though it was used
    /// before was lost there, and its use with it: that is to be reported again.
    // spec: PRV-028, PRV-029
    fn given(
        &mut self,
        service: &ServiceId,
        said: &GiveCodes,
        heard: &CodesGiven,
    ) -> Result<Vec<ProviderRequest>, Stop> {
        let results = heard.results.iter().map(|it| (it.device, it.result));
        let results: BTreeMap<_, _> = results.collect();
        let parts = said.codes.iter().map(|it| (said.application, it.device));
        let devices = self.each(service, parts, |work, part| match results.get(&part.1) {
            Some(GiveOutcome::Given) => work.still_entitled(service, part).map(|()| true),
            Some(GiveOutcome::Differs | GiveOutcome::Refused) => work.end(service, part),
            Some(GiveOutcome::Later) | None => Ok(false),
        })?;
        if !devices.is_empty() {
            let (application, service) = (said.application, service.clone());
            self.tell(EffectKind::CodesGiven {
                application,
                service,
                devices,
            })?;
        }
        Ok(Vec::new())
    }

    /// What the center makes of a report, and the next one.
    // spec: PRV-028, PRV-029
    fn reported(
        &mut self,
        service: &ServiceId,
        said: &ReportEntitlements,
        heard: &EntitlementsReported,
    ) -> Result<Vec<ProviderRequest>, Stop> {
        let results = heard.results.iter().map(|it| (it.device, it.result));
        let results: BTreeMap<_, _> = results.collect();
        let parts = said.devices.0.iter().map(|it| (said.application, *it));
        let devices = self.each(service, parts, |work, part| match results.get(&part.1) {
            Some(EntitledOutcome::Entitled) => work.is_reported(service, part),
            Some(EntitledOutcome::Refused) => work.end(service, part),
            None => Ok(false),
        })?;
        if !devices.is_empty() {
            let (application, of) = (said.application, service.clone());
            self.tell(EffectKind::DevicesEntitled {
                application,
                service: of,
                devices,
            })?;
        }
        self.behind(service, said)
    }

    /// The center knows nothing of what a message was about, or of some of it: it was restored from
    /// a backup, say. That is over here too, and the rest of the message is said again. Where it
    /// names nothing but what the message does not, nothing is over.
    // spec: PRV-030
    fn give_up(
        &mut self,
        service: &ServiceId,
        said: &ProviderRequest,
        refusal: &Refusal,
    ) -> Result<Vec<ProviderRequest>, Stop> {
        let (application, devices): (_, Vec<DeviceId>) = match said {
            ProviderRequest::Give(said) => (
                said.application,
                said.codes.iter().map(|it| it.device).collect(),
            ),
            ProviderRequest::Report(said) => (said.application, said.devices.0.clone()),
            _ => return Ok(Vec::new()),
        };
        let is_over =
            |device: &DeviceId| refusal.devices.is_empty() || refusal.devices.contains(device);
        let (over, rest): (Vec<DeviceId>, Vec<_>) = devices.into_iter().partition(is_over);
        if over.is_empty() {
            return self.pass_by(service, said);
        }
        let parts = over.iter().map(|device| (application, *device));
        self.each(service, parts, |work, part| work.end(service, part))?;
        if rest.is_empty() {
            return self.pass_by(service, said);
        }
        let again = match said {
            ProviderRequest::Give(said) => {
                let mut said = said.clone();
                said.codes.retain(|it| rest.contains(&it.device));
                ProviderRequest::Give(said)
            }
            _ => report(service, application, rest),
        };
        Ok(alloc::vec![again])
    }

    /// Nothing more becomes of this message in this round. What it leaves is said again in the
    /// next one; the reports behind it are not kept back by it.
    // spec: PRV-028, PRV-031
    fn pass_by(
        &mut self,
        service: &ServiceId,
        said: &ProviderRequest,
    ) -> Result<Vec<ProviderRequest>, Stop> {
        match said {
            ProviderRequest::Report(said) => self.behind(service, said),
            _ => Ok(Vec::new()),
        }
    }

    /// The report behind this one, if any.
    fn behind(
        &mut self,
        service: &ServiceId,
        said: &ReportEntitlements,
    ) -> Result<Vec<ProviderRequest>, Stop> {
        let last = said.devices.0.last().map(|it| (said.application, *it));
        let next = self.report(service, last, &BTreeSet::new())?;
        Ok(next.into_iter().collect())
    }

    /// Does this about each of these; the devices with which it is news. One of which a record is
    /// damaged keeps no other back.
    fn each(
        &mut self,
        service: &ServiceId,
        parts: impl Iterator<Item = Part> + Clone,
        act: impl Fn(&mut Self, Part) -> Result<bool, Pause>,
    ) -> Result<Vec<DeviceId>, Stop> {
        self.load(service, parts.clone())?;
        let mut news = Vec::new();
        for part in parts {
            let done = act(self, part);
            if self.sound(done)? == Some(true) {
                news.push(part.1);
            }
        }
        Ok(news)
    }

    /// What was done about a device; none where a record of it is damaged, which is noted.
    fn sound<T>(&mut self, done: Result<T, Pause>) -> Result<Option<T>, Stop> {
        self.damage.pass_over(done.map_err(Stop::from))
    }

    /// The first report that is to be made after this one, of devices of one application.
    // spec: PRV-028
    fn report(
        &mut self,
        service: &ServiceId,
        last: Option<Part>,
        ended: &BTreeSet<Part>,
    ) -> Result<Option<ProviderRequest>, Pause> {
        let range = Unreported::after(self.owner(service), last, REPORTED_AT_ONCE);
        let keys = self.desk.keys(&range)?;
        let parts = keys.iter().filter_map(Unreported::of);
        let mut parts = parts.filter(|part| !ended.contains(part)).peekable();
        let Some((application, _)) = parts.peek().copied() else {
            return Ok(None);
        };
        let same = parts.take_while(|(of, _)| *of == application);
        Ok(Some(report(
            service,
            application,
            same.map(|it| it.1).collect(),
        )))
    }

    /// What the center has taken a code for again may be in use here already.
    fn still_entitled(&mut self, service: &ServiceId, part: Part) -> Result<(), Pause> {
        let pair = self.desk.get::<Pair>(&Pair::key(part.1, service))?;
        let Some(PairState::Entitled { at }) = pair
            .filter(|pair| pair.application == part.0)
            .map(|pair| pair.state)
        else {
            return Ok(());
        };
        let key = self.unreported(service, part);
        if !self.is_unreported(&key)? {
            self.desk.put(key, &Unreported { at });
        }
        Ok(())
    }

    /// The center knows it; whether that is news.
    fn is_reported(&mut self, service: &ServiceId, part: Part) -> Result<bool, Pause> {
        let key = self.unreported(service, part);
        let is_news = self.is_unreported(&key)?;
        if is_news {
            self.desk.delete(key);
        }
        Ok(is_news)
    }

    /// Whether a report of this stands out. Its key says all that a report needs, so that one whose
    /// record is damaged is none the less made.
    fn is_unreported(&mut self, key: &Key) -> Result<bool, Pause> {
        match self.desk.get::<Unreported>(key) {
            Ok(kept) => Ok(kept.is_some()),
            Err(Pause::Damaged { .. }) => Ok(true),
            Err(pause) => Err(pause),
        }
    }

    /// A device's code opens nothing any more, and the use that it began is over; nobody is told. A
    /// later application's is another one and stays. Where its pair is damaged, nothing is changed.
    // spec: PRV-029
    fn end(&mut self, service: &ServiceId, part: Part) -> Result<bool, Pause> {
        let key = Pair::key(part.1, service);
        let pair = self.desk.get::<Pair>(&key)?;
        let is_over = |pair: &Pair| matches!(pair.state, PairState::Withdrawn { .. });
        if let Some(pair) = pair.filter(|it| it.application == part.0 && !is_over(it)) {
            let state = PairState::Withdrawn { at: self.time()? };
            self.desk.put(key, &Pair { state, ..pair });
        }
        self.is_reported(service, part)?;
        Ok(false)
    }

    /// Loads what is kept of these in one round.
    fn load(
        &mut self,
        service: &ServiceId,
        parts: impl Iterator<Item = Part>,
    ) -> Result<(), Pause> {
        let rows = |part: Part| [Pair::key(part.1, service), self.unreported(service, part)];
        let keys: Vec<Key> = parts.flat_map(rows).collect();
        self.desk.all(keys.iter().chain([&Clock::key()]))
    }

    fn unreported(&self, service: &ServiceId, (application, device): Part) -> Key {
        Unreported::key(self.owner(service), application, device)
    }

    fn owner(&self, service: &ServiceId) -> Owner {
        self.provider.keys.service(&self.provider.crypto, service)
    }
}

fn list(service: &ServiceId, after: Option<HandoverId>) -> ProviderRequest {
    let service = service.clone();
    ProviderRequest::List(ListHandovers { service, after })
}

/// A message for each application.
fn give(
    service: &ServiceId,
    url: &ServiceUrl,
    codes: BTreeMap<ApplicationId, Vec<GivenCode>>,
) -> Vec<ProviderRequest> {
    let codes = codes.into_iter().map(|(application, codes)| {
        ProviderRequest::Give(GiveCodes {
            service: service.clone(),
            application,
            url: url.clone(),
            codes,
        })
    });
    codes.collect()
}

fn report(
    service: &ServiceId,
    application: ApplicationId,
    devices: Vec<DeviceId>,
) -> ProviderRequest {
    ProviderRequest::Report(ReportEntitlements {
        service: service.clone(),
        application,
        devices: Devices(devices),
    })
}
