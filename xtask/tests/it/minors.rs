//! Minor releases of a host: it may have options that the crates of a wheel do not know.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use quote::ToTokens;
use regex::Regex;
use syn::{Fields, Item, ItemStruct, Macro, ReturnType, Type};
use xtask::root;

use crate::environment::{Built, Environment, FULL, TEST_PACKAGES};
use crate::tools::{Run, cargo, choose, extension_points, files, read, read_toml, scratch};

/// Renames an option that the installed `datafusion` sends, and says how often it was found. The name
/// has the same length. The host still accepts the old name.
const RENAME: &str = r#"
import importlib.util, pathlib

[library] = pathlib.Path(importlib.util.find_spec("datafusion").origin).parent.glob("_internal.*")
code = library.read_bytes()
name = b".enable_file_stream_work_stealing"
print(code.count(name))
library.unlink()
library.write_bytes(code.replace(name, b".enable_file_stream_work_sharing_"))
"#;

/// Asks the host for its options.
const OPTIONS: &str = r#"
from datafusion import SessionConfig, SessionContext

ctx = SessionContext(SessionConfig().with_information_schema(True))
names = ctx.sql("SELECT name FROM information_schema.df_settings").to_pydict()["name"]
print([name for name in names if "work_s" in name])
"#;

/// An environment with a `datafusion` that has an option more than the crates of the project.
fn host_with_another_option(version: &str) -> Environment {
    let name = format!("minors {version}");
    let environment = Environment::new(&name, "3.12", &TEST_PACKAGES);
    environment.install(&[format!("datafusion=={version}")], &[]);
    let renamed = environment.python().args(["-c", RENAME]).succeed();
    assert_eq!(renamed, "1\n");
    let options = environment.python().args(["-c", OPTIONS]).succeed();
    let expected = "['datafusion.execution.enable_file_stream_work_sharing_']\n";
    assert_eq!(options, expected);
    environment
}

/// The options of the session reach a table all the same, as its batches show.
const BATCHES: &str = r#"
import full_ext
from datafusion import SessionConfig, SessionContext

ctx = SessionContext(SessionConfig().set("datafusion.execution.batch_size", "100"))
ctx.register_table("readings", full_ext.Readings(1000, 1))
print(max(batch.to_pyarrow().num_rows for batch in ctx.table("readings").execute_stream()))
"#;

/// Everything in a package works on such a host.
#[test]
fn a_host_with_another_option() {
    let environment = host_with_another_option("55.0.0");
    environment.install(&[&FULL.wheel], &["--no-deps"]);
    let batches = environment.python().args(["-c", BATCHES]).succeed();
    assert_eq!(batches, "100\n");
    // The conformance tests take most of the time.
    let mut pytest = environment.pytest_command(&FULL.project.join("tests"));
    pytest.current_dir(&FULL.project).succeed();
}

#[test]
#[ignore = "takes four minutes"]
fn every_host_with_another_option() {
    for version in ["54.1.0", "55.0.0"] {
        let environment = host_with_another_option(version);
        environment.install(&[&FULL.wheel], &["--no-deps"]);
        environment.tests_of(&FULL.project);
    }
}

/// The crates of 54.1 have an option that the host 54.0.0 does not know, whose functions are called
/// where a package evaluates a filter.
#[test]
fn crates_that_are_newer_than_the_host() {
    let code = r#"
import sys
import full_ext
import pyarrow as pa
import pyarrow.parquet as pq
from datafusion import SessionConfig, SessionContext

pq.write_table(pa.table({"id": range(10), "sensor": ["attic"] * 10}), sys.argv[1])
config = SessionConfig().set("datafusion.execution.parquet.pushdown_filters", "true")
ctx = SessionContext(config)
ctx.register_table("files", full_ext.ReadingsFiles([sys.argv[1]]))
sql = "SELECT count(*) AS n FROM files WHERE abs(id) > 5 AND upper(sensor) = 'ATTIC'"
print(ctx.sql(sql).to_pylist())
"#;
    let packages = ["datafusion==54.0.0", "pyarrow"];
    let environment = Environment::new("minors 54.0.0", "3.12", &packages);
    environment.install(&[&FULL.wheel], &["--no-deps"]);
    let file = scratch("minors").join("readings.parquet");
    let mut python = environment.python();
    let said = python.args(["-c", code]).arg(&file).succeed();
    assert_eq!(said, "[{'n': 4}]\n");
}

