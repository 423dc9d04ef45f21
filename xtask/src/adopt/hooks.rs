//! The hooks of a crate, and what to write in each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::Result;
use proc_macro2::{Span, TokenStream, TokenTree};
use similar::TextDiff;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, FnArg, ImplItem, ImplItemFn, Item, ItemFn, Pat, Stmt, Type, UseTree, Visibility};

/// How `pyo3_datafusion::export` takes what a hook hands over.
#[derive(Clone, Copy, PartialEq)]
enum Takes {
    /// An `Arc<dyn …>` and the session.
    WithSession,
    /// An `Arc<dyn …>`.
    Value,
    /// A closure that makes a function.
    Function,
    /// A closure that makes an `Arc<dyn …>`, and the session.
    ClosureWithSession,
    /// A reference to the options.
    Options,
}

/// The hooks that the machinery exports: the feature, and the struct of `datafusion-ffi`.
const EXPORTS: [(&str, &str, &str, Takes); 14] = {
    use Takes::{ClosureWithSession, Function, Options, Value, WithSession};
    [
        ("scalar_udf", "functions", "FFI_ScalarUDF", Function),
        ("aggregate_udf", "functions", "FFI_AggregateUDF", Function),
        ("window_udf", "functions", "FFI_WindowUDF", Function),
        (
            "extension_options",
            "functions",
            "FFI_ExtensionOptions",
            Options,
        ),
        ("table_provider", "tables", "FFI_TableProvider", WithSession),
        (
            "table_provider_factory",
            "tables",
            "FFI_TableProviderFactory",
            WithSession,
        ),
        ("table_function", "tables", "FFI_TableFunction", WithSession),
        (
            "schema_provider",
            "tables",
            "FFI_SchemaProvider",
            WithSession,
        ),
        (
            "catalog_provider",
            "tables",
            "FFI_CatalogProvider",
            WithSession,
        ),
        (
            "catalog_provider_list",
            "tables",
            "FFI_CatalogProviderList",
            ClosureWithSession,
        ),
        (
            "logical_extension_codec",
            "plans",
            "FFI_LogicalExtensionCodec",
            WithSession,
        ),
        (
            "physical_extension_codec",
            "plans",
            "FFI_PhysicalExtensionCodec",
            WithSession,
        ),
        (
            "physical_optimizer_rule",
            "plans",
            "FFI_PhysicalOptimizerRule",
            Value,
        ),
        ("query_planner", "plans", "FFI_QueryPlanner", WithSession),
    ]
};

/// A method `__datafusion_…__` of a class.
pub struct Hook {
    pub class: String,
    /// `table_provider` of `__datafusion_table_provider__`.
    pub name: String,
    pub file: PathBuf,
    pub line: usize,
    /// What its owner has to do.
    pub todo: Todo,
}

pub enum Todo {
    /// The body in the diff.
    Replace,
    /// The body has something that only its owner can take apart: the last line to write.
    Write(String),
    /// The hook calls the machinery already.
    Nothing,
    /// The machinery has no function for the hook.
    Unknown,
}

impl Hook {
    /// The feature of the machinery that the hook needs.
    pub fn feature(&self) -> Option<&'static str> {
        let export = EXPORTS.iter().find(|export| export.0 == self.name);
        export.map(|export| export.1)
    }
}

/// A file of a crate.
struct File {
    /// From the root of the repository.
    path: PathBuf,
    text: String,
    syntax: syn::File,
    edits: Vec<(Range<usize>, String)>,
}

/// All that was found in a crate's sources.
pub struct Found {
    pub hooks: Vec<Hook>,
    /// The edits, as a patch for `git apply`.
    pub patch: String,
    pub added: usize,
    pub deleted: usize,
    /// What can be deleted once the edits are made, and is in the patch too.
    pub unused: Vec<String>,
    /// What the owner has to know besides.
    pub notes: Vec<String>,
}

/// Names a package in the errors of the machinery.
pub struct Package<'a> {
    pub name: &'a str,
    pub options_prefix: &'a str,
    pub major: u64,
}

