//! What `datafusion-ffi` does not carry is what the pages of the extension points say.
//!
//! DataFusion asks an extension through a wrapper, `ForeignX`, that implements the trait. What the
//! wrapper leaves to the default of the trait, or answers by itself, never reaches the extension.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use quote::ToTokens;
use regex::Regex;
use serde_json::Value;
use syn::{Block, ImplItem, Item, ItemImpl, TraitItem};
use xtask::root;

use crate::tools::{
    Run, cargo, every_major, extension_points, files, generate, majors, read, scratch,
};

/// The traits of each extension point.
const TRAITS: [(&str, &str); 17] = [
    ("table_provider", "TableProvider"),
    ("table_provider", "ExecutionPlan"),
    ("table_provider_factory", "TableProviderFactory"),
    ("table_function", "TableFunctionImpl"),
    ("scalar_udf", "ScalarUDFImpl"),
    ("aggregate_udf", "AggregateUDFImpl"),
    ("aggregate_udf", "Accumulator"),
    ("aggregate_udf", "GroupsAccumulator"),
    ("window_udf", "WindowUDFImpl"),
    ("window_udf", "PartitionEvaluator"),
    ("schema_provider", "SchemaProvider"),
    ("catalog_provider", "CatalogProvider"),
    ("catalog_provider_list", "CatalogProviderList"),
    ("physical_optimizer_rule", "PhysicalOptimizerRule"),
    ("logical_extension_codec", "LogicalExtensionCodec"),
    ("physical_extension_codec", "PhysicalExtensionCodec"),
    ("query_planner", "QueryPlanner"),
];

/// The method by which the answer of another one crosses.
fn crosses_by<'a>(name: &str, method: &'a str) -> &'a str {
    match (name, method) {
        ("AggregateUDFImpl", "return_type") => "return_field",
        ("ExecutionPlan", "schema") => "properties",
        ("ExecutionPlan", "child_stats_requests") => "partition_statistics",
        ("ExecutionPlan", "statistics_from_inputs") => "partition_statistics",
        ("ScalarUDFImpl", "return_type") => "return_field_from_args",
        _ => method,
    }
}