/// The crates of 54.0.0 do not know an option that the host 54.1.0 has.
#[test]
#[ignore = "takes ten minutes"]
fn crates_that_are_older_than_the_host() {
    let points = extension_points().into_iter();
    let points: Vec<_> = points
        .filter(|point| !["query_planner", "session_extension"].contains(&point.as_str()))
        .collect();
    let answers = [choose(&points), vec!["-d".into(), "datafusion=54".into()]].concat();
    let built = Built::with_answers("minors-ext", &answers, |project| {
        pin(project, "54.1", "54.0.0");
    });
    for host in ["54.0.0", "54.1.0"] {
        let environment = Environment::new(&format!("pinned {host}"), "3.12", &TEST_PACKAGES);
        environment.install(
            &[format!("datafusion=={host}").into(), built.wheel.clone()],
            &[],
        );
        environment.tests_of(&built.project);
    }
}

/// Has `project` built with the crates of DataFusion `exactly`, instead of those since `version`.
fn pin(project: &Path, version: &str, exactly: &str) {
    for manifest in ["Cargo.toml", "pyo3-datafusion/majors/54/Cargo.toml"] {
        let manifest = project.join(manifest);
        let pinned = read(&manifest).replace(
            &format!("version = \"{version}\""),
            &format!("version = \"={exactly}\""),
        );
        fs::write(&manifest, pinned).unwrap();
    }
    cargo(project).arg("generate-lockfile").succeed();
    // One that others still need in another version is left for the next round.
    for _ in 0..5 {
        for (name, _) in others(project, exactly) {
            cargo(project)
                .args(["update", "--precise", exactly, &name])
                .finish();
        }
    }
    assert_eq!(others(project, exactly), BTreeMap::new());
}

/// The crates of DataFusion in the lock file of `project` that have another version.
fn others(project: &Path, exactly: &str) -> BTreeMap<String, String> {
    let lock = read_toml(project.join("Cargo.lock"));
    let packages = lock["package"].as_array().unwrap().iter();
    let packages = packages.map(|package| {
        let text = |key: &str| package[key].as_str().unwrap().to_owned();
        (text("name"), text("version"))
    });
    packages
        .filter(|(name, version)| name.starts_with("datafusion") && version != exactly)
        .collect()
}

/// All releases of `datafusion-ffi` of the majors that a project can be for.
const RELEASES: [&str; 5] = ["54.0.0", "54.1.0", "55.0.0", "55.1.0", "55.2.0"];

/// The releases that projects are built with.
#[test]
fn mirrors_fit() {
    let lock = read_toml(FULL.project.join("Cargo.lock"));
    let packages = lock["package"].as_array().unwrap().iter();
    let locked = packages
        .filter(|package| package["name"].as_str() == Some("datafusion-ffi"))
        .map(|package| package["version"].as_str().unwrap());
    for version in locked {
        assert!(RELEASES.contains(&version), "add {version} to RELEASES");
        assert_mirrors_fit(version);
    }
}

#[test]
#[ignore = "downloads all releases"]
fn mirrors_fit_every_release() {
    for version in RELEASES {
        assert_mirrors_fit(version);
    }
}