/// Reads the Rust files below `sources`, whose paths are given from `root` on.
pub fn find(root: &Path, sources: &Path, package: &Package) -> Result<Found> {
    let mut notes = vec![];
    let mut files = vec![];
    for path in crate::files(sources)? {
        let path = sources.join(path);
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let path = path.strip_prefix(root)?.to_owned();
        match syn::parse_file(&text) {
            Ok(syntax) => files.push(File {
                path,
                text,
                syntax,
                edits: vec![],
            }),
            Err(error) => notes.push(format!("{} was not read: {error}.", path.display())),
        }
    }
    let mut hooks = vec![];
    let mut removed = BTreeSet::new();
    for file in &mut files {
        hooks_of(file, &mut removed, &mut hooks);
    }
    let edited = hooks.iter().any(|hook| matches!(hook.todo, Todo::Replace));
    if edited
        && !files
            .iter()
            .any(|file| file.text.contains("pyo3_datafusion::Package"))
    {
        notes.extend(name_the_package(&mut files, package));
    }
    let unused = delete_unused(&mut files, &removed);
    if edited
        && files
            .iter()
            .all(|file| !file.edited().contains("datafusion_ffi"))
    {
        notes.push("Nothing in src/ names `datafusion-ffi` then.".to_owned());
    }
    for file in &files {
        let Ok(left) = syn::parse_file(&file.edited()) else {
            continue;
        };
        let is_import = |item: &Item| matches!(item, Item::Use(_));
        if !file.edits.is_empty() && left.items.iter().all(is_import) {
            let path = slashed(&file.path);
            notes.push(format!(
                "Nothing is left in {path}: delete it, and its `mod`."
            ));
        }
    }
    let (mut patch, mut added, mut deleted) = (String::new(), 0, 0);
    for file in files.iter().filter(|file| !file.edits.is_empty()) {
        let (new, path) = (file.edited(), slashed(&file.path));
        let diff = TextDiff::from_lines(&file.text, &new);
        for change in diff.iter_all_changes() {
            match change.tag() {
                similar::ChangeTag::Insert => added += 1,
                similar::ChangeTag::Delete => deleted += 1,
                similar::ChangeTag::Equal => {}
            }
        }
        let header = (format!("a/{path}"), format!("b/{path}"));
        let mut unified = diff.unified_diff();
        patch.push_str(&unified.header(&header.0, &header.1).to_string());
    }
    Ok(Found {
        hooks,
        patch,
        added,
        deleted,
        unused,
        notes,
    })
}

/// A path as git writes it.
pub fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

impl File {
    fn edited(&self) -> String {
        let mut edits = self.edits.clone();
        edits.sort_by_key(|(range, _)| range.start);
        let mut text = self.text.clone();
        // Two deletions may share an empty line.
        let mut next = text.len();
        for (range, new) in edits.iter().rev() {
            text.replace_range(range.start..range.end.min(next), new);
            next = range.start;
        }
        text
    }

    fn line(&self, offset: usize) -> usize {
        self.text[..offset].matches('\n').count() + 1
    }

    fn newline(&self) -> &'static str {
        match self.text.contains("\r\n") {
            true => "\r\n",
            false => "\n",
        }
    }

    /// The lines of an item, with the empty line after it, or before it where there is none.
    fn lines_of(&self, span: Span) -> Range<usize> {
        let range = span.byte_range();
        let mut start = self.text[..range.start].rfind('\n').map_or(0, |at| at + 1);
        let rest = &self.text[range.end..];
        let mut end = range.end + rest.find('\n').map_or(rest.len(), |at| at + 1);
        let is_blank = |line: &&str| line.trim().is_empty();
        let next = self.text[end..].split_inclusive('\n').next();
        let last = self.text[..start].split_inclusive('\n').next_back();
        match (next.filter(is_blank), last.filter(is_blank)) {
            (Some(next), _) => end += next.len(),
            (None, Some(last)) if next.is_none() => start -= last.len(),
            _ => {}
        }
        start..end
    }
}

