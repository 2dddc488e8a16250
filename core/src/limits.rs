//! Every bound of the protocol, in one place, with the reason beside it.
//!
//! A number that appears in a message, a record or a loop and can grow is bounded here. Operators
//! can narrow some of them in their configuration, nobody can widen them.

use crate::time::Seconds;

/// Bytes in one message. Holds a gateway's first enrolment of a few hundred devices; small enough
/// for a center to hold thousands of half-read messages.
pub const MESSAGE_BYTES: usize = 64 * 1024;
/// Bytes of a sealed envelope: the largest message, a header, a tag, and a challenge's nonce.
pub const SEALED_BYTES: usize = MESSAGE_BYTES + 47 + 16 + 16;
/// Counters that a sender of envelopes reserves at a time: memory that wears out is written once
/// for so many messages, and one restart wastes no more.
pub const COUNTERS_RESERVED: u64 = 64;
/// The same for mails, which are few: a late mail is still in the window after some restarts.
pub const COUNTERS_RESERVED_MAIL: u64 = 8;
/// How often one request is said again because the center challenges it. One challenge is enough
/// unless the lane has moved on meanwhile; each costs a write to memory that wears out.
pub const CHALLENGES: u8 = 3;
/// How far back a mail may come late, counted in mails, so that 64 bits remember which have come.
pub const MAIL_WINDOW: u64 = 64;
/// Bytes of one frame on a serial line, with delimiters and stuffing: what a microcontroller holds
/// while a frame comes, and 4.3 seconds at 2,400 bits per second.
pub const FRAME_BYTES: usize = 1024;
/// Bytes of a message in one frame at the most: stuffed in the worst way, they still fit a frame.
pub const FRAGMENT_BYTES: usize = 640;
/// Bytes of a message in one frame at the least: where one bit in a thousand is wrong, two of three
/// such frames arrive.
pub const FRAGMENT_BYTES_MIN: usize = 32;
/// Bytes in the first frame on a line of which nothing is known yet.
pub const FRAGMENT_BYTES_FIRST: usize = 256;
/// Fragments that have to arrive at their first try, one after the other, before the next one is
/// twice as large: on a bad line, fewer than that do in most rows.
pub const FRAGMENTS_BEFORE_LARGER: u8 = 4;
/// How often a frame is sent without an answer before the line has failed. Where one bit in a
/// thousand is wrong, this is reached by one fragment in a million.
pub const FRAME_TRIES: u8 = 20;
/// The slowest serial line, in bits per second.
pub const LINE_BITS_MIN: u32 = 300;
/// The longest time, in milliseconds, for which an answer may be on its way besides the time that
/// its bytes take: two satellites and an error-correcting modem.
pub const LINE_TURNAROUND_MAX: u32 = 10_000;
/// Characters of a modem's dial script: a page.
pub const SCRIPT_CHARS: usize = 4 * 1024;
/// Steps of a modem's dial script.
pub const SCRIPT_STEPS: usize = 64;
/// Characters of a line that a modem says, and of one that it is told (ITU-T V.250 demands 40).
pub const MODEM_LINE_CHARS: usize = 128;
/// Characters of a telephone number, with its pauses and prefixes.
pub const TELEPHONE_CHARS: usize = 64;
/// The longest step of a dial script: calls that nobody has answered after ten minutes are not.
pub const SCRIPT_STEP_MAX: Seconds = Seconds::new(600);
/// Bytes of a mail from a device: its message, encoded, beside a signature or a logo that a mail
/// program adds.
pub const MAIL_BYTES: usize = 256 * 1024;
/// The smallest `maxMessage` that a device may declare, in bytes: one reply with one instruction.
pub const MESSAGE_BYTES_MIN: u32 = 2 * 1024;
/// Nesting of arrays and objects in one message.
pub const JSON_DEPTH: usize = 16;
/// Members of one JSON object.
pub const JSON_MEMBERS: usize = 64;

