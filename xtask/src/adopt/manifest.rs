//! Adds the machinery to a `Cargo.toml`, and leaves every other byte as it is.

use anyhow::{Result, bail};
use toml_edit::{Document, Item};

/// The name of the dependency, for every major.
pub const NAME: &str = "pyo3-datafusion";

/// `manifest` with the line `pyo3-datafusion = { VALUE }` in the table of dependencies `table`.
///
/// # Errors
///
/// The manifest is not TOML.
pub fn with_dependency(manifest: &str, table: &[&str], value: &str) -> Result<String> {
    let newline = match manifest.contains("\r\n") {
        true => "\r\n",
        false => "\n",
    };
    let document = Document::parse(manifest)?;
    let mut found: Option<&Item> = Some(document.as_item());
    for key in table {
        found = found.and_then(|item| item.get(key));
    }
    let line = format!("{NAME} = {{ {value} }}");
    let Some(at) = found.and_then(|item| place(manifest, item)) else {
        // There are only tables such as [dependencies.pyo3], or none.
        let end = match manifest.is_empty() || manifest.ends_with('\n') {
            true => "",
            false => newline,
        };
        let header = table.join(".");
        // Two tables of one name are not TOML, but [dependencies] may come after [dependencies.pyo3].
        return Ok(format!(
            "{manifest}{end}{newline}[{header}]{newline}{line}{newline}"
        ));
    };
    let (before, after) = manifest.split_at(at);
    let break_before = match before.ends_with('\n') {
        true => "",
        false => newline,
    };
    Ok(format!("{before}{break_before}{line}{newline}{after}"))
}

/// The start of the line where the dependency belongs: in the order of the alphabet where the others
/// are in it, else after PyO3, or after the last one.
fn place(manifest: &str, table: &Item) -> Option<usize> {
    let table = table.as_table_like()?;
    // Where each dependency ends that is a line of its own, and not a table [dependencies.x].
    let entries = table.iter().filter_map(|(name, item)| {
        let end = match item {
            Item::Value(value) => value.span()?.end,
            Item::Table(dotted) if dotted.is_dotted() => {
                let ends = dotted.iter().filter_map(|(_, item)| Some(item.span()?.end));
                ends.max()?
            }
            _ => return None,
        };
        Some((end, name))
    });
    let mut entries: Vec<_> = entries.collect();
    entries.sort_unstable();
    let sorted = entries.is_sorted_by_key(|(_, name)| *name);
    let before = match sorted {
        true => entries.iter().rfind(|(_, name)| *name < NAME),
        false => entries.iter().rfind(|(_, name)| name.starts_with("pyo3")),
    };
    let after = before.or(match sorted {
        true => None,
        false => entries.last(),
    });
    match (after, entries.first()) {
        (Some((end, _)), _) => Some(next_line(manifest, *end)),
        // The first of all: before the line of the one that is first now.
        (None, Some((end, _))) => Some(manifest[..*end].rfind('\n').map_or(0, |at| at + 1)),
        (None, None) => None,
    }
}

fn next_line(text: &str, offset: usize) -> usize {
    text[offset..]
        .find('\n')
        .map_or(text.len(), |at| offset + at + 1)
}

/// The dependency as a manifest has it already.
pub fn dependency(manifest: &str, table: &[&str]) -> Result<Option<toml::Value>> {
    let parsed: toml::Table = match manifest.parse() {
        Ok(parsed) => parsed,
        Err(error) => bail!("{error}"),
    };
    let mut found = Some(&parsed);
    for key in table {
        found = found.and_then(|table| table.get(*key)?.as_table());
    }
    Ok(found.and_then(|table| table.get(NAME)).cloned())
}