fn hooks_of(file: &mut File, removed: &mut BTreeSet<String>, hooks: &mut Vec<Hook>) {
    let names = class_names(&file.syntax.items);
    let mut found = Methods(vec![]);
    found.visit_file(&file.syntax);
    let mut edits = vec![];
    for (class, name, method) in found.0 {
        let range = method.block.span().byte_range();
        let old = file.text[range.clone()].to_owned();
        let export = EXPORTS.iter().find(|export| export.0 == name);
        let todo = match export {
            _ if old.contains("export::") => Todo::Nothing,
            None => Todo::Unknown,
            Some((_, _, ffi, takes)) => match body(file, &method, &name, ffi, *takes) {
                Some(new) => {
                    let kept = idents(&new);
                    let old: BTreeSet<_> = idents(&old).into_keys().collect();
                    removed.extend(old.into_iter().filter(|ident| !kept.contains_key(ident)));
                    edits.push((range.start + 1..range.end - 1, new));
                    Todo::Replace
                }
                None => Todo::Write(call(&method, &name, *takes, "…")),
            },
        };
        hooks.push(Hook {
            class: names.get(&class).cloned().unwrap_or(class),
            name,
            file: file.path.clone(),
            line: file.line(method.sig.ident.span().byte_range().start),
            todo,
        });
    }
    if edits.is_empty() {
        return;
    }
    if !file.text.contains("use pyo3_datafusion::export") {
        edits.push(import(file));
    }
    file.edits.extend(edits);
}

/// The import of `export`, after the last import of PyO3 or the last one.
fn import(file: &File) -> (Range<usize>, String) {
    let uses = file.syntax.items.iter().filter_map(|item| match item {
        Item::Use(item) => Some(item),
        _ => None,
    });
    let uses: Vec<_> = uses.collect();
    // In the order of rustfmt, where the imports of PyO3 are sorted.
    let of_pyo3 = |item: &&&syn::ItemUse| match &item.tree {
        UseTree::Path(path) => {
            let name = path.ident.to_string();
            name.starts_with("pyo3") && name.as_str() < "pyo3_datafusion"
        }
        _ => false,
    };
    let after = uses.iter().rfind(of_pyo3).or(uses.last());
    let at = match after {
        Some(item) => {
            let end = item.span().byte_range().end;
            let rest = &file.text[end..];
            end + rest.find('\n').map_or(rest.len(), |at| at + 1)
        }
        None => match file.syntax.items.first() {
            Some(item) => file.lines_of(item.span()).start,
            None => file.text.len(),
        },
    };
    let line = format!("use pyo3_datafusion::export;{}", file.newline());
    (at..at, line)
}

/// The names that Python has for classes: `#[pyclass(name = "…")]`.
fn class_names(items: &[Item]) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for item in items {
        let Item::Struct(item) = item else { continue };
        for attribute in &item.attrs {
            if !attribute.path().is_ident("pyclass") {
                continue;
            }
            // Other arguments need not be understood.
            let _ = attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    let name: syn::LitStr = meta.value()?.parse()?;
                    names.insert(item.ident.to_string(), name.value());
                } else if meta.input.peek(syn::Token![=]) {
                    let _: Expr = meta.value()?.parse()?;
                }
                Ok(())
            });
        }
    }
    names
}

/// The hooks in all `#[pymethods]`: the type, the hook, and the method.
struct Methods(Vec<(String, String, ImplItemFn)>);

impl<'ast> Visit<'ast> for Methods {
    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let of_python = item.attrs.iter().any(|attribute| {
            let last = attribute.path().segments.last();
            last.is_some_and(|segment| segment.ident == "pymethods")
        });
        let Type::Path(class) = &*item.self_ty else {
            return;
        };
        let Some(class) = class.path.segments.last().filter(|_| of_python) else {
            return;
        };
        for item in &item.items {
            let ImplItem::Fn(method) = item else { continue };
            let name = python_name(method);
            let hook = name.strip_prefix("__datafusion_");
            if let Some(hook) = hook.and_then(|name| name.strip_suffix("__")) {
                let class = class.ident.to_string();
                self.0.push((class, hook.to_owned(), method.clone()));
            }
        }
    }
}

/// The name that Python has for a method: `#[pyo3(name = "…")]`, or that in Rust.
fn python_name(method: &ImplItemFn) -> String {
    let mut name = method.sig.ident.to_string();
    for attribute in method
        .attrs
        .iter()
        .filter(|each| each.path().is_ident("pyo3"))
    {
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("name") {
                let given: syn::LitStr = meta.value()?.parse()?;
                name = given.value();
            } else if meta.input.peek(syn::Token![=]) {
                let _: Expr = meta.value()?.parse()?;
            }
            Ok(())
        });
    }
    name
}