/// Characters in a name that people give or read: user, customer, account, vendor, model, serial
/// number. The longest field for a serial number in the Printer MIB is 255, in practice 20.
pub const NAME_CHARS: usize = 64;
/// Characters in a host name (RFC 1035) or an address.
pub const HOST_CHARS: usize = 253;
/// Host names at which a device may register for services: those of a maker and of its partners.
pub const HOSTS: usize = 32;
/// Characters of all these host names together, so that a schedule that names them leaves room for
/// an instruction in the smallest message that a device may declare.
pub const HOSTS_BYTES: usize = 384;
/// Characters in a center's address as a person types it: a URL with a path.
pub const CENTER_CHARS: usize = 512;
/// Characters in the URL at which a device registers for a service: a host and a modest path fit a
/// message of the smallest size.
pub const URL_CHARS: usize = 512;
/// Characters of a registration code, whoever made it.
pub const REGISTRATION_CODE_CHARS: usize = 64;
/// Bytes of a wrapped registration code: the longest there can be, and the cipher's tag. All are as
/// long as the longest, so that their length tells nothing.
pub const WRAPPED_CODE: usize = 80;
/// Characters of a service's id, so that a key can hold one beside a device's.
pub const SERVICE_CHARS: usize = 32;
/// Models that one service names; a maker's whole catalogue of a decade.
pub const MODELS_PER_SERVICE: usize = 256;
/// Services that one message applies for.
pub const SERVICES_PER_APPLICATION: usize = 16;
/// Services of one center: a page of choices that an administrator can still read.
pub const SERVICES: usize = 256;
/// How long the devices of an application have to start the service unless it says otherwise.
pub const APPLICATION_VALIDITY: Seconds = Seconds::new(30 * 86_400);
/// The longest time that an application may give them: about a year.
pub const APPLICATION_VALIDITY_MAX: Seconds = Seconds::new(366 * 86_400);
/// Devices that are looked at before an application for all devices is accepted or refused as one
/// that applies to none. Where a customer has more, the job finds out.
pub const DEVICES_LOOKED_AT: usize = 1_000;
/// Devices for which one tick makes instructions: each reads and writes a few records.
pub const FILLED_PER_TICK: usize = 128;
/// Targets that one tick counts, and withdraws if need be.
pub const TARGETS_PER_TICK: usize = 256;
/// How long wishes for a count are collected.
pub const COUNT_EVERY: Seconds = Seconds::new(2);
/// Characters in a mail address (RFC 5321).
pub const MAIL_CHARS: usize = 254;
/// Characters in a free text that an operator reads, such as the reason for a revocation.
pub const NOTE_CHARS: usize = 256;
/// Characters of the sentence in a refusal. The sentences of the registry have fewer; a parser's
/// may quote what it was sent.
pub const DETAIL_CHARS: usize = 512;

/// Characters of a word that a later version may bring, such as the kind of an act. The longest
/// that there is now has 16.
pub const WORD_CHARS: usize = 32;
/// Acts of one instruction: what one step of an upkeep may touch at once.
pub const ACTS_PER_INSTRUCTION: usize = 8;
/// Instructions that wait in one device's mailbox. A device that does not come for a month is sent
/// one a day; more means that somebody is sending in a circle.
pub const INSTRUCTIONS_PER_MAILBOX: usize = 32;
/// Finished instructions that are kept of one device, so that people see what became of the latest.
pub const FINISHED_PER_MAILBOX: usize = 32;
/// Bytes of one instruction's acts as JSON: a longest text in any script fits, and one instruction
/// always fits into the smallest message that a device may declare.
pub const ACTS_BYTES: usize = 1_152;
/// For how long an instruction may be begun unless who gives it says otherwise.
pub const INSTRUCTION_TIME: Seconds = Seconds::new(30 * 86_400);
/// The shortest time within which an instruction may have to be begun.
pub const INSTRUCTION_TIME_MIN: Seconds = Seconds::MINUTE;
/// The longest time within which an instruction may be begun: about three months.
pub const INSTRUCTION_TIME_MAX: Seconds = Seconds::new(90 * 86_400);
/// Acknowledgements in one message: a gateway whose children have all done something says so in a
/// few messages.
pub const ACKNOWLEDGEMENTS_PER_MESSAGE: usize = 64;
/// Instructions that a device or gateway holds at a time; what does not fit stays in the mailbox. A
/// gateway may have hundreds of children, and few of them have several at once.
pub const DUTIES: usize = 256;
/// Instructions that are held for one device at a time, so that one child that does not answer
/// leaves room for the others.
pub const DUTIES_PER_DEVICE: usize = 8;
/// How long a registration for a service is tried while its server does not answer: a server that
/// is down is mended by then, and the delivery is not over yet ([`WORK_LEASE`]).
pub const REGISTER_TIME: Seconds = Seconds::new(12 * 3_600);
/// How long a child may take to carry out what it was handed.
pub const CARRY_OUT_WAIT: Seconds = Seconds::MINUTE;
/// How often a child is handed the same instruction before its acts count as failed (`GWY-012`).
pub const CARRY_OUT_TRIES: u8 = 3;
/// Deliveries of one instruction without any word from the device before it is put aside.
pub const DELIVERIES: u32 = 5;
/// How long a delivered instruction that nothing was heard of stays the same delivery.
pub const DELIVERY_LEASE: Seconds = Seconds::new(600);
/// How long an instruction that the device has taken stays the same delivery without further word.
pub const WORK_LEASE: Seconds = Seconds::DAY;

