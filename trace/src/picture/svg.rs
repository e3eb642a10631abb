//! The picture as SVG, which any browser shows. What a guest wrote is escaped.

use super::{Filter, Lane, Mark, Picture, Scale, Span, time};
use std::fmt::{self, Write};

const LABEL_WIDTH: f64 = 260.0;
const WIDTH: f64 = 1200.0;
const LANE_HEIGHT: f64 = 18.0;
const TOP: f64 = 46.0;
/// Marks beyond this in one lane are drawn as one of each kind a pixel; more can't be told apart.
const PIXEL: f64 = 1.0;

/// Draws the rows that `filter` lets through. Hovering over a poll or a mark shows its call.
///
/// ```
/// use wasi_poll_trace::picture::{Filter, Picture, Scale, svg};
/// use wasi_poll_trace::{Clock, Entry, Header, Trace, World};
///
/// let header = Header::new(World::Run, Clock::Real);
/// let entries = vec![Entry::on("sock_accept", 3, 0), Entry::on("fd_read", 4, 5_000)];
/// let picture = Picture::new(&Trace { header, entries, cut: false });
/// let drawn = svg(&picture, Scale::Time, &Filter::default());
/// assert!(drawn.starts_with("<svg") && drawn.contains("fd 4"));
/// ```
pub fn svg(picture: &Picture, scale: Scale, filter: &Filter) -> String {
    let mut drawn = String::new();
    // A string takes everything.
    let _ = draw(picture, scale, filter, &mut drawn);
    drawn
}

#[expect(clippy::cast_precision_loss, reason = "pixels")]
fn draw(picture: &Picture, scale: Scale, filter: &Filter, into: &mut String) -> fmt::Result {
    let lanes = picture.filtered(filter);
    let whole = picture.whole(scale);
    let height = TOP + LANE_HEIGHT * lanes.len() as f64 + 30.0;
    let full_width = LABEL_WIDTH + WIDTH + 20.0;
    writeln!(
        into,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{full_width}" height="{height}" viewBox="0 0 {full_width} {height}" font-family="monospace" font-size="11">"#
    )?;
    writeln!(into, r##"<rect width="100%" height="100%" fill="#ffffff"/>"##)?;
    legend(into)?;
    axis(into, whole, scale, height)?;
    for (row, lane) in lanes.iter().enumerate() {
        let y = TOP + LANE_HEIGHT * row as f64;
        writeln!(
            into,
            r##"<text x="6" y="{:.1}" fill="#222222">{}</text>"##,
            y + 13.0,
            escape(&shortened(&lane.label, 38))
        )?;
        draw_lane(into, picture, lane, (whole, scale), y)?;
    }
    into.push_str("</svg>\n");
    Ok(())
}

fn draw_lane(
    into: &mut String,
    picture: &Picture,
    lane: &Lane,
    (whole, scale): (Span, Scale),
    y: f64,
) -> fmt::Result {
    let x = |at: u64| position(at, whole);
    let from = x(picture.span(lane.life.0, scale).from);
    let to = x(picture.span(lane.life.1, scale).to);
    let (width, middle) = ((to - from).max(PIXEL), y + LANE_HEIGHT / 2.0);
    writeln!(
        into,
        r##"<rect x="{from:.1}" y="{:.1}" width="{width:.1}" height="1" fill="#bbbbbb"/>"##,
        middle - 0.5
    )?;
    let mut last = (f64::MIN, Mark::Other);
    for placed in &lane.calls {
        let span = picture.span(placed.place, scale);
        let (from, to) = (x(span.from), x(span.to));
        let title = || escape(&picture.entries[placed.place].to_string());
        if lane.is_polls() && placed.mark != Mark::Ended {
            let brought = picture.stretches[placed.place].brought;
            let fill = match (placed.mark, brought) {
                (Mark::Failed, _) => colour(Mark::Failed),
                (_, true) => "#4a90d9",
                (_, false) => "#c9d8ea",
            };
            let width = (to - from).max(PIXEL);
            writeln!(
                into,
                r#"<rect x="{from:.1}" y="{:.1}" width="{width:.1}" height="{:.1}" fill="{fill}"><title>{}</title></rect>"#,
                y + 3.0,
                LANE_HEIGHT - 6.0,
                title()
            )?;
            continue;
        }
        if to - last.0 < PIXEL && last.1 == placed.mark {
            continue;
        }
        last = (to, placed.mark);
        writeln!(
            into,
            r#"<circle cx="{to:.1}" cy="{middle:.1}" r="3.5" fill="{}"><title>{}</title></circle>"#,
            colour(placed.mark),
            title()
        )?;
    }
    Ok(())
}

fn legend(into: &mut String) -> fmt::Result {
    let mut x = LABEL_WIDTH;
    for (mark, name) in [
        (Mark::Told, "told"),
        (Mark::Opened, "opened"),
        (Mark::Read, "read"),
        (Mark::Written, "written"),
        (Mark::WouldBlock, "would block"),
        (Mark::Ended, "ended"),
        (Mark::Failed, "failed"),
        (Mark::Noted, "a note"),
    ] {
        writeln!(into, r#"<circle cx="{x}" cy="12" r="3.5" fill="{}"/>"#, colour(mark))?;
        writeln!(into, r##"<text x="{}" y="16" fill="#222222">{name}</text>"##, x + 8.0)?;
        x += 110.0;
    }
    writeln!(into, r##"<rect x="6" y="8" width="20" height="9" fill="#4a90d9"/>"##)?;
    writeln!(into, r##"<text x="30" y="16" fill="#222222">a poll that told something</text>"##)
}

#[expect(clippy::cast_precision_loss, reason = "pixels")]
fn axis(into: &mut String, whole: Span, scale: Scale, height: f64) -> fmt::Result {
    const STEPS: u64 = 8;
    for step in 0..=STEPS {
        let x = LABEL_WIDTH + WIDTH * step as f64 / STEPS as f64;
        let at = whole.from + (u128::from(whole.length()) * u128::from(step) / u128::from(STEPS)) as u64;
        let label = match scale {
            Scale::Time => time(at),
            Scale::Calls => format!("#{at}"),
        };
        let bottom = height - 20.0;
        writeln!(into, r##"<line x1="{x:.1}" y1="36" x2="{x:.1}" y2="{bottom}" stroke="#eeeeee"/>"##)?;
        writeln!(into, r##"<text x="{x:.1}" y="32" fill="#777777" text-anchor="middle">{label}</text>"##)?;
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "pixels")]
fn position(at: u64, whole: Span) -> f64 {
    LABEL_WIDTH + WIDTH * (at.saturating_sub(whole.from) as f64 / whole.length() as f64)
}

fn colour(mark: Mark) -> &'static str {
    match mark {
        Mark::Other => "#999999",
        Mark::WouldBlock => "#d9b44a",
        Mark::Told => "#7f7fd5",
        Mark::Opened => "#333333",
        Mark::Read => "#2e9e4f",
        Mark::Written => "#1f77b4",
        Mark::Ended => "#8c564b",
        Mark::Failed => "#d62728",
        Mark::Noted => "#ff7f0e",
    }
}

fn shortened(label: &str, letters: usize) -> String {
    match label.char_indices().nth(letters) {
        Some((at, _)) => format!("{}…", &label[..at]),
        None => label.to_owned(),
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            letter if letter.is_control() => escaped.extend(letter.escape_default()),
            letter => escaped.push(letter),
        }
    }
    escaped
}