/// `unknown_options.rs` has the structs of this release, and replaces every function that reads
/// options, or returns a struct that has one.
fn assert_mirrors_fit(version: &str) {
    let major = version.split('.').next().unwrap();
    let file = read(root().join("template/pyo3-datafusion/src/boundary/raw/unknown_options.rs"));
    let ours = structs([file.clone()]);
    let sources = sources(version);
    assert_meanings_are_the_same(version, &sources);
    let theirs = structs(sources);
    let mirrored = Regex::new(r"/// The mirror of `(\w+)`[^{]*?\bstruct (\w+)").unwrap();
    let mirrored: BTreeMap<_, _> = mirrored
        .captures_iter(&file)
        .map(|names| (names[2].to_owned(), names[1].to_owned()))
        .filter(|(_, name)| theirs.contains_key(name) || major != "54")
        .collect();
    assert!(mirrored.len() >= 7, "{mirrored:?}");
    for (mirror, name) in &mirrored {
        let mirror = fields(&ours[mirror]).into_iter();
        let mirror = mirror.filter_map(|(field, of)| {
            let Some(of) = of.strip_prefix("Since55<") else {
                return Some((field, of));
            };
            (major != "54").then(|| (field, of.strip_suffix('>').unwrap().to_owned()))
        });
        let fields = fields(&theirs[name]);
        let mirror: Vec<_> = mirror.collect();
        assert_eq!(mirror.len(), fields.len(), "{version} {name}");
        for ((field, mirror), (their_field, their)) in mirror.into_iter().zip(fields) {
            let what = format!("{version} {name}::{their_field}");
            assert_eq!(field, their_field, "{what}");
            if mirror == "Pointer" {
                let is_pointer = ["unsafeextern", "extern", "*mut"];
                let is_pointer = is_pointer.iter().any(|start| their.starts_with(start));
                assert!(is_pointer, "{what}: {their}");
            } else {
                let mirror = mirror.strip_prefix("ManuallyDrop<").map_or_else(
                    || mirror.clone(),
                    |of| of.strip_suffix('>').unwrap().to_owned(),
                );
                assert_eq!(
                    plain(&mirror, &mirrored, name),
                    plain(&their, &mirrored, name),
                    "{what}"
                );
            }
        }
    }
    assert_eq!(with_options(&theirs), replaced(&file, &theirs), "{version}");
}

/// What the functions in `raw/` rely on, besides layouts. Spaces do not count.
const MEANINGS: [(&str, &str); 10] = [
    (
        "A host writes filters with the codec of the table.",
        "let codec: Arc<dyn LogicalExtensionCodec> = (&self.0.logical_codec).into();
         let filter_list = LogicalExprList {
             expr: serialize_exprs(filters, codec.as_ref())?,
         };",
    ),
    (
        "The session is borrowed until the future of `scan` ends.",
        "let maybe_plan = (self.0.scan)(
             &self.0, session, projections, filters_serialized, limit.into(),
         ).await;",
    ),
    (
        "A table of this library is not wrapped.",
        "if (provider.library_marker_id)() == crate::get_library_marker_id() {
             Arc::clone(provider.inner()) as Arc<dyn TableProvider>
         } else {",
    ),
    (
        "A plan of this library is not wrapped.",
        "if (plan.library_marker_id)() == crate::get_library_marker_id() {
             Ok(Arc::clone(plan.inner()))
         } else {",
    ),
    (
        "A session is dropped by its `release`.",
        "impl Drop for FFI_SessionRef {
             fn drop(&mut self) { unsafe { (self.release)(self) } }
         }",
    ),
    (
        "A session plans an expression with its own codec.",
        "let codec: Arc<dyn LogicalExtensionCodec> = (&session.logical_codec).into();
         let session = session.inner();
         let logical_expr = LogicalExprNode::decode(expr_serialized.as_slice()).unwrap();",
    ),
    (
        "A session that is made here has the functions that the session lists.",
        "let scalar_functions = (session.scalar_functions)(session)
             .into_iter()",
    ),
    (
        "A context of this library is not copied.",
        "if (ffi_ctx.library_marker_id)() == crate::get_library_marker_id() {
             return Arc::clone(ffi_ctx.inner());
         }",
    ),
    (
        "A plan is executed in the context that is passed.",
        "let ctx = context.into();
         let runtime = plan.runtime();
         let plan = plan.inner();",
    ),
    (
        "Options that are not sent have their defaults.",
        "let mut options = ConfigOptions::default();
         options.extensions.insert(ffi_options.extensions);
         for kv_tuple in ffi_options.base_options.iter() {
             options.set(kv_tuple.0.as_str(), kv_tuple.1.as_str())?;
         }
         Ok(options)",
    ),
];