/// Devices that one device calls with a poll request, and that each of these calls in turn: a small
/// device has its calls behind it in seconds, and five layers of eight reach 37,449 devices.
pub const CALLS_PER_DEVICE: usize = 8;
/// Layers of calls below a device that a person calls.
pub const CALL_LAYERS: usize = 5;
/// Devices of one plan of poll requests. Whoever has more makes several; one decision looks at all
/// of them.
pub const DEVICES_PER_PLAN: usize = 10_000;
/// Devices of a customer that are looked at for a plan.
pub const HOLDINGS_PER_PLAN: usize = 2 * DEVICES_PER_PLAN;
/// Devices of a plan that people call and that tell others: more links than that nobody opens.
pub const ROOTS_PER_PLAN: u32 = 64;
/// Devices in one stored part of a plan: a device that polls for one reads a few parts.
pub const DEVICES_PER_PART: usize = 500;
/// How long a plan of poll requests is kept: those who are told of it have a week.
pub const PLAN_TIME: Seconds = Seconds::WEEK;
/// Devices that poll requests bring to a center in a minute unless its operator says otherwise.
pub const POLL_REQUESTS_PER_MINUTE: u32 = 1_200;
/// Over this time a plan spreads the devices that may arrive in a minute: a tenth more, so that no
/// minute sees too many although lines delay some of them by seconds.
pub const ARRIVALS_SPREAD: Seconds = Seconds::new(66);
/// How long those below devices that are called stand back behind these at the least: by then it is
/// known which of them are silent ([`PEER_WAIT`]), and most have seen to their own instructions.
pub const LAYER_GAP: Seconds = Seconds::new(15);
/// The most that an operator may choose.
pub const POLL_REQUESTS_PER_MINUTE_MAX: u32 = 60_000;
/// Models whose order of capability an operator gives: more than a manufacturer has on the market.
pub const RANKED_MODELS: usize = 256;
/// Addresses that one poll request names.
pub const ADDRESSES_PER_POLL_REQUEST: usize = 64;
/// Characters of a poll request's link: what every browser, mail program and small server takes.
pub const POLL_REQUEST_CHARS: usize = 2_048;
/// Characters of a poll tag that somebody else's center may make.
pub const POLL_TAG_CHARS: usize = 64;
/// The longest time that a poll request may have a device wait before it polls.
pub const POLL_REQUEST_AFTER: Seconds = Seconds::DAY;
/// How often poll requests may make a device poll: whoever can speak on its LAN can ask it, and its
/// center is to feel no more of it than this.
pub const POLL_REQUEST_EVERY: Seconds = Seconds::new(30);
/// Polls that poll requests may cause one after the other before [`POLL_REQUEST_EVERY`] counts: a
/// person who opens a link again, and two plans that meet.
pub const POLL_REQUEST_BURST: u32 = 3;
/// Tags that a device remembers, so that it honours each once: at one in 30 seconds they go back
/// half an hour at the least, longer than a request wanders about.
pub const POLL_TAGS: usize = 64;
/// Poll requests that wait for their time or for the line, and plans of whose calls a device has
/// some left, each: an administrator's, and some that got in its way.
pub const POLL_REQUESTS: usize = 4;
/// How long a poll that was asked for is tried while the center does not answer. Whoever asked has
/// asked again by then, or looks elsewhere.
pub const POLL_REQUEST_TIME: Seconds = Seconds::new(600);
/// How long a device sees to its own instructions before it calls others: a server that answers has
/// answered, and those who wait behind it have not waited for nothing.
pub const OWN_DUTIES_FIRST: Seconds = Seconds::new(120);
/// How long a device that is called may take to answer before those below it are called in its
/// place.
pub const PEER_WAIT: Seconds = Seconds::new(10);