#[test]
fn pages_say_what_does_not_cross() {
    let folder = scratch("crossing");
    generate(&folder, "crossing-ext").succeed();
    let sources = sources(&folder.join("crossing-ext"));
    let mut wrong = Vec::new();
    for point in extension_points() {
        let page = format!("docs/extension-points/{point}.md");
        let listed = listed(&read(root().join(&page)));
        let traits = TRAITS.iter().filter(|(of, _)| *of == point.as_str());
        let lost = traits.flat_map(|(_, name)| not_forwarded(&sources, name));
        let lost: BTreeSet<_> = lost.collect();
        for method in lost.difference(&listed) {
            wrong.push(format!("{page}: `{method}` does not cross: list it"));
        }
        for method in listed.difference(&lost) {
            wrong.push(format!(
                "{page}: `{method}` crosses now, or is gone: take it off the list, and see \
                 whether template/src/{point}.rs should use it"
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Each method that crosses is in the list of docs/reference/what-crosses.md, with the majors in which it
/// does. The machinery uses it, or the list says why not.
#[test]
fn all_that_crosses_is_used() {
    let folder = scratch("crossing of each major");
    generate(&folder, "crossing-ext")
        .args(every_major())
        .succeed();
    let sources = sources(&folder.join("crossing-ext"));
    let of_major = |major: &str| -> Vec<PathBuf> {
        let version = format!("-{major}.");
        let of_major = sources.iter().filter(|path| {
            path.iter().any(|part| {
                let part = part.to_string_lossy();
                part.starts_with("datafusion") && part.contains(&version)
            })
        });
        of_major.cloned().collect()
    };
    let majors: Vec<_> = majors()
        .into_iter()
        .map(|major| (of_major(&major), major))
        .collect();
    let crate_folder = root().join("template/pyo3-datafusion/src");
    let machinery: Vec<_> = files(&crate_folder)
        .into_iter()
        .map(|file| crate_folder.join(file))
        .collect();

    // The majors of each method, and whether it is used.
    let mut crossing = BTreeMap::new();
    for (_, name) in TRAITS {
        let used = implemented(&machinery, name);
        for (sources, major) in &majors {
            for method in forwarded(sources, name).unwrap_or_default() {
                let is_used = used.contains(&method);
                let method = format!("`{name}` | `{method}`");
                let (majors, _) = crossing.entry(method).or_insert((vec![], is_used));
                majors.push(major.as_str());
            }
        }
    }
    let expected: BTreeMap<_, _> = crossing
        .into_iter()
        .map(|(method, (majors, is_used))| {
            (format!("| {method} | {} ", majors.join(", ")), is_used)
        })
        .collect();
    let page = read(root().join("docs/reference/what-crosses.md"));
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let listed: BTreeMap<_, _> = rows
        .map(|row| {
            let (row, answer) = row.trim_end_matches(" |").rsplit_once("| ").unwrap();
            (row.to_owned(), answer == "yes")
        })
        .collect();
    assert_eq!(listed, expected);
}

/// The names before the colon, of each bullet that starts with one.
fn listed(page: &str) -> BTreeSet<String> {
    let (_, section) = page.split_once("\n## What does not\n").unwrap();
    let bullets = section
        .split("\n- ")
        .filter(|bullet| bullet.starts_with('`'));
    bullets
        .map(|bullet| bullet.split(':').next().unwrap())
        .flat_map(|names| names.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

/// The sources of DataFusion that a project is built from.
fn sources(project: &Path) -> Vec<PathBuf> {
    let said = cargo(project)
        .args(["metadata", "--format-version", "1"])
        .succeed();
    // One line; warnings come after it.
    let metadata: Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .filter(|package| package["name"].as_str().unwrap().starts_with("datafusion"))
        .map(|package| Path::new(package["manifest_path"].as_str().unwrap()).with_file_name("src"))
        .flat_map(|folder| {
            files(&folder)
                .into_iter()
                .map(move |file| folder.join(file))
        })
        .filter(|path| path.extension() == Some(OsStr::new("rs")))
        .collect()
}

/// The methods of the trait `name` that an extension implements in vain.
fn not_forwarded(sources: &[PathBuf], name: &str) -> BTreeSet<String> {
    let forwarded = forwarded(sources, name).unwrap();
    let declaration = items(sources, &format!("pub trait {name}")).find_map(|item| match item {
        Item::Trait(item) if item.ident == name => Some(item.items),
        _ => None,
    });
    let methods = declaration
        .unwrap()
        .into_iter()
        .filter_map(|item| match item {
            TraitItem::Fn(method) if method.sig.receiver().is_some() => Some(method),
            _ => None,
        });
    methods
        .filter(|method| !method.attrs.iter().any(|a| a.path().is_ident("deprecated")))
        .map(|method| method.sig.ident.to_string())
        .filter(|method| !forwarded.contains(crosses_by(name, method)))
        .collect()
}

/// The methods of the trait `name` for which DataFusion asks the extension.
/// None if it does not cross at all.
fn forwarded(sources: &[PathBuf], name: &str) -> Option<BTreeSet<String>> {
    let wrapper = items(sources, &format!("{name} for Foreign")).find_map(|item| match item {
        Item::Impl(item) if wraps(&item, name) => Some(item.items),
        _ => None,
    });
    let forwarded = wrapper?.into_iter().filter_map(|item| match item {
        ImplItem::Fn(method) if uses_self(&method.block) => Some(method.sig.ident.to_string()),
        _ => None,
    });
    Some(forwarded.collect())
}

/// The methods of the trait `name` that the machinery implements, for itself or for an owner's type.
fn implemented(machinery: &[PathBuf], name: &str) -> BTreeSet<String> {
    let text = format!("{name} for ");
    let parts = items(machinery, &text).filter_map(|item| match item {
        Item::Impl(item) if of_trait(&item, name) => Some(item.items),
        _ => None,
    });
    let words = Regex::new(r"\w+").unwrap();
    let mut found = BTreeSet::new();
    for item in parts.flatten() {
        match item {
            ImplItem::Fn(method) => {
                found.insert(method.sig.ident.to_string());
            }
            // The names of its methods are words of what the macro is given, or of its definition.
            ImplItem::Macro(call) => {
                let name = call.mac.path.to_token_stream().to_string();
                let definition = format!("macro_rules! {name} ");
                let definitions = items(machinery, &definition).filter_map(|item| match item {
                    Item::Macro(item)
                        if item.ident.as_ref().is_some_and(|ident| *ident == name) =>
                    {
                        Some(item.mac.tokens)
                    }
                    _ => None,
                });
                for tokens in definitions.chain([call.mac.tokens]) {
                    let text = tokens.to_string();
                    found.extend(words.find_iter(&text).map(|word| word.as_str().to_owned()));
                }
            }
            _ => {}
        }
    }
    found
}

/// What is in the files that contain `text`.
fn items(sources: &[PathBuf], text: &str) -> impl Iterator<Item = Item> {
    let sources = sources.iter().map(read);
    sources
        .filter(move |source| source.contains(text))
        .flat_map(|source| syn::parse_file(&source).unwrap().items)
}

fn wraps(item: &ItemImpl, name: &str) -> bool {
    let wrapper = item.self_ty.to_token_stream().to_string();
    of_trait(item, name) && wrapper.starts_with("Foreign")
}

fn of_trait(item: &ItemImpl, name: &str) -> bool {
    let of = item.trait_.as_ref().map(|(_, path, _)| path);
    of.is_some_and(|path| path.is_ident(name))
}

/// A body that does not forwards nothing: it returns a constant, or an error.
fn uses_self(body: &Block) -> bool {
    let tokens = body.to_token_stream().to_string();
    tokens
        .split(|c: char| c != '_' && !c.is_alphanumeric())
        .any(|token| token == "self")
}