fn assert_meanings_are_the_same(version: &str, sources: &[String]) {
    let plain = |text: &str| text.split_whitespace().collect::<String>();
    let sources: Vec<_> = sources.iter().map(|source| plain(source)).collect();
    for (meaning, code) in MEANINGS {
        let code = plain(code);
        assert!(
            sources.iter().any(|source| source.contains(&code)),
            "{version}: {meaning}"
        );
    }
}

/// The type as both sides write it.
fn plain(of: &str, mirrored: &BTreeMap<String, String>, this: &str) -> String {
    let word = Regex::new(r"\w+").unwrap();
    word.replace_all(of, |found: &regex::Captures| match &found[0] {
        "Self" => this.to_owned(),
        "SSlice" => "Slice".to_owned(),
        "SStr" => "Str".to_owned(),
        name => mirrored.get(name).map_or(name, String::as_str).to_owned(),
    })
    .into_owned()
}

/// The sources of a release of `datafusion-ffi`, from the registry.
fn sources(version: &str) -> Vec<String> {
    let folder = scratch(&format!("datafusion-ffi {version}"));
    let manifest = format!(
        "[package]\nname = \"sources\"\nedition = \"2024\"\n\n[dependencies]\n\
         datafusion-ffi = {{ version = \"={version}\", default-features = false }}\n\n[workspace]\n"
    );
    fs::create_dir(folder.join("src")).unwrap();
    fs::write(folder.join("src/lib.rs"), "").unwrap();
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    let mut vendor = Command::new(env!("CARGO"));
    vendor.args(["metadata", "--format-version", "1"]);
    let said = vendor.current_dir(&folder).succeed();
    let metadata: serde_json::Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    let mut packages = metadata["packages"].as_array().unwrap().iter();
    let package = packages.find(|package| package["name"] == "datafusion-ffi");
    let manifest = package.unwrap()["manifest_path"].as_str().unwrap();
    let sources = PathBuf::from(manifest).with_file_name("src");
    let rust = files(&sources).into_iter();
    rust.filter(|file| file.extension().is_some_and(|of| of == "rs") && !file.starts_with("tests"))
        .map(|file| read(sources.join(file)))
        .collect()
}

/// The structs in `sources`, those in modules and in `since_55!` too.
fn structs(sources: impl IntoIterator<Item = String>) -> BTreeMap<String, ItemStruct> {
    fn add(items: Vec<Item>, structs: &mut BTreeMap<String, ItemStruct>) {
        for item in items {
            match item {
                Item::Struct(item) => {
                    structs.insert(item.ident.to_string(), item);
                }
                Item::Mod(module) => add(module.content.unwrap_or_default().1, structs),
                Item::Macro(item) => add(items_in(&item.mac), structs),
                _ => (),
            }
        }
    }

    let mut structs = BTreeMap::new();
    for source in sources {
        add(syn::parse_file(&source).unwrap().items, &mut structs);
    }
    structs
}

fn items_in(of: &Macro) -> Vec<Item> {
    let file = syn::parse2::<syn::File>(of.tokens.clone());
    let is_transparent = of.path.is_ident("since_55");
    file.map_or_else(|_| vec![], |file| file.items)
        .into_iter()
        .filter(|_| is_transparent)
        .collect()
}

/// The names and types of the fields, in order.
fn fields(of: &ItemStruct) -> Vec<(String, String)> {
    let Fields::Named(fields) = &of.fields else {
        return vec![];
    };
    let fields = fields.named.iter().map(|field| {
        let name = field.ident.as_ref().unwrap().to_string();
        (name, type_text(&field.ty))
    });
    fields.collect()
}