/// Identifications in one message. More follow with further `add` messages.
pub const DEVICES_PER_MESSAGE: usize = 500;
/// Entitlements that a provider looks at for one report: as many as a message may name.
pub const REPORTED_AT_ONCE: u32 = 500;
const _: () = assert!(REPORTED_AT_ONCE as usize == DEVICES_PER_MESSAGE);
/// Devices that one registration may name: a large site behind one gateway.
pub const DEVICES_PER_REGISTRATION: usize = 1_000;
/// Devices that a registration's locator names. Most registrations have one; the locator of a large
/// site would be as large as the registration that it is to spare.
pub const DEVICES_IN_LOCATOR: usize = 4;
/// Devices that one provisional code may register unless the dealer narrows it; the operator's
/// ceiling cannot pass it either.
pub const DEVICES_PER_GRANT: u32 = 1_000;
/// State reasons in one status report.
pub const REASONS_PER_STATUS: usize = 32;
/// Services that keep counters of their own (print, copy, scan, faxIn, faxOut).
pub const COUNTED_SERVICES: usize = 5;
/// The largest counter value: the largest integer that every JSON reader holds exactly.
pub const COUNTER_MAX: u64 = (1 << 53) - 1;
/// Readings that are kept of one device; a later one takes the place of the oldest. More than a
/// year of daily reports.
pub const READINGS_PER_DEVICE: u32 = 400;
/// Registrations that have reported a device, besides the one that does, for which it is remembered
/// how far they had come. A device that is moved to and fro goes between two.
pub const REGISTRATIONS_PER_READING: usize = 8;
/// Rows of one page of a list that a person or a program asks for.
pub const PAGE_ROWS: usize = 100;
/// Rows that are read for one page: the one more tells whether there is a next page.
pub const PAGE_READ: u32 = 101;
const _: () = assert!(PAGE_READ as usize == PAGE_ROWS + 1);

/// Records that one decision may read. The first use of a formal code for 500 devices that adds 500
/// more reads two records for each of them.
pub const READS_PER_DECISION: usize = 2_048;
/// Records that one decision may write: five for each of the same thousand devices, where each was
/// alone in a registration that ends (device, registration, locator, and its lanes, if there are
/// any).
pub const WRITES_PER_DECISION: usize = 5_120;
/// Records that a decision may ask for on the strength of a message that it has not authenticated:
/// it saves a small message a round of loading, and gives a stranger no lever.
pub const EARLY_READS: usize = 8;
/// Records that one sweep of due times takes in one decision, so that a sweep never holds up
/// requests for long.
pub const DUE_PER_TICK: usize = 64;
/// How often a sweep looks further in one decision where nothing of what it found could be done,
/// because it is damaged. A store with more such records has to be restored.
pub const SWEEP_STRETCHES: usize = 8;

/// Distinct wrong codes from one source within [`THROTTLE_WINDOW`] before it has to wait.
pub const WRONG_CODES: usize = 10;
/// The window in which wrong codes are counted.
pub const THROTTLE_WINDOW: Seconds = Seconds::HOUR;
/// Sources whose wrong codes one node remembers; the oldest make room.
pub const THROTTLE_SOURCES: usize = 65_536;

/// How long a sender waits that is told to come later and not when: a center that is busy has had
/// time to work off what it took in, and its own senders' back-off takes over after that.
pub const BUSY_WAIT: Seconds = Seconds::new(5);