/// The body to write: what makes the value stays, and `export` takes the value.
fn body(file: &File, method: &ImplItemFn, name: &str, ffi: &str, takes: Takes) -> Option<String> {
    let statements = &method.block.stmts;
    let (last, value) = statements.iter().enumerate().find_map(|(at, statement)| {
        let mut constructor = Constructor {
            ffi,
            options: takes == Takes::Options,
            value: None,
        };
        constructor.visit_stmt(statement);
        Some((at, constructor.value?))
    })?;
    let mut needed = names_in(&value);
    needed.insert("self".to_owned());
    let mut kept = vec![];
    for (at, statement) in statements[..last].iter().enumerate().rev() {
        match statement {
            Stmt::Local(local) => {
                let bound = bound_names(&local.pat);
                if bound.is_disjoint(&needed) {
                    continue;
                }
                needed.retain(|name| !bound.contains(name));
                let mut names = Names::default();
                names.visit_local(local);
                needed.extend(names.0);
            }
            Stmt::Item(_) => {}
            other => {
                let mut names = Names::default();
                names.visit_stmt(other);
                if names.0.is_disjoint(&needed) {
                    continue;
                }
                needed.extend(names.0);
            }
        }
        kept.push(at);
    }
    kept.reverse();
    let text = |span: Span| file.text[span.byte_range()].to_owned();
    let mut argument = text(value.span());
    // `let function = Arc::new(…); export(|| function)` is `export(|| …)`.
    if matches!(takes, Takes::Function) {
        let mut made = value.clone();
        if let (Some(&at), Some(name)) = (kept.last(), path_name(&value))
            && let Stmt::Local(local) = &statements[at]
            && bound_names(&local.pat).contains(&name)
            && let Some(init) = &local.init
            && in_arc(&init.expr).is_some()
        {
            made = (*init.expr).clone();
            kept.pop();
        }
        argument = match in_arc(&made) {
            Some(inner) => text(inner.span()),
            None => format!("{argument}.as_ref().clone()"),
        };
    }
    let newline = file.newline();
    let open = method.block.brace_token.span.open().byte_range().end;
    let close = method.block.brace_token.span.close().byte_range().start;
    let close_line = file.text[..close].rfind('\n').map_or(0, |at| at + 1);
    let indent = &file.text[close_line..close];
    let mut new = String::new();
    for at in kept {
        // With the comments before it.
        let start = match at {
            0 => open,
            _ => statements[at - 1].span().byte_range().end,
        };
        let end = statements[at].span().byte_range().end;
        let lines = file.text[start..end].trim_start_matches([' ', '\t', '\r', '\n']);
        let blank = at > 0
            && !new.is_empty()
            && file.text[start..end].matches('\n').count() > lines.matches('\n').count() + 1;
        if blank {
            new.push_str(newline);
        }
        new.push_str(&format!("{newline}{indent}    {lines}"));
    }
    let call = call(method, name, takes, &argument);
    new.push_str(&format!("{newline}{indent}    {call}{newline}{indent}"));
    Some(new)
}

/// The call of the machinery that ends a hook.
fn call(method: &ImplItemFn, name: &str, takes: Takes, value: &str) -> String {
    let mut py = "py".to_owned();
    let mut session = "None".to_owned();
    for argument in &method.sig.inputs {
        let FnArg::Typed(argument) = argument else {
            continue;
        };
        let Pat::Ident(name) = &*argument.pat else {
            continue;
        };
        let name = name.ident.to_string();
        let of_type: Vec<_> = idents_in_order(&argument.ty);
        if of_type.first().is_some_and(|ident| ident == "Python") {
            py = name;
            continue;
        }
        let reference = matches!(&*argument.ty, Type::Reference(_));
        let optional = of_type.first().is_some_and(|ident| ident == "Option");
        let inner_reference = optional && has_reference(&argument.ty);
        session = match (optional, reference || inner_reference) {
            (true, true) => name,
            (true, false) => format!("{name}.as_ref()"),
            (false, true) => format!("Some({name})"),
            (false, false) => format!("Some(&{name})"),
        };
    }
    match takes {
        Takes::WithSession => format!("export::{name}({py}, {value}, {session})"),
        Takes::ClosureWithSession => format!("export::{name}({py}, || {value}, {session})"),
        Takes::Function => format!("export::{name}({py}, || {value})"),
        Takes::Value => format!("export::{name}({py}, {value})"),
        Takes::Options => match value.starts_with('&') || value == "self" {
            true => format!("export::{name}({py}, {value})"),
            false => format!("export::{name}({py}, &{value})"),
        },
    }
}

