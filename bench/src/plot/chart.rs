//! One chart of values by name and contender, as bars on a plain scale or lines on a logarithmic one.

use std::path::Path;

use anyhow::Result;
use plotters::chart::SeriesAnno;
use plotters::coord::ranged1d::ValueFormatter;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::contender::Contender;
use crate::work::grouped;

/// Named places across, numbers upwards.
type Context<'a, B, Y> = ChartContext<'a, B, Cartesian2d<RangedCoordf64, Y>>;

const SIZE: (u32, u32) = (760, 340);
const FONT: &str = "sans-serif";

/// How values are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Beside one another.
    Bars,
    /// From name to name.
    Lines,
}

/// What one contender has.
#[derive(Clone, Debug)]
pub struct Series {
    /// Whose.
    pub contender: Contender,
    /// For each name; none where there is none.
    pub values: Vec<Option<f64>>,
}

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    /// Above it.
    pub title: &'a str,
    /// Below the names.
    pub below: &'a str,
    /// How.
    pub style: Style,
    /// Along the axis.
    pub names: &'a [&'a str],
    /// In the legend's order.
    pub series: &'a [Series],
}

impl Chart<'_> {
    /// Writes it to a file.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn draw(&self, path: &Path) -> Result<()> {
        let area = SVGBackend::new(path, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let values = || self.series.iter().flat_map(|series| series.values.iter().flatten().copied());
        let (least, most) = (values().fold(f64::MAX, f64::min), values().fold(0.0, f64::max));
        let mut builder = ChartBuilder::on(&area);
        builder.caption(self.title, (FONT, 18)).margin(10).x_label_area_size(45).y_label_area_size(60);
        #[expect(clippy::cast_precision_loss, reason = "a handful of names")]
        let across = -0.5..self.names.len() as f64 - 0.5;
        // The two scales are of two types.
        match self.style {
            Style::Bars => {
                let mut context = builder.build_cartesian_2d(across, 0.0..most * 1.25)?;
                self.mesh(&mut context)?;
                for (place, series) in self.series.iter().enumerate() {
                    labelled(context.draw_series(self.bars(place, series))?, series.contender);
                }
                legend(&mut context)?;
            }
            Style::Lines => {
                let mut context =
                    builder.build_cartesian_2d(across, (least / 2.0..most * 8.0).log_scale())?;
                self.mesh(&mut context)?;
                for series in self.series {
                    let line = LineSeries::new(points(series), colour(series.contender).stroke_width(2));
                    labelled(context.draw_series(line.point_size(3))?, series.contender);
                }
                legend(&mut context)?;
            }
        }
        area.present()?;
        Ok(())
    }

    fn mesh<B: DrawingBackend, Y>(&self, context: &mut Context<'_, B, Y>) -> Result<()>
    where
        Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
        B::ErrorType: 'static,
    {
        let name = |at: &f64| self.name(*at);
        let scale = |value: &f64| number(*value);
        let mut mesh = context.configure_mesh();
        mesh.x_labels(2 * self.names.len() + 1).x_label_formatter(&name).x_desc(self.below);
        mesh.y_label_formatter(&scale);
        mesh.disable_x_mesh().light_line_style(TRANSPARENT).label_style((FONT, 13)).draw()?;
        Ok(())
    }

    /// The name at a place of the axis: names stand at whole numbers.
    fn name(&self, at: f64) -> String {
        let is_whole = (at - at.round()).abs() < 1e-6;
        let name = || self.names.get(place(at)?).copied();
        if is_whole { name().unwrap_or_default().to_owned() } else { String::new() }
    }

    fn bars(&self, place: usize, series: &Series) -> Vec<Rectangle<(f64, f64)>> {
        #[expect(clippy::cast_precision_loss, reason = "a handful of contenders")]
        let (place, count) = (place as f64, self.series.len() as f64);
        let width = 0.8 / count;
        let bar = |(at, value): (f64, f64)| {
            let left = at - 0.4 + place * width;
            Rectangle::new([(left, 0.0), (left + width * 0.9, value)], colour(series.contender).filled())
        };
        points(series).into_iter().map(bar).collect()
    }
}

/// Says whose colour is which.
fn legend<'a, B: DrawingBackend + 'a, Y>(context: &mut Context<'a, B, Y>) -> Result<()>
where
    Y: Ranged<ValueType = f64>,
    B::ErrorType: 'static,
{
    let mut legend = context.configure_series_labels();
    legend.position(SeriesLabelPosition::UpperLeft).label_font((FONT, 12));
    legend.background_style(WHITE.mix(0.8)).border_style(BLACK.mix(0.3)).draw()?;
    Ok(())
}

fn number(value: f64) -> String {
    #[expect(clippy::cast_sign_loss, reason = "no figure is negative")]
    if value >= 10.0 { grouped(value.round() as u64) } else { format!("{value:.1}") }
}

#[expect(clippy::cast_sign_loss, reason = "negative ones are none")]
fn place(at: f64) -> Option<usize> {
    (at > -0.5).then(|| at.round() as usize)
}

#[expect(clippy::cast_precision_loss, reason = "a handful of names")]
fn points(series: &Series) -> Vec<(f64, f64)> {
    let values = series.values.iter().enumerate();
    values.filter_map(|(at, value)| Some((at as f64, (*value)?))).collect()
}

fn labelled<'a, B: DrawingBackend + 'a>(drawn: &mut SeriesAnno<'a, B>, contender: Contender) {
    let colour = colour(contender);
    drawn.label(contender.title());
    drawn.legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour.filled()));
}

fn colour(contender: Contender) -> RGBColor {
    match contender {
        Contender::Native => RGBColor(110, 110, 110),
        Contender::Poller => RGBColor(0, 114, 178),
        Contender::Stock => RGBColor(86, 180, 233),
        Contender::WasiCommon => RGBColor(213, 94, 0),
        Contender::Wasip2 => RGBColor(230, 159, 0),
    }
}