/// How long a provisional code is valid unless the dealer says otherwise.
pub const CODE_VALIDITY: Seconds = Seconds::WEEK;
/// The shortest validity that a dealer may choose.
pub const CODE_VALIDITY_MIN: Seconds = Seconds::MINUTE;
/// The longest validity that a dealer may choose: about three months.
pub const CODE_VALIDITY_MAX: Seconds = Seconds::new(90 * 86_400);
/// How long after its code's expiry a registration that was never used keeps its slots.
pub const PENDING_GRACE: Seconds = Seconds::DAY;

/// How often the center writes down the highest time that it has seen.
pub const CLOCK_SAVE: Seconds = Seconds::MINUTE;
/// A jump of the clock beyond this suspends expiry until an operator accepts it.
pub const CLOCK_JUMP: Seconds = Seconds::DAY;

/// How often a device polls and reports unless the center says otherwise: once a day.
pub const INTERVAL: Seconds = Seconds::DAY;
/// The shortest interval that a schedule may name.
pub const INTERVAL_MIN: Seconds = Seconds::new(1);
/// How long after a report a device keeps a changed address to itself: one that changes to and fro
/// makes no more reports than this allows.
pub const REPORT_REST: Seconds = Seconds::new(60);
/// The longest interval that a schedule may name: thirty days.
pub const INTERVAL_MAX: Seconds = Seconds::new(30 * 86_400);

/// How far away the next window for polling is at the least: a device that has just been there for
/// another reason is not asked to come again within the hour.
pub const WINDOW_APART: Seconds = Seconds::HOUR;
/// How long the daily window for polling is open at the longest.
pub const WINDOW_MAX: Seconds = Seconds::new(12 * 3_600);

/// The window in which a device says its first word after it was switched on: where power returns
/// to a district, its devices come one by one, and the last of them soon.
pub const BOOT_SPREAD: Seconds = Seconds::new(10);
/// The first window of a device's back-off; each further failure doubles it.
pub const BACKOFF_FIRST: Seconds = Seconds::new(4);
/// The widest window of a device's back-off.
pub const BACKOFF_MAX: Seconds = Seconds::HOUR;
/// How long a machine waits for a reply before the request counts as lost. Longer than any sensible
/// time-out of a transport, which reports a failure sooner.
pub const REPLY_WAIT: Seconds = Seconds::new(120);
/// How often an enrolment is repeated because its formal code was refused at the first use. Once
/// for a center that was restored from a backup, once more for bad luck.
pub const ENROL_AGAIN: u8 = 2;
/// The share of an interval (one part in so many) over which registrations spread themselves.
pub const SPREAD_PART: u64 = 16;
/// The most by which a registration comes later than its interval.
pub const SPREAD_MAX: Seconds = Seconds::new(300);
/// Bytes that a device keeps: two enrolments of one device and two formal codes fit four times.
pub const KEPT_BYTES: usize = 16 * 1024;
/// Bytes that is kept of sealed envelopes: a counter and a registration's epoch.
pub const KEPT_CARRIER_BYTES: usize = 256;

/// How long a general call collects answers, at the least (`SITE-002`) and unless it is ended.
pub const CALL_TIME: Seconds = Seconds::new(4);
/// How long after a general call that nobody answered the next one follows while a code waits.
pub const CALL_AGAIN: Seconds = Seconds::MINUTE;
/// How often a gateway looks for new children.
pub const CALL_EVERY: Seconds = Seconds::DAY;
/// Children that a gateway knows, registered or not: as many as a registration may name.
pub const CHILDREN: usize = DEVICES_PER_REGISTRATION;
/// Children that are asked for their status at the same time, so that a small gateway does not open
/// a thousand connections.
pub const ASKED_AT_ONCE: usize = 64;
/// How long a child may take to answer.
pub const ASK_WAIT: Seconds = Seconds::new(10);
/// Bytes that a gateway keeps: a thousand children that have just been found, half of them being
/// enrolled, while a registration of a thousand others is still held, all with the longest names
/// that there are. What has been kept has to be readable again, whoever answers on the LAN.
pub const KEPT_GATEWAY_BYTES: usize = 8 * 1024 * 1024;
/// Bytes of a message that are left for what stands around its list of devices or reports.
pub const MESSAGE_FRAME: usize = 1024;