fn has_reference(kind: &Type) -> bool {
    struct References(bool);
    impl<'ast> Visit<'ast> for References {
        fn visit_type_reference(&mut self, _: &'ast syn::TypeReference) {
            self.0 = true;
        }
    }
    let mut found = References(false);
    found.visit_type(kind);
    found.0
}

fn idents_in_order(kind: &Type) -> Vec<String> {
    struct Idents(Vec<String>);
    impl<'ast> Visit<'ast> for Idents {
        fn visit_path(&mut self, path: &'ast syn::Path) {
            self.0
                .extend(path.segments.last().map(|last| last.ident.to_string()));
            visit::visit_path(self, path);
        }
    }
    let mut found = Idents(vec![]);
    found.visit_type(kind);
    found.0
}

/// The first argument of `FFI_X::new(…)`, `FFI_X::from(…)` and the like.
struct Constructor<'a> {
    ffi: &'a str,
    /// Of options, it is the argument of `add_config`.
    options: bool,
    value: Option<Expr>,
}

impl<'ast> Visit<'ast> for Constructor<'_> {
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Expr::Path(function) = &*call.func {
            let segments: Vec<_> = function.path.segments.iter().collect();
            if let [.., of, _] = segments.as_slice()
                && of.ident == self.ffi
                && !self.options
            {
                self.value = self.value.take().or_else(|| call.args.first().cloned());
            }
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if self.options && call.method == "add_config" {
            self.value = self.value.take().or_else(|| call.args.first().cloned());
        }
        visit::visit_expr_method_call(self, call);
    }
}

/// The variables that an expression uses.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl<'ast> Visit<'ast> for Names {
    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        self.0
            .extend(path.path.get_ident().map(ToString::to_string));
        visit::visit_expr_path(self, path);
    }

    fn visit_macro(&mut self, used: &'ast syn::Macro) {
        self.0.extend(idents_of(used.tokens.clone()).into_keys());
    }
}

fn names_in(expression: &Expr) -> BTreeSet<String> {
    let mut names = Names::default();
    names.visit_expr(expression);
    names.0
}

fn bound_names(pattern: &Pat) -> BTreeSet<String> {
    struct Bound(BTreeSet<String>);
    impl<'ast> Visit<'ast> for Bound {
        fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
            self.0.insert(pattern.ident.to_string());
            visit::visit_pat_ident(self, pattern);
        }
    }
    let mut bound = Bound(BTreeSet::new());
    bound.visit_pat(pattern);
    bound.0
}

fn path_name(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
        _ => None,
    }
}

/// What is in `Arc::new(…)`.
fn in_arc(expression: &Expr) -> Option<&Expr> {
    let Expr::Call(call) = expression else {
        return None;
    };
    let Expr::Path(function) = &*call.func else {
        return None;
    };
    let names: Vec<_> = function
        .path
        .segments
        .iter()
        .map(|each| each.ident.to_string())
        .collect();
    match names.as_slice() {
        [.., arc, new] if arc == "Arc" && new == "new" && call.args.len() == 1 => call.args.first(),
        _ => None,
    }
}