/// A type without spaces, names of arguments and lifetimes.
fn type_text(of: &Type) -> String {
    let argument = Regex::new(r"\b[a-z_]+ : ([^:])").unwrap();
    let text = of.to_token_stream().to_string();
    let text = argument.replace_all(&text, "$1");
    // A type stays a word of its own.
    let text = text.replace("stabby :: ", "").replace("& mut ", "&mut:");
    let text: String = text.split_whitespace().collect();
    text.replace(",)", ")")
}

/// The functions of each struct that an extension exports that read options, or return such a struct.
fn with_options(structs: &BTreeMap<String, ItemStruct>) -> BTreeSet<(String, String)> {
    /// What options come in.
    const SOURCES: [&str; 4] = [
        "FFI_ConfigOptions",
        "FFI_SessionRef",
        "FFI_TaskContext",
        "FFI_PhysicalOptimizerContext",
    ];
    /// What the host makes, and an extension never exports.
    const OF_THE_HOST: [&str; 5] = [
        "FFI_SessionRef",
        "FFI_SessionConfig",
        "FFI_TaskContext",
        "FFI_TaskContextProvider",
        "FFI_PhysicalOptimizerContext",
    ];

    let mentions = |of: &dyn ToTokens, names: &[&str]| {
        let text = of.to_token_stream().to_string();
        text.split(|c: char| c != '_' && !c.is_alphanumeric())
            .any(|word| names.contains(&word))
    };
    let functions: Vec<_> = structs
        .iter()
        .filter(|(name, _)| name.starts_with("FFI_") && !OF_THE_HOST.contains(&name.as_str()))
        .flat_map(|(name, item)| item.fields.iter().map(move |field| (name, field)))
        .filter_map(|(name, field)| match &field.ty {
            Type::BareFn(function) => Some((name, field.ident.as_ref()?.to_string(), function)),
            _ => None,
        })
        .collect();
    let mut found = BTreeSet::new();
    loop {
        let carriers: BTreeSet<String> = found
            .iter()
            .map(|(name, _): &(String, _)| name.clone())
            .collect();
        let before = found.len();
        for (name, field, function) in &functions {
            let reads = function
                .inputs
                .iter()
                .any(|input| mentions(&input.ty, &SOURCES));
            let returned = match &function.output {
                ReturnType::Type(_, of) => of.to_token_stream().to_string().replace("Self", name),
                ReturnType::Default => String::new(),
            };
            let returns = carriers.iter().any(|carrier| {
                returned
                    .split(|c: char| c != '_' && !c.is_alphanumeric())
                    .any(|word| word == carrier)
            });
            if reads || returns {
                found.insert(((*name).clone(), field.clone()));
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// The functions of exported structs that `unknown_options.rs` replaces.
fn replaced(file: &str, structs: &BTreeMap<String, ItemStruct>) -> BTreeSet<(String, String)> {
    let mut replaced = BTreeSet::new();
    let head = Regex::new(r"^\s*(?:ours|any): fn \w+\(\w+: (\w+)\);").unwrap();
    let function = Regex::new(r"(?m)^\s*fn (\w+)\(").unwrap();
    for block in file.split("replace! {").skip(1) {
        let Some(name) = head.captures(block) else {
            continue;
        };
        let name = match &name[1] {
            name if name.starts_with("FFI_") => name.to_owned(),
            name => format!("FFI_{name}"),
        };
        // It ends before the next item, whose functions are no fields.
        let Some(item) = structs.get(&name) else {
            continue;
        };
        let fields: BTreeSet<_> = fields(item).into_iter().map(|(field, _)| field).collect();
        let block = block.split("\nimpl ").next().unwrap();
        for found in function.captures_iter(block) {
            if fields.contains(&found[1]) {
                replaced.insert((name.clone(), found[1].to_owned()));
            }
        }
    }
    replaced
}
