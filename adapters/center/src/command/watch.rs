//! The live view of applications: bars on a terminal, a line for each change elsewhere.
//!
//! The center counts within seconds of a change; the view asks it once a second and ends when
//! nothing waits any more. A center that is silent for a while (a restart, say) does not end it.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use restante_center::Console;
use restante_center::program::Failure;
use restante_core::id::{ApplicationId, CustomerId};
use restante_core::wire::people::DateTime;
use restante_core::wire::services::{ApplicationRow, ApplicationState, TargetState};
use restante_store::{Clock, SystemClock};

use super::applications::{self, Named};
use super::reach::Reach;
use super::table;
use super::whose::Whose;

/// Follows one application to its end, then names the devices that need somebody's attention.
pub(crate) async fn one(
    console: &Console,
    named: Named,
    whose: &Whose,
    reach: &Reach,
) -> Result<(), Failure> {
    let as_json = reach.json;
    let mut view = View::new(as_json);
    let mut patience = Patience::default();
    let last = loop {
        let asked = applications::one(console, named).await;
        if let Some(row) = patience.unless_silent(asked)? {
            view.show(&row)?;
            if is_over(row.state) || row.state == ApplicationState::Choosing {
                break row;
            }
            runs(console)?;
        }
        tokio::time::sleep(BEAT).await;
    };
    view.end();
    if as_json {
        return Ok(());
    }
    if last.state == ApplicationState::Choosing {
        let (id, of) = (named.id, whose.again() + &reach.again());
        return table::line(&format!(
            "Nothing is chosen yet:  restante-center choose {id}{of} --all"
        ));
    }
    let mut rows = applications::targets(console, named).await?;
    rows.retain(|row| row.state != TargetState::Entitled);
    if rows.is_empty() {
        return Ok(());
    }
    table::line("\nThese did not start it:\n")?;
    applications::devices_table(console, &rows, whose).await
}

/// Follows all applications of a customer that are under way, those that are made meanwhile
/// included.
pub(crate) async fn all(
    console: &Console,
    customer: Option<CustomerId>,
    as_json: bool,
) -> Result<(), Failure> {
    let mut view = View::new(as_json);
    let mut patience = Patience::default();
    loop {
        let asked = applications::all(console, customer).await;
        if let Some(rows) = patience.unless_silent(asked)? {
            // What was over before it was looked at is no part of the view.
            let is_news = |row: &ApplicationRow| {
                row.state != ApplicationState::Choosing
                    && (!is_over(row.state) || view.has(row.application))
            };
            let shown: Vec<&ApplicationRow> = rows.iter().filter(|row| is_news(row)).collect();
            for row in &shown {
                view.show(row)?;
            }
            if shown.iter().all(|row| is_over(row.state)) {
                view.end();
                return if view.is_empty() && !as_json {
                    table::line("No application is under way.")
                } else {
                    Ok(())
                };
            }
            runs(console)?;
        }
        tokio::time::sleep(BEAT).await;
    }
}

/// Whether anything can move at all.
fn runs(console: &Console) -> Result<(), Failure> {
    match console.local() {
        None => Ok(()),
        Some(_) => Err(Failure::ran(
            "no center runs here, so that nothing moves; start it with: restante-center serve",
        )),
    }
}

const fn is_over(state: ApplicationState) -> bool {
    matches!(
        state,
        ApplicationState::Complete | ApplicationState::Cancelled
    )
}

/// How long the center has been silent.
#[derive(Default)]
struct Patience(Option<Instant>);

impl Patience {
    /// What was asked for; nothing where the center does not answer for the moment.
    fn unless_silent<T>(&mut self, asked: Result<T, Failure>) -> Result<Option<T>, Failure> {
        match asked {
            Ok(answered) => {
                self.0 = None;
                Ok(Some(answered))
            }
            Err(failure) if failure.is_silence => {
                let since = *self.0.get_or_insert_with(Instant::now);
                if since.elapsed() < SILENCE {
                    Ok(None)
                } else {
                    Err(failure)
                }
            }
            Err(failure) => Err(failure),
        }
    }
}

/// What is on the screen, or was printed.
struct View {
    form: Form,
    shown: BTreeMap<ApplicationId, Shown>,
}

enum Form {
    Bars(MultiProgress),
    Lines,
    Json,
}

struct Shown {
    last: Option<ApplicationRow>,
    bar: Option<ProgressBar>,
}

impl View {
    fn new(as_json: bool) -> Self {
        let form = if as_json {
            Form::Json
        } else if std::io::stdout().is_terminal() {
            let target = ProgressDrawTarget::stdout();
            Form::Bars(MultiProgress::with_draw_target(target))
        } else {
            Form::Lines
        };
        let shown = BTreeMap::new();
        Self { form, shown }
    }

    fn has(&self, id: ApplicationId) -> bool {
        self.shown.contains_key(&id)
    }

    fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// Shows an application as it is now, if anything of it has changed.
    fn show(&mut self, row: &ApplicationRow) -> Result<(), Failure> {
        let form = &self.form;
        let shown = self.shown.entry(row.application).or_insert_with(|| Shown {
            last: None,
            bar: match form {
                Form::Bars(bars) => Some(bars.add(bar(row))),
                _ => None,
            },
        });
        if shown.last.as_ref() == Some(row) {
            return Ok(());
        }
        shown.last = Some(row.clone());
        match (form, &shown.bar) {
            (_, Some(bar)) => {
                move_to(bar, row);
                Ok(())
            }
            (Form::Json, None) => table::json_line(row),
            (_, None) => table::line(&line(row)),
        }
    }

    /// Leaves on the screen what is there.
    fn end(&self) {
        for shown in self.shown.values() {
            if let Some(bar) = &shown.bar {
                bar.abandon();
            }
        }
    }
}

fn bar(row: &ApplicationRow) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:20} {bar:30} {pos:>5}/{len:<5} {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(1).with_style(style.progress_chars("=> "));
    bar.set_prefix(row.service.to_string());
    bar
}

/// The bar is full when something has become of every device that was instructed.
fn move_to(bar: &ProgressBar, row: &ApplicationRow) {
    let tally = &row.tally;
    let settled = u64::from(tally.entitled) + u64::from(tally.failed) + u64::from(tally.withdrawn);
    // A bar of nothing would look full.
    bar.set_length((settled + u64::from(tally.waiting)).max(1));
    bar.set_position(settled);
    let state = applications::state(row.state);
    bar.set_message(format!("{state}: {}", applications::progress(row)));
}

/// One change, with its time.
fn line(row: &ApplicationRow) -> String {
    let now = DateTime(SystemClock.now()).to_text();
    let second = now.get(..19).unwrap_or(&now).replace('T', " ");
    let (id, service) = (row.application, &row.service);
    let state = applications::state(row.state);
    format!(
        "{second} UTC  {id} {service} {state}: {}",
        applications::progress(row)
    )
}

/// Between two questions.
const BEAT: Duration = Duration::from_secs(1);
/// How long a center may be silent: as long as a restart takes, and a bit more.
const SILENCE: Duration = Duration::from_secs(60);
