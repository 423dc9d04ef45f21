//! What an owner may write into a project, and what may happen to a process: Python gets an
//! exception, and goes on.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use xtask::root;

use crate::environment::{Built, Environment, TEST_PACKAGES, write_full_traits};
use crate::tools::{extension_points, files, python_files, quoted, read};

/// The functions that an owner writes, in each file of `src/`.
const FUNCTIONS: [(&str, &[&str]); 22] = [
    (
        "source",
        &[
            "ReadingsSource::try_new",
            "Source::schema",
            "Source::partitions",
            "Source::supports_filter",
            "Partition::read",
            "Partition::statistics",
            "filtered",
            "limited",
        ],
    ),
    ("readings", &["batch"]),
    ("table_provider", &[]),
    ("insert", &["Insert::insert", "Insert::overwrite"]),
    ("async_scalar_udf", &["floor_of"]),
    (
        "scalar_udf",
        &[
            "fahrenheit",
            "ScalarUDFImpl::coerce_types",
            "ScalarUDFImpl::return_type",
            "ScalarUDFImpl::invoke_with_args",
        ],
    ),
    (
        "aggregate_udf",
        &[
            "AggregateState::inputs",
            "AggregateState::update",
            "AggregateState::merge",
            "function::State::to_columns",
            "function::State::from_columns",
            "AggregateState::results",
            "AggregateUDFImpl::return_type",
            "AggregateUDFImpl::state_fields",
            "AggregateUDFImpl::accumulator",
            "AggregateUDFImpl::create_sliding_accumulator",
            "AggregateUDFImpl::create_groups_accumulator",
        ],
    ),
    (
        "window_udf",
        &[
            "change",
            "PartitionEvaluator::evaluate_all",
            "WindowUDFImpl::field",
            "WindowUDFImpl::partition_evaluator",
        ],
    ),
    ("table_function", &["source"]),
    ("table_provider_factory", &["source"]),
    (
        "schema_provider",
        &[
            "SchemaProvider::table_names",
            "SchemaProvider::table",
            "SchemaProvider::table_exist",
        ],
    ),
    (
        "catalog_provider",
        &["CatalogProvider::schema_names", "CatalogProvider::schema"],
    ),
    ("catalog_provider_list", &["catalogs"]),
    (
        "extension_options",
        &["FromStr::from_str", "DisplayOptions::show", "show_celsius"],
    ),
    ("physical_optimizer_rule", &["rewrite"]),
    (
        "logical_extension_codec",
        &["SourceCodec::encode", "SourceCodec::decode"],
    ),
    (
        "physical_extension_codec",
        &["PartitionCodec::encode", "PartitionCodec::decode"],
    ),
    ("query_planner", &["plan"]),
    ("existing_table_provider", &["provider"]),
    ("existing_catalog_provider", &["catalog"]),
    ("listing_table", &["options", "runtime_env", "table"]),
    (
        "function_library",
        &[
            "functions",
            "clamp",
            "Spread::update",
            "Spread::merge",
            "Spread::finish",
            "warmest",
        ],
    ),
];

/// Further places, found by what the stub says there, and what is put there instead.
const EDITS: [(&str, &str, &str); 13] = [
    (
        "source",
        "stream::iter(batches)",
        "stream::iter(batches).then(|batch| async move {
            crate::fault::wait(\"source::stream\").await?;
            batch
        })",
    ),
    (
        "source",
        "pub struct ReadingsSource {",
        "pub struct ReadingsSource { #[allow(dead_code)] ballast: crate::fault::Ballast,",
    ),
    (
        "source",
        "Ok(Self {\n            rows,",
        "Ok(Self { ballast: crate::fault::Ballast::default(), rows,",
    ),
    // A server that does not answer.
    (
        "table_provider",
        "let table = SourceTable::open(",
        "pyo3_datafusion::block_on(py, crate::fault::wait(\"source::constructor\"))?;
        let table = SourceTable::open(",
    ),
    // A partition that counts how often it is read.
    (
        "source",
        "pub struct ReadingsPartition {",
        "pub struct ReadingsPartition { pub reads: Arc<std::sync::atomic::AtomicU64>,",
    ),
    (
        "source",
        "ReadingsPartition {\n            ids,",
        "ReadingsPartition { reads: Arc::default(), ids,",
    ),
    (
        "source",
        "self.counters.partitions.fetch_add(1, Ordering::Relaxed);",
        "self.counters.partitions.fetch_add(1, Ordering::Relaxed);
        let again = self.reads.fetch_add(1, Ordering::Relaxed) > 0;
        if again && crate::fault::wanted(\"again\", \"Partition::read\") {
            return Ok(stream::empty().boxed());
        }",
    ),
    (
        "readings",
        "let schema = Arc::clone(schema);",
        "let schema = crate::fault::metadata(schema);",
    ),
    (
        "physical_extension_codec",
        "Ok(Self {\n            ids,",
        "Ok(Self { reads: Default::default(), ids,",
    ),
    (
        "existing_table_provider",
        "Ok(Arc::new(table))",
        "Ok(Arc::new(crate::providers::HostileTable(Arc::new(table))))",
    ),
    (
        "existing_catalog_provider",
        "Arc::new(rooms))?;",
        "Arc::new(crate::providers::HostileTable(Arc::new(rooms))))?;",
    ),
    (
        "existing_catalog_provider",
        "Ok(Arc::new(catalog))",
        "Ok(Arc::new(crate::providers::HostileCatalog(Arc::new(catalog))))",
    ),
    // A scheme of the package's own, for the folder in HOUSE.
    (
        "listing_table",
        "Ok(RuntimeEnv::default())",
        "let env = RuntimeEnv::default();
        if let Ok(folder) = std::env::var(\"HOUSE\") {
            let store = object_store::local::LocalFileSystem::new_with_prefix(folder)?;
            let url = datafusion_execution::object_store::ObjectStoreUrl::parse(\"house://files\")?;
            env.register_object_store(url.as_ref(), Arc::new(store));
        }
        Ok(env)",
    ),
];

/// Puts faults into `function`, which is a free one or `Block::method`. Returns their kinds.
fn inject(source: &mut String, place: &str, function: &str) -> &'static str {
    let find = |text: &str, from: usize| {
        let found = source[from..].find(text);
        from + found.unwrap_or_else(|| panic!("no {text:?} for {place}"))
    };
    let (block, name) = function.rsplit_once("::").unwrap_or(("", function));
    let block = match block {
        "" => 0,
        block => find(&format!("\nimpl {block} "), 0),
    };
    let start = find(&format!("fn {name}("), block);
    let body = find("{\n", start) + 2;
    let is_async = source[..start].ends_with("async ");
    let can_fail = source[start..body].contains("-> Result<");

    let (kinds, fault) = match (is_async, can_fail) {
        (false, false) => ("panic", format!("crate::fault::panic({place:?});")),
        (false, true) => ("panic error", format!("crate::fault::fail({place:?})?;")),
        (true, _) => (
            "panic error wait",
            format!("crate::fault::wait({place:?}).await?; crate::fault::fail({place:?})?;"),
        ),
    };
    source.insert_str(body, &fault);
    kinds
}

