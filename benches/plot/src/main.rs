//! Draws throughput over body size: `plot RESULTS.json PLOT.svg`.

use std::collections::BTreeMap;
use std::error::Error;
use std::{env, fs};

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use serde::Deserialize;

/// Whom the others are measured by.
const PEER: &str = "official-sdks";

const KB: f64 = 1024.0;

#[derive(Deserialize)]
struct Results {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    kind: String,
    bytes: f64,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    ratio: f64,
}

/// Who is shown, in which colour, under which name.
const SHOWN: [(&str, RGBColor, &str); 4] = [
    ("redrive", RGBColor(0xd9, 0x48, 0x01), "Workflow Redrive"),
    (PEER, RGBColor(0x52, 0x52, 0x52), "official SDKs"),
    ("by-hand", RGBColor(0x38, 0x82, 0xbd), "JavaScript by hand"),
    ("body-and-fetch", RGBColor(0x96, 0x96, 0x96), "floor: body read, one fetch"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(from), Some(to)) = (arguments.next(), arguments.next()) else {
        return Err("plot RESULTS.json PLOT.svg".into());
    };
    let results: Results = serde_json::from_str(&fs::read_to_string(from)?)?;
    let mut series: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for case in results.cases.into_iter().filter(|case| case.kind == "genuine") {
        for row in case.rows {
            series.entry(row.name).or_default().push((case.bytes, row.ratio));
        }
    }
    draw(&series, &to)
}

fn draw(series: &BTreeMap<String, Vec<(f64, f64)>>, to: &str) -> Result<(), Box<dyn Error>> {
    let shown = SHOWN.iter().filter_map(|(name, ..)| series.get(*name));
    let highest = shown.flatten().map(|(_, ratio)| *ratio).fold(1.0, f64::max);
    let area = SVGBackend::new(to, (760, 400)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(14)
        .x_label_area_size(42)
        .y_label_area_size(52)
        .build_cartesian_2d((KB..16.0 * KB * KB).log_scale().base(4.0), 0.0..highest * 1.1)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc("size of a callback")
        .y_desc("throughput, official SDKs = 1")
        .x_label_formatter(&size)
        .y_label_formatter(&|ratio| format!("{ratio:.1}"))
        .draw()?;
    for (name, colour, title) in SHOWN {
        let Some(points) = series.get(name) else { continue };
        let label = move |(x, y): (i32, i32)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(3));
        let line = LineSeries::new(points.iter().copied(), colour.stroke_width(3)).point_size(4);
        chart.draw_series(line)?.label(title).legend(label);
        if name == "redrive" {
            let style =
                ("sans-serif", 14, &colour).into_text_style(&area).pos(Pos::new(HPos::Center, VPos::Top));
            let marks = points.iter().map(|(bytes, ratio)| {
                EmptyElement::at((*bytes, *ratio)) + Text::new(format!("{ratio:.2}"), (0, 8), style.clone())
            });
            chart.draw_series(marks)?;
        }
    }
    let legend = SeriesLabelPosition::UpperLeft;
    chart.configure_series_labels().position(legend).border_style(TRANSPARENT).draw()?;
    area.present()?;
    Ok(())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "a label is made from a reference")]
fn size(bytes: &f64) -> String {
    if *bytes < KB * KB { format!("{:.0} KB", bytes / KB) } else { format!("{:.0} MB", bytes / KB / KB) }
}
