//! What dealers, administrators and operators say, and what they are answered.

use restante_core::code::AccessToken;
use restante_core::id::{CustomerId, DeviceId, GrantId, InstructionId, RequestId, TokenId};
use restante_core::wire::instruct::{
    CancelInstruction, Instruct, Instructed, InstructedDevice, InstructionRow, InstructionState,
    ListInstructions,
};
use restante_core::wire::people::{
    ClockAccepted, CodeIssued, CodeRow, CodeState, DateTime, DeviceRow, IssueCode, IssueToken,
    ListDevices, ListReadings, Page, Reading, RevokeCode, RevokeToken, Role, TokenIssued, TokenRow,
};
use restante_core::wire::{Act, Acts, DeviceState};
use restante_core::{Seconds, Timestamp};

use super::device::{acts, carried_out_results, counters, instruction};
use super::{
    bytes, device_id, id, multifunction, printer, provisional_code, read, registration, scanner,
};

pub(crate) fn issue_code() -> IssueCode {
    IssueCode {
        user: read("Minato Print"),
        validity: None,
        limit: None,
        note: None,
    }
}

pub(crate) fn issue_code_narrowed() -> IssueCode {
    IssueCode {
        validity: Some(Seconds::DAY),
        limit: Some(3),
        note: Some(read("second floor")),
        ..issue_code()
    }
}

pub(crate) fn code_issued() -> CodeIssued {
    CodeIssued {
        code: provisional_code().to_text(),
        row: code_row(),
    }
}

pub(crate) fn codes() -> Page<CodeRow, GrantId> {
    let row = CodeRow {
        state: CodeState::Valid,
        pending: 2,
        used: 1,
        ..code_row()
    };
    Page {
        rows: vec![row],
        next: Some(grant()),
    }
}

pub(crate) fn revoke_code() -> RevokeCode {
    RevokeCode { grant: grant() }
}

pub(crate) fn code_row_revoked() -> CodeRow {
    CodeRow {
        state: CodeState::Revoked,
        used: 3,
        ..code_row()
    }
}

fn code_row() -> CodeRow {
    CodeRow {
        grant: grant(),
        user: read("Minato Print"),
        customer: customer(),
        state: CodeState::Valid,
        issued: day(0),
        expires: day(7),
        limit: 1_000,
        pending: 0,
        used: 0,
        note: None,
    }
}

pub(crate) fn issue_token() -> IssueToken {
    IssueToken {
        role: Role::Administrator,
        account: read("minato-admin"),
        customer: Some(customer()),
        validity: Some(Seconds::new(30 * 86_400)),
    }
}

pub(crate) fn token_issued() -> TokenIssued {
    let token = AccessToken::new(token(), bytes("token secret"));
    TokenIssued {
        token,
        row: token_row(),
    }
}

pub(crate) fn tokens() -> Page<TokenRow, TokenId> {
    Page {
        rows: vec![token_row()],
        next: None,
    }
}

pub(crate) fn revoke_token() -> RevokeToken {
    RevokeToken { token: token() }
}

pub(crate) fn token_row_revoked() -> TokenRow {
    TokenRow {
        revoked: Some(day(2)),
        ..token_row()
    }
}

fn token_row() -> TokenRow {
    TokenRow {
        token: token(),
        role: Role::Administrator,
        account: read("minato-admin"),
        customer: Some(customer()),
        issued: day(0),
        expires: Some(day(30)),
        revoked: None,
    }
}

pub(crate) fn list_devices() -> ListDevices {
    ListDevices {
        user: Some(read("Minato Print")),
        ..ListDevices::default()
    }
}

pub(crate) fn devices() -> Page<DeviceRow, DeviceId> {
    let which = multifunction();
    let row = DeviceRow {
        device: device_id(&which),
        customer: customer(),
        vendor: which.vendor,
        model: which.model,
        serial: which.serial,
        functions: which.functions,
        user: read("Minato Print"),
        address: Some(read("192.0.2.2")),
        registration: Some(registration()),
        since: day(0),
        latest: Some(reading(2, 140)),
    };
    Page {
        rows: vec![row],
        next: None,
    }
}

pub(crate) fn list_readings() -> ListReadings {
    let device = device_id(&multifunction());
    ListReadings {
        device,
        customer: Some(customer()),
        after: None,
    }
}

pub(crate) fn readings() -> Page<Reading, u32> {
    Page {
        rows: vec![reading(2, 140), reading(1, 100)],
        next: None,
    }
}

fn reading(seq: u32, sheets: u64) -> Reading {
    let received = day(u64::from(seq));
    let taken = received
        .0
        .as_millis()
        .saturating_sub(Seconds::new(20).as_millis());
    Reading {
        taken: DateTime(Timestamp::from_millis(taken)),
        received,
        boot: 7,
        seq,
        state: DeviceState::Idle,
        reasons: Vec::new(),
        counters: counters(sheets),
    }
}

pub(crate) fn instruct() -> Instruct {
    Instruct {
        customer: Some(customer()),
        devices: vec![device_id(&multifunction())],
        acts: acts(),
        not_before: None,
        expires: None,
        request: RequestId::from_bytes(id("order")),
    }
}

pub(crate) fn instruct_later() -> Instruct {
    Instruct {
        devices: vec![device_id(&scanner()), device_id(&printer())],
        acts: Acts::one(Act::ReportStatus),
        not_before: Some(Seconds::HOUR),
        expires: Some(Seconds::DAY),
        request: RequestId::from_bytes(id("later order")),
        ..instruct()
    }
}

pub(crate) fn instructed() -> Instructed {
    let device = device_id(&multifunction());
    let instruction = instruction();
    Instructed {
        rows: vec![InstructedDevice {
            device,
            instruction,
        }],
    }
}

pub(crate) fn list_instructions() -> ListInstructions {
    ListInstructions {
        device: device_id(&multifunction()),
        customer: Some(customer()),
        after: None,
    }
}

pub(crate) fn instructions() -> Page<InstructionRow, InstructionId> {
    let failed = InstructionRow {
        state: InstructionState::Failed,
        finished: Some(day(2)),
        results: carried_out_results(),
        ..instruction_row()
    };
    Page {
        rows: vec![failed],
        next: None,
    }
}

pub(crate) fn cancel_instruction() -> CancelInstruction {
    CancelInstruction {
        instruction: instruction(),
        device: device_id(&multifunction()),
        customer: Some(customer()),
    }
}

pub(crate) fn instruction_row_called_off() -> InstructionRow {
    InstructionRow {
        cancel: true,
        ..instruction_row()
    }
}

fn instruction_row() -> InstructionRow {
    InstructionRow {
        instruction: instruction(),
        device: device_id(&multifunction()),
        customer: customer(),
        state: InstructionState::Taken,
        cancel: false,
        attempt: Some(1),
        acts: acts(),
        made: day(1),
        not_before: None,
        expires: day(31),
        taken: Some(day(2)),
        finished: None,
        results: Vec::new(),
    }
}

pub(crate) fn clock_accepted() -> ClockAccepted {
    ClockAccepted { now: day(3) }
}

fn grant() -> GrantId {
    GrantId::from_bytes(id("grant"))
}

pub(super) fn customer() -> CustomerId {
    CustomerId::from_bytes(id("customer"))
}

fn token() -> TokenId {
    TokenId::from_bytes(id("token"))
}

/// So many days after the morning of 21 November 2026.
pub(super) fn day(days: u64) -> DateTime {
    DateTime(Timestamp::from_millis(
        1_795_250_700_000 + days * 86_400_000,
    ))
}