/// Puts faults into all functions that owners write.
fn hostile(project: &Path) {
    let source = |name: &str| project.join("src").join(name).with_extension("rs");
    write_full_traits(project);
    let mut places = BTreeMap::from([("source::stream".to_owned(), "wait".to_owned())]);
    for (file, functions) in FUNCTIONS {
        let path = source(file);
        let mut text = read(&path);
        for function in functions {
            let place = format!("{file}::{function}");
            let kinds = inject(&mut text, &place, function);
            places.insert(place, kinds.to_owned());
        }
        for (_, place, edit) in EDITS.iter().filter(|(of, ..)| *of == file) {
            assert_eq!(text.matches(place).count(), 1, "{place}");
            text = text.replace(place, edit);
        }
        fs::write(path, text).unwrap();
    }
    let hostile = root().join("xtask/tests/hostile");
    for (file, module) in [
        ("faults.rs", "fault"),
        ("providers.rs", "providers"),
        ("odd.rs", "odd"),
    ] {
        fs::copy(hostile.join(file), source(module)).unwrap();
    }
    let library = read(source("lib"));
    let library = format!("{library}\nmod fault;\nmod odd;\n#[allow(dead_code)]\nmod providers;\n");
    fs::write(source("lib"), library).unwrap();
    let manifest = read(project.join("Cargo.toml"));
    let manifest = manifest.replace("features = [\"time\"]", "features = [\"rt\", \"time\"]");
    let added = "[dependencies]\nobject_store = { version = \"0.13\", features = [\"fs\"] }\n";
    let plan = "datafusion-physical-plan = ";
    let (_, version) = manifest.split_once(plan).unwrap();
    let (version, _) = version.split_once('\n').unwrap();
    let added = format!("{added}datafusion-physical-expr = {version}\n");
    let manifest = manifest.replace("[dependencies]\n", &added);
    fs::write(project.join("Cargo.toml"), manifest).unwrap();
    let providers = read(hostile.join("providers.rs"));
    let (_, listed) = providers.split_once("PLACES: ").unwrap();
    let (listed, _) = listed.split_once("];").unwrap();
    let listed: Vec<_> = quoted(listed).collect();
    for place in listed.chunks(2) {
        places.insert(place[0].clone(), place[1].clone());
    }

    check_todos(project);

    // The tests have to know.
    let package = project.join("python/hostile_ext/__init__.py");
    let python = read(&package);
    fs::write(package, format!("{python}\nPLACES = {places:#?}\n")).unwrap();
}

/// Every function at which a TODO stands has a fault.
fn check_todos(project: &Path) {
    let folder = project.join("src");
    for file in files(&folder) {
        let text = read(folder.join(&file));
        for todo in text.split("TODO(").skip(1) {
            let is_note = |line: &&str| line.trim_start().starts_with(['/', '#']);
            let code = todo.lines().skip(1).find(|line| !is_note(line));
            if code.is_some_and(|code| code.contains("fn ")) {
                let (_, body) = todo.split_once("{\n").unwrap();
                let has_fault = body.trim_start().starts_with("crate::fault::");
                assert!(has_fault, "{}: TODO({todo}", file.display());
            }
        }
    }
}

static HOSTILE: LazyLock<Built> =
    LazyLock::new(|| Built::new("hostile-ext", &extension_points(), hostile));

fn test(file: &str) {
    let environment = Environment::new(file, "3.12", &TEST_PACKAGES);
    environment.install(&[&HOSTILE.wheel], &[]);
    environment.pytest(&python_files().join(file));
}

#[test]
fn faults() {
    test("test_faults.py");
}

/// Files behind a scheme of the package's own: as many rows, row groups and bytes are read as the host
/// reads by itself.
#[test]
fn files_in_an_object_store() {
    test("test_object_store.py");
}

/// Tables of other crates that do what DataFusion allows, and few tables do.
#[test]
fn odd_tables() {
    test("test_odd_tables.py");
}
