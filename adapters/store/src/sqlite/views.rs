//! Views for people: what the records mean, with ids and times as the rest of the system writes
//! them.
//!
//! `sqlite3 center.db 'SELECT * FROM device'` works while the center runs. The views hold no
//! secret, because the store holds none: codes and tokens lie in it as keyed hashes alone.

use rusqlite::{Connection, OptionalExtension};

/// Makes every view what this version says it is; writes only where something differs.
pub(crate) fn refresh(connection: &Connection) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    for (name, select) in all() {
        let wanted = format!("CREATE VIEW {name} AS {select}");
        let present: Option<String> = transaction
            .query_row(
                "SELECT sql FROM sqlite_schema WHERE type = 'view' AND name = ?1",
                [name],
                |row| row.get(0),
            )
            .optional()?;
        if present.as_ref() != Some(&wanted) {
            transaction.execute_batch(&format!("DROP VIEW IF EXISTS {name}; {wanted}"))?;
        }
    }
    transaction.commit()
}

fn all() -> [(&'static str, String); 15] {
    [
        ("application", application()),
        ("customer", customer()),
        ("device", device()),
        ("entitlement", entitlement()),
        ("grant_", grant()),
        ("handover", handover()),
        ("instruction", instruction()),
        ("pair", pair()),
        ("reading", reading(11)),
        ("registration", registration()),
        ("service", service()),
        ("status", reading(10)),
        ("target", target()),
        ("token", token()),
        ("unreported", unreported()),
    ]
}

fn customer() -> String {
    format!(
        "SELECT {customer} AS customer, body ->> '$.user' AS user, body ->> '$.account' AS dealer,
         {since} AS since FROM record WHERE kind = 3",
        customer = id("cus-", "key"),
        since = time("since"),
    )
}

fn device() -> String {
    format!(
        "SELECT {device} AS device, {customer} AS customer, body ->> '$.user' AS user,
         body ->> '$.identification.vendor' AS vendor, body ->> '$.identification.model' AS model,
         body ->> '$.identification.serial' AS serial, body ->> '$.registration' AS registration,
         {since} AS since FROM record WHERE kind = 8",
        device = id("dev-", "key"),
        customer = id("cus-", "owner"),
        since = time("since"),
    )
}

fn grant() -> String {
    format!(
        "SELECT {grant} AS grant_, body ->> '$.account' AS dealer, body ->> '$.user' AS user,
         body ->> '$.customer' AS customer, {issued} AS issued, {expires} AS expires,
         {revoked} AS revoked, body ->> '$.slots.limit' AS devices,
         body ->> '$.slots.pending' AS pending, body ->> '$.slots.used' AS used,
         body ->> '$.note' AS note FROM record WHERE kind = 4",
        grant = id("grt-", "key"),
        issued = time("issued"),
        expires = time("expires"),
        revoked = time("state.revoked.at"),
    )
}

fn registration() -> String {
    format!(
        "SELECT {registration} AS registration, body ->> '$.facts.customer' AS customer,
         body ->> '$.facts.user' AS user, body ->> '$.facts.account' AS dealer,
         body ->> '$.facts.grant' AS grant_, {made} AS made,
         (SELECT key FROM json_each(body, '$.state')) AS state,
         coalesce(json_array_length(body, '$.state.active.devices'),
                  json_array_length(body, '$.state.pending.devices'), 0) AS devices,
         body ->> '$.state.ended.why' AS ended FROM record WHERE kind = 6",
        registration = id("reg-", "key"),
        made = time("facts.made"),
    )
}

fn instruction() -> String {
    let state = "CASE json_type(it.value, '$.state') WHEN 'text' THEN it.value ->> '$.state'
                 ELSE (SELECT key FROM json_each(it.value, '$.state')) END";
    format!(
        "SELECT {device} AS device, it.value ->> '$.id' AS instruction,
         coalesce(it.value ->> '$.state.finished.end', {state}) AS state,
         it.value ->> ('$.state.' || ({state}) || '.attempt') AS attempt,
         it.value -> '$.acts' AS acts, {made} AS made, {expires} AS expires,
         it.value -> '$.state.finished.results' AS results
         FROM record, json_each(record.body, '$.instructions') AS it WHERE record.kind = 16",
        device = id("dev-", "owner"),
        made = time_in("it.value", "made"),
        expires = time_in("it.value", "expires"),
    )
}

fn reading(kind: u8) -> String {
    format!(
        "SELECT {device} AS device, body ->> '$.number' AS number, {taken} AS taken,
         {received} AS received, body ->> '$.state' AS state, body -> '$.reasons' AS reasons,
         body -> '$.counters' AS counters FROM record WHERE kind = {kind}",
        device = id("dev-", "owner"),
        taken = time("taken"),
        received = time("received"),
    )
}

fn service() -> String {
    format!(
        "SELECT CAST(key AS TEXT) AS service, body ->> '$.title' AS title, body ->> '$.url' AS url,
         body -> '$.models' AS models, body ->> '$.account' AS provider, {since} AS since
         FROM record WHERE kind = 17",
        since = time("since"),
    )
}

fn application() -> String {
    let tally = |name: &str| format!("coalesce(body ->> '$.tally.{name}', 0)");
    format!(
        "SELECT {application} AS application, {customer} AS customer,
         body ->> '$.service' AS service, body ->> '$.account' AS account,
         CASE json_type(body, '$.phase') WHEN 'text' THEN body ->> '$.phase'
         ELSE (SELECT key FROM json_each(body, '$.phase')) END AS state,
         {waiting} AS waiting, {entitled} AS entitled, {failed} AS failed,
         {withdrawn} AS withdrawn, {left_out} AS left_out, {made} AS made, {expires} AS expires
         FROM record WHERE kind = 19",
        application = id("app-", "key"),
        customer = id("cus-", "owner"),
        waiting = tally("waiting"),
        entitled = tally("entitled"),
        failed = tally("failed"),
        withdrawn = tally("withdrawn"),
        left_out = tally("leftOut"),
        made = time("made"),
        expires = time("expires"),
    )
}

fn target() -> String {
    format!(
        "SELECT {application} AS application, {device} AS device, {customer} AS customer,
         body ->> '$.state' AS state, body ->> '$.instruction' AS instruction, {since} AS since,
         body ->> '$.detail' AS detail FROM record WHERE kind = 20",
        application = id_in("app-", "substr(record.key, 1, 16)"),
        device = id_in("dev-", "substr(record.key, 17)"),
        customer = id("cus-", "owner"),
        since = time("since"),
    )
}

/// What a device has a registration code for; the code itself is kept as a keyed hash.
fn pair() -> String {
    format!(
        "SELECT {device} AS device, CAST(key AS TEXT) AS service,
         body ->> '$.application' AS application,
         CASE json_type(body, '$.state') WHEN 'text' THEN body ->> '$.state'
         ELSE (SELECT key FROM json_each(body, '$.state')) END AS state, {expires} AS expires
         FROM record WHERE kind = 21",
        device = id("dev-", "owner"),
        expires = time("expires"),
    )
}

/// What a provider has to act upon, at its center. The application says for which service.
fn handover() -> String {
    format!(
        "SELECT {handover} AS handover, body ->> '$.application' AS application,
         body ->> '$.device' AS device, body ->> '$.state' AS state, {expires} AS expires
         FROM record WHERE kind = 25",
        handover = id("hnd-", "key"),
        expires = time("expires"),
    )
}

/// Whom a provider has entitled while its center has not taken it.
fn unreported() -> String {
    format!(
        "SELECT {application} AS application, {device} AS device, {at} AS since
         FROM record WHERE kind = 27",
        application = id_in("app-", "substr(record.key, 1, 16)"),
        device = id_in("dev-", "substr(record.key, 17)"),
        at = time("at"),
    )
}

/// The key is the service's id, a zero byte and the device's 16 bytes.
fn entitlement() -> String {
    format!(
        "SELECT {device} AS device, {customer} AS customer,
         CAST(substr(key, 1, length(key) - 17) AS TEXT) AS service,
         body ->> '$.application' AS application, {since} AS since, {stopped} AS stopped
         FROM record WHERE kind = 18",
        device = id_in("dev-", "substr(record.key, -16)"),
        customer = id("cus-", "owner"),
        since = time("since"),
        stopped = time("stopped"),
    )
}

fn token() -> String {
    format!(
        "SELECT {token} AS token, body ->> '$.role' AS role, body ->> '$.account' AS account,
         {issued} AS issued, {expires} AS expires, {revoked} AS revoked FROM record WHERE kind = 2",
        token = id("tok-", "key"),
        issued = time("issued"),
        expires = time("expires"),
        revoked = time("revoked"),
    )
}

/// A time in a body (milliseconds) as people write it; null where there is none.
fn time(path: &str) -> String {
    time_in("body", path)
}

/// A time in some JSON.
fn time_in(json: &str, path: &str) -> String {
    format!("strftime('%Y-%m-%dT%H:%M:%SZ', ({json} ->> '$.{path}') / 1000, 'unixepoch')")
}

/// An id's text form, of a column that holds nothing else.
fn id(prefix: &str, column: &str) -> String {
    id_in(prefix, &format!("record.{column}"))
}

/// An id's text form. The 16 bytes stand as hexadecimal digits between two zeros; each of the 26
/// symbols is five bits out of the three digits from the one in which it begins.
fn id_in(prefix: &str, bytes: &str) -> String {
    let digit = |place: u8| {
        format!(
            "(instr('0123456789ABCDEF', \
             substr('0' || hex({bytes}) || '0', (5*i+2)/4 + {place}, 1)) - 1)"
        )
    };
    let (high, middle, low) = (digit(1), digit(2), digit(3));
    format!(
        "(WITH RECURSIVE symbol(i, text) AS (SELECT 0, '{prefix}' UNION ALL
           SELECT i + 1, text || substr('0123456789abcdefghjkmnpqrstvwxyz',
             1 + ((({high} * 256 + {middle} * 16 + {low}) >> (7 - (5*i+2) % 4)) & 31), 1)
           FROM symbol WHERE i < 26)
         SELECT text FROM symbol WHERE i = 26)"
    )
}
