//! The picture of the first minute with a project, made of what the README shows.

use anyhow::{Context, Result};

/// Columns that are shown of a line.
const COLUMNS: usize = 104;
/// Of a character, and between lines.
const WIDTH: f64 = 8.4;
const HEIGHT: usize = 20;

const COMMANDS: [&str; 3] = [
    "cargo generate --git ADDRESS --name my-ext --silent",
    "cd my-ext",
    "uv run examples/quickstart.py",
];

/// A terminal, in SVG.
///
/// # Errors
///
/// `readme` has no output of `cargo xtask try`.
pub fn first_minute(readme: &str) -> Result<String> {
    let mark = "<!-- output of cargo xtask try -->\n```text\n";
    let output = readme.split_once(mark).and_then(|(_, rest)| {
        let (output, _) = rest.split_once("```")?;
        Some(output)
    });
    let output = output.context("README.md has no block after `output of cargo xtask try`")?;
    let commands = COMMANDS.iter().map(|command| format!("$ {command}"));
    let lines: Vec<_> = commands.chain(output.lines().map(str::to_owned)).collect();

    let columns = lines.iter().map(|line| line.chars().count().min(COLUMNS));
    let width = columns.max().unwrap_or_default() as f64 * WIDTH + 40.0;
    let height = lines.len() * HEIGHT + 40;
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height}" viewBox="0 0 {width:.0} {height}" role="img" aria-labelledby="title">
  <title id="title">A project is generated, built and queried</title>
  <style>
    text {{ font: 14px ui-monospace, "Liberation Mono", Menlo, Consolas, monospace; fill: #d8dee9; white-space: pre; }}
    .typed {{ fill: #a3d98f; }}
  </style>
  <rect width="100%" height="100%" rx="8" fill="#1d2530"/>
"##
    );
    for (index, line) in lines.iter().enumerate() {
        let class = match line.starts_with("$ ") {
            true => " class=\"typed\"",
            false => "",
        };
        let mut text: String = line.chars().take(COLUMNS).collect();
        if text.len() < line.len() {
            text.pop();
            text.push('…');
        }
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let y = 34 + index * HEIGHT;
        svg += &format!("  <text x=\"20\" y=\"{y}\"{class} xml:space=\"preserve\">{text}</text>\n");
    }
    Ok(svg + "</svg>\n")
}