/// Registers the package in its `#[pymodule]`. Returns what the owner has to write, if there is none.
fn name_the_package(files: &mut [File], package: &Package) -> Option<String> {
    let Package {
        name,
        options_prefix,
        major,
    } = package;
    for file in files {
        let module = file.syntax.items.iter().find_map(|item| match item {
            Item::Fn(function) if is_pymodule(function) => Some(function),
            _ => None,
        });
        let Some(module) = module else { continue };
        let argument = module
            .sig
            .inputs
            .iter()
            .find_map(|argument| match argument {
                FnArg::Typed(argument) => match &*argument.pat {
                    Pat::Ident(name)
                        if idents_in_order(&argument.ty).contains(&"PyModule".to_owned()) =>
                    {
                        Some(name.ident.to_string())
                    }
                    _ => None,
                },
                FnArg::Receiver(_) => None,
            })?;
        let newline = file.newline();
        let lines = [
            String::new(),
            "    pyo3_datafusion::Package {".to_owned(),
            format!("        name: \"{name}\","),
            "        version: env!(\"CARGO_PKG_VERSION\"),".to_owned(),
            format!("        options_prefix: \"{options_prefix}\","),
            format!("        majors: {major}..={major},"),
            "    }".to_owned(),
            format!("    .register({argument})?;"),
        ];
        let imports = module.block.stmts.iter();
        let imports = imports.take_while(|statement| matches!(statement, Stmt::Item(_)));
        let at = match imports.last() {
            Some(last) => last.span().byte_range().end,
            None => module.block.brace_token.span.open().byte_range().end,
        };
        file.edits.push((at..at, lines.join(newline)));
        return None;
    }
    Some(format!(
        "No function is a #[pymodule]: register `pyo3_datafusion::Package {{ name: \"{name}\", version: \
         env!(\"CARGO_PKG_VERSION\"), options_prefix: \"{options_prefix}\", majors: {major}..={major} }}` \
         where the module is filled."
    ))
}

fn is_pymodule(function: &ItemFn) -> bool {
    let mut attributes = function.attrs.iter();
    attributes.any(|attribute| {
        let last = attribute.path().segments.last();
        last.is_some_and(|segment| segment.ident == "pymodule")
    })
}

/// Deletes the items and the imports that only the old bodies used.
fn delete_unused(files: &mut [File], removed: &BTreeSet<String>) -> Vec<String> {
    let mut unused = vec![];
    let mut suspects = removed.clone();
    while let Some((at, name, kind, range)) = unused_item(files, &suspects) {
        let file = &mut files[at];
        suspects.remove(&name);
        suspects.extend(
            idents(&file.text[range.clone()])
                .into_keys()
                .filter(|each| *each != name),
        );
        let line = file.line(range.start);
        unused.push(format!("{kind} `{name}`, {}:{line}", slashed(&file.path)));
        file.edits.push((range, String::new()));
    }
    for file in files {
        delete_imports(file, &suspects, removed);
    }
    unused
}

/// A function, constant or static among `suspects` that nothing names any more. Other crates may
/// use those that are `pub`.
fn unused_item(
    files: &[File],
    suspects: &BTreeSet<String>,
) -> Option<(usize, String, &'static str, Range<usize>)> {
    let mut used = BTreeMap::new();
    for file in files {
        // What is imported is not yet used.
        for (name, count) in idents_without_imports(&file.edited()) {
            *used.entry(name).or_insert(0) += count;
        }
    }
    for (at, file) in files.iter().enumerate() {
        for item in &file.syntax.items {
            let (name, kind, visibility) = match item {
                Item::Fn(item) if !is_pymodule(item) => (&item.sig.ident, "fn", &item.vis),
                Item::Const(item) => (&item.ident, "const", &item.vis),
                Item::Static(item) => (&item.ident, "static", &item.vis),
                _ => continue,
            };
            let name = name.to_string();
            let range = file.lines_of(item.span());
            if matches!(visibility, Visibility::Public(_))
                || !suspects.contains(&name)
                || file
                    .edits
                    .iter()
                    .any(|(edited, _)| edited.start == range.start)
            {
                continue;
            }
            let own = idents(&file.text[item.span().byte_range()]);
            if used.get(&name) == own.get(&name) {
                return Some((at, name, kind, range));
            }
        }
    }
    None
}

fn idents_without_imports(text: &str) -> BTreeMap<String, usize> {
    let mut used = idents(text);
    let syntax = syn::parse_file(text);
    for item in syntax.iter().flat_map(|file| &file.items) {
        let Item::Use(item) = item else { continue };
        for (name, count) in idents(&text[item.span().byte_range()]) {
            used.entry(name).and_modify(|all| *all -= count);
        }
    }
    used
}

