//! The picture of a fan-out: the center's arrivals against the set rate, as SVG text.

use std::fmt::Write as _;

use super::fan_out::Figures;

/// Arrivals in steps of ten seconds, as devices in a minute, with the set rate.
#[must_use]
pub fn svg(figures: &Figures) -> String {
    let steps = usize::try_from(figures.longest_wait() / STEP).unwrap_or(0) + 1;
    let mut counts = vec![0_u32; steps];
    for at in &figures.arrivals {
        counts[usize::try_from(at / STEP).unwrap_or(0)] += 1;
    }
    let rates: Vec<u32> = counts.iter().map(|count| count * 6).collect();
    let rate = figures.settings.per_minute;
    let top = rates.iter().copied().max().unwrap_or(0).max(rate) * 5 / 4 + 1;
    let x = |step: usize| LEFT + WIDE * step as f64 / steps as f64;
    let y = |rate: u32| HIGH - TALL * f64::from(rate) / f64::from(top);
    let mut text = head(figures);
    for (step, rate) in rates.iter().enumerate() {
        let (from, to) = (x(step), x(step + 1));
        let _ = writeln!(
            text,
            "<rect x='{from:.1}' y='{:.1}' width='{:.1}' height='{:.1}' fill='#4a7ab5'/>",
            y(*rate),
            (to - from).max(0.5),
            HIGH - y(*rate)
        );
    }
    let right = LEFT + WIDE;
    let _ = writeln!(
        text,
        "<line x1='{LEFT}' y1='{0:.1}' x2='{right}' y2='{0:.1}' stroke='#b03030' \
         stroke-width='2'/>\n<text x='{right}' y='{1:.1}' text-anchor='end' fill='#b03030'>set \
         rate: {rate} a minute</text>",
        y(rate),
        y(rate) - 8.0
    );
    axes(&mut text, top, steps, x, y);
    text + "</svg>\n"
}

fn head(figures: &Figures) -> String {
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='960' height='440' font-family='sans-serif' \
         font-size='14'>\n<rect width='960' height='440' fill='white'/>\n<text x='{LEFT}' y='28' \
         font-size='18'>One link, {} devices, {} of them dead: arrivals at the center</text>\n\
         <text x='{LEFT}' y='50' fill='#555'>{} layers; the last of {} after {}; {} never \
         called</text>\n",
        figures.settings.devices,
        figures.dead,
        figures.layers,
        figures.arrivals.len(),
        minutes(figures.longest_wait() / 1_000),
        figures.missed
    )
}

fn axes(
    text: &mut String,
    top: u32,
    steps: usize,
    x: impl Fn(usize) -> f64,
    y: impl Fn(u32) -> f64,
) {
    let right = LEFT + WIDE;
    let _ = writeln!(
        text,
        "<path d='M{LEFT} {0} V{HIGH} H{right}' fill='none' stroke='black'/>",
        HIGH - TALL
    );
    let every = (top / 5)
        .max(1)
        .next_multiple_of(if top > 500 { 100 } else { 10 });
    for tick in (0..=top).step_by(every as usize) {
        let _ = writeln!(
            text,
            "<text x='{}' y='{:.1}' text-anchor='end'>{tick}</text>",
            LEFT - 8.0,
            y(tick) + 5.0
        );
    }
    let every = (steps / 8).max(1).next_multiple_of(6);
    for tick in (0..=steps).step_by(every) {
        let at = minutes(tick as u64 * STEP / 1_000);
        let _ = writeln!(
            text,
            "<text x='{:.1}' y='{}' text-anchor='middle'>{at}</text>",
            x(tick),
            HIGH + 20.0
        );
    }
    let _ = writeln!(
        text,
        "<text x='{LEFT}' y='{}'>minutes after the link was opened; arrivals in steps of ten \
         seconds, as devices in a minute</text>",
        HIGH + 44.0
    );
}

fn minutes(seconds: u64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// Milliseconds of a step.
const STEP: u64 = 10_000;
const LEFT: f64 = 70.0;
const WIDE: f64 = 860.0;
const HIGH: f64 = 380.0;
const TALL: f64 = 310.0;