/// Takes out of the imports of a file what only deleted code used.
fn delete_imports(file: &mut File, suspects: &BTreeSet<String>, removed: &BTreeSet<String>) {
    if file.edits.is_empty() {
        return;
    }
    let used = idents_without_imports(&file.edited());
    let is_unused = |name: &str| {
        (suspects.contains(name) || removed.contains(name))
            && used.get(name).copied().unwrap_or_default() == 0
    };
    let mut edits = vec![];
    for item in &file.syntax.items {
        let Item::Use(item) = item else { continue };
        if !matches!(item.vis, Visibility::Inherited) {
            continue;
        }
        let mut leaves = vec![];
        leaves_of(&item.tree, &mut leaves);
        let unused = leaves.iter().filter(|(name, _)| is_unused(name));
        let unused: Vec<_> = unused.collect();
        if unused.len() == leaves.len() {
            edits.push((import_lines(&file.text, item.span()), String::new()));
            continue;
        }
        // `{Arc}` is `Arc`.
        if let Some(group) = flat_group(&item.tree)
            && let Some((name, span)) = leaves.iter().find(|(name, _)| !is_unused(name))
            && unused.len() + 1 == leaves.len()
            && name != "self"
        {
            let kept = file.text[span.byte_range()].to_owned();
            edits.push((group.byte_range(), kept));
            continue;
        }
        for (_, span) in unused {
            edits.push((leaf_range(&file.text, span.byte_range()), String::new()));
        }
    }
    file.edits.extend(edits);
}

/// The lines of an import, with the empty line after a block that has no other.
fn import_lines(text: &str, span: Span) -> Range<usize> {
    let range = span.byte_range();
    let start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let rest = &text[range.end..];
    let mut end = range.end + rest.find('\n').map_or(rest.len(), |at| at + 1);
    let is_blank = |line: Option<&str>| line.is_none_or(|line| line.trim().is_empty());
    let next = text[end..].split_inclusive('\n').next();
    if is_blank(text[..start].lines().next_back()) && is_blank(next) {
        end += next.map_or(0, str::len);
    }
    start..end
}

/// The group of an import such as `use a::b::{C, D}`.
fn flat_group(tree: &UseTree) -> Option<Span> {
    match tree {
        UseTree::Path(path) => flat_group(&path.tree),
        UseTree::Group(group) => {
            let mut items = group.items.iter();
            let flat = items.all(|item| matches!(item, UseTree::Name(_) | UseTree::Rename(_)));
            flat.then(|| group.span())
        }
        _ => None,
    }
}

/// A leaf of a group with its comma.
fn leaf_range(text: &str, leaf: Range<usize>) -> Range<usize> {
    let after = &text[leaf.end..];
    if let Some(rest) = after.strip_prefix(',') {
        let starts_line = text[..leaf.start].ends_with([' ', '\t', '\n'])
            && text[..leaf.start]
                .trim_end_matches([' ', '\t'])
                .ends_with('\n');
        let blank = rest.len() - rest.trim_start().len();
        // The last of a line leaves the line break to its neighbor.
        if rest[..blank].contains('\n') && !starts_line {
            let start = text[..leaf.start].trim_end().len();
            return start..leaf.end + 1;
        }
        return leaf.start..leaf.end + 1 + blank;
    }
    let before = text[..leaf.start].trim_end();
    match before.strip_suffix(',') {
        Some(before) => before.len()..leaf.end,
        None => leaf,
    }
}

fn leaves_of(tree: &UseTree, leaves: &mut Vec<(String, Span)>) {
    match tree {
        UseTree::Path(path) => leaves_of(&path.tree, leaves),
        UseTree::Name(name) => leaves.push((name.ident.to_string(), name.span())),
        UseTree::Rename(rename) => leaves.push((rename.rename.to_string(), rename.span())),
        UseTree::Glob(glob) => leaves.push(("*".to_owned(), glob.span())),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves_of(tree, leaves)),
    }
}

/// How often each identifier occurs in a text.
fn idents(text: &str) -> BTreeMap<String, usize> {
    let tokens: std::result::Result<TokenStream, _> = text.parse();
    tokens.map(idents_of).unwrap_or_default()
}

fn idents_of(tokens: TokenStream) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let mut left = vec![tokens];
    while let Some(tokens) = left.pop() {
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => *found.entry(ident.to_string()).or_insert(0) += 1,
                TokenTree::Group(group) => left.push(group.stream()),
                // What a format string names: `"{limit}"`.
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    for after in text.split('{').skip(1) {
                        let end = after.find(|c: char| !(c.is_alphanumeric() || c == '_'));
                        let name = &after[..end.unwrap_or(after.len())];
                        *found.entry(name.to_owned()).or_insert(0) += 1;
                    }
                }
                TokenTree::Punct(_) => {}
            }
        }
    }
    found
}
