//! Builds, tests and measures the template: the code that the commands and the tests share.

pub mod adopt;
pub mod bench;
pub mod golden;
pub mod major;
pub mod picture;
pub mod python;
pub mod release;
pub mod render;
pub mod steps;
pub mod try_out;
pub mod use_template;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use regex::Regex;
use toml_edit::DocumentMut;

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// What `versions.toml` says.
pub fn versions(repository: &Path) -> Result<toml::Table> {
    let path = repository.join("versions.toml");
    let text = std::fs::read_to_string(path).context("cannot read versions.toml")?;
    text.parse().context("versions.toml is not TOML")
}

/// Changes `versions.toml`, and leaves its comments.
pub fn edit_versions(repository: &Path, change: impl FnOnce(&mut DocumentMut)) -> Result<()> {
    let path = repository.join("versions.toml");
    let mut versions: DocumentMut = std::fs::read_to_string(&path)?.parse()?;
    change(&mut versions);
    std::fs::write(path, versions.to_string())?;
    Ok(())
}

/// The majors of DataFusion that projects can be for, the oldest first.
pub fn datafusion_majors(versions: &toml::Table) -> Result<Vec<toml::Table>> {
    let majors = versions["datafusion"]["majors"].as_array();
    let majors = majors.context("versions.toml has no datafusion.majors")?;
    let majors: Option<Vec<_>> = majors.iter().map(|m| m.as_table().cloned()).collect();
    majors.context("versions.toml has a datafusion.majors that is not a table")
}

/// Runs git, and returns what it prints.
pub fn git(command: &mut Command) -> Result<String> {
    let output = command.output().context("cannot run git")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The address that a clone of the template is from, without a password. There is none if the address
/// is a folder of this machine, where others cannot reach it.
pub fn address(template: &Path) -> Option<String> {
    let mut origin = Command::new("git");
    origin
        .current_dir(template)
        .args(["remote", "get-url", "origin"]);
    let origin = git(&mut origin).ok()?;
    let web = Regex::new(r"^(https?://)(?:[^/@]*@)?([^/]+/.+)$").ok()?;
    if let Some(parts) = web.captures(&origin) {
        return Some(format!("{}{}", &parts[1], &parts[2]));
    }
    let others = Regex::new(r"^(ssh://|git://|[\w.-]+@[\w.-]+:)").ok()?;
    others.is_match(&origin).then_some(origin)
}

/// Generates the project `name` below `folder`, asking nothing. Takes further answers.
///
/// The command runs cargo-generate as a library over this repository. It is a process of its own,
/// because the library reads from the terminal and prints to it.
pub fn cargo_generate(xtask: &Path, folder: &Path, name: &str) -> Command {
    let mut command = Command::new(xtask);
    command
        .args(["generate", "--silent"])
        .arg(format!("--name={name}"))
        .arg("--destination")
        .arg(folder);
    command
}

/// All files below `folder` but those of git, sorted, as paths relative to `folder`.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = vec![];
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry?;
        let path = entry.path().strip_prefix(folder)?;
        if entry.file_type().is_file() && !path.starts_with(".git") {
            files.push(path.to_owned());
        }
    }
    Ok(files)
}

/// Removes a folder with all that is in it, if there is one.
pub fn remove_folder(folder: &Path) -> std::io::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(())
}

/// The arguments of `cargo generate` that its users need.
#[derive(clap::Args)]
pub struct GenerateArgs {
    /// The template [default: this repository]
    #[arg(long)]
    pub path: Option<PathBuf>,
    /// What to call the project
    #[arg(long)]
    pub name: Option<String>,
    /// Where to make the project's folder; it must exist
    #[arg(long, default_value = ".")]
    pub destination: PathBuf,
    /// Generate into the destination itself
    #[arg(long)]
    pub init: bool,
    /// Ask nothing: take the default where no answer is given. Needs --name
    #[arg(long)]
    pub silent: bool,
    /// An answer, as KEY=VALUE: docs/reference/answers.md lists them
    #[arg(long, short)]
    pub define: Vec<String>,
    /// A TOML file with answers, such as a project's .template-answers.toml
    #[arg(long)]
    pub values_file: Option<String>,
    /// Show the files that would be made, and make none
    #[arg(long)]
    pub dry_run: bool,
}

/// Generates a project, or only shows it; says where it is.
///
/// # Errors
///
/// As those of [`generate`].
pub fn generate_or_show(args: GenerateArgs) -> Result<()> {
    if args.dry_run {
        return show(args);
    }
    println!("{}", generate(args)?.display());
    Ok(())
}

/// Generates into a folder that is gone afterwards, and lists the files.
fn show(args: GenerateArgs) -> Result<()> {
    check_place(&args)?;
    let scratch = tempfile::tempdir()?;
    let destination = args.destination.clone();
    let (init, folder) = (args.init, scratch.path().to_owned());
    let project = generate(GenerateArgs {
        destination: folder,
        ..args
    })?;
    let name = project.file_name().context("no name")?;
    let place = match init {
        true => destination.clone(),
        false => destination.join(name),
    };
    if !init && place.exists() {
        bail!(taken(&std::path::absolute(destination)?));
    }
    println!("\nThese files would be in {}:", place.display());
    // Who wants to see a project need not see what is the same in all of them.
    let machinery = Path::new("pyo3-datafusion");
    let (same, own): (Vec<_>, Vec<_>) = files(&project)?
        .into_iter()
        .partition(|file| file.starts_with(machinery));
    for file in own {
        let lines = std::fs::read_to_string(project.join(&file))?
            .lines()
            .count();
        println!("{lines:7} lines  {}", file.display());
    }
    println!("{:7} files  {}", same.len(), machinery.display());
    println!("\nThis was a dry run: nothing was made.");
    Ok(())
}

/// Whether a project can be made in the destination.
fn check_place(args: &GenerateArgs) -> Result<()> {
    let destination = &args.destination;
    if !destination.is_dir() {
        let destination = destination.display();
        bail!("there is no folder {destination}: make it, or choose another --destination");
    }
    if args.init && destination.join("pyproject.toml").exists() {
        let destination = std::path::absolute(destination)?;
        let destination = destination.display();
        bail!("{destination} has a project already: take an empty folder for --init");
    }
    Ok(())
}

/// What is said of a name that is taken in the destination.
fn taken(destination: &Path) -> String {
    let destination = destination.display();
    format!(
        "{destination} has a file or folder of that name already: remove it, or choose another --name"
    )
}

/// Runs this program again, in an environment that names the author. cargo-generate looks there, as it
/// is linked without git, and gives up if it finds nobody, as in a container.
pub fn again_with_author() -> Result<()> {
    let setting = |key| git(Command::new("git").args(["config", "--get", key])).ok();
    let user = || std::env::var("USER").or_else(|_| std::env::var("USERNAME"));
    let name = setting("user.name").or_else(|| user().ok());
    let email = std::env::var("GIT_AUTHOR_EMAIL").ok();
    let email = email.or_else(|| setting("user.email"));
    let mut again = Command::new(std::env::current_exe()?);
    again
        .args(std::env::args_os().skip(1))
        .env("GIT_AUTHOR_NAME", name.as_deref().unwrap_or("somebody"))
        .env("GIT_AUTHOR_EMAIL", email.unwrap_or_default());
    #[cfg(unix)]
    return Err(std::os::unix::process::CommandExt::exec(&mut again).into());
    #[cfg(not(unix))]
    std::process::exit(again.status()?.code().unwrap_or(1));
}

/// Generates a project, and returns its folder.
///
/// # Errors
///
/// The error is one sentence that says what to type, and no folder is left behind.
pub fn generate(args: GenerateArgs) -> Result<PathBuf> {
    let template = args.path.as_deref().unwrap_or(root());
    let questions = questions(template)?;
    check_answers(&args, &questions)?;
    check_place(&args)?;
    let destination = std::path::absolute(&args.destination)?;
    if args.silent && args.name.is_none() {
        bail!("--silent needs a name: add --name my-ext");
    }
    // cargo-generate leaves an empty folder where it was stopped at a question.
    if let Some(name) = args.name.as_deref().map(Path::new)
        && name.file_name() == Some(name.as_os_str())
    {
        // Nothing is lost: a folder with files in it stays.
        let _ = std::fs::remove_dir(destination.join(name));
    }
    let before = folders(&destination)?;
    let clean_up = {
        let destination = destination.clone();
        // cargo-generate makes the folder before it asks, and leaves it where it is stopped.
        move || -> std::io::Result<()> {
            for folder in folders(&destination)?.difference(&before) {
                // Nothing is lost: a folder with files in it stays.
                let _ = std::fs::remove_dir(folder);
            }
            Ok(())
        }
    };
    let at_ctrl_c = clean_up.clone();
    ctrlc::set_handler(move || {
        let _ = at_ctrl_c();
        eprintln!("\nstopped: no project was made");
        std::process::exit(130);
    })?;
    let mut define = args.define;
    // The hook that says what to do next needs the place of the project.
    define.push(format!("destination={}", args.destination.display()));
    if args.dry_run {
        define.push("dry_run=true".to_owned());
    }
    // An update of the project finds the template at this address.
    if !define
        .iter()
        .any(|answer| answer.starts_with("template_repository="))
        && let Some(address) = address(template)
    {
        define.push(format!("template_repository={address}"));
    }
    let generated = cargo_generate::generate(cargo_generate::GenerateArgs {
        template_path: cargo_generate::TemplatePath {
            path: Some(template.display().to_string()),
            ..Default::default()
        },
        name: args.name,
        destination: Some(destination.clone()),
        init: args.init,
        silent: args.silent,
        define,
        template_values_file: args.values_file,
        vcs: Some(cargo_generate::Vcs::None),
        // Never touch a Cargo.toml outside of the project.
        no_workspace: true,
        // The tests check that the template's own files are formatted.
        no_fmt: true,
        ..Default::default()
    });
    match generated {
        Ok(project) => {
            // Without the `..` that the destination may have.
            let project = match cfg!(unix) {
                true => project.canonicalize()?,
                false => project,
            };
            // A dry run is in another place.
            for note in notes(&project).into_iter().filter(|_| !args.dry_run) {
                eprintln!("note: {note}");
            }
            Ok(project)
        }
        Err(error) => {
            clean_up()?;
            bail!(explanation(
                &refusal(&format!("{error:#}")),
                &destination,
                &questions
            ));
        }
    }
}

/// Checks what cargo-generate accepts silently, or refuses in its own words.
fn check_answers(args: &GenerateArgs, questions: &toml::Table) -> Result<()> {
    for answer in &args.define {
        let Some((key, value)) = answer.split_once('=') else {
            bail!("-d {answer} has no value: type KEY=VALUE, such as -d license=MIT");
        };
        if value.contains('\n') {
            bail!("the answer to {key} has a line break: type it on one line");
        }
        let others = ["project-name", "template_repository"];
        if !questions.contains_key(key) && !others.contains(&key) {
            let keys: Vec<_> = questions.keys().map(String::as_str).collect();
            let keys = keys.join(", ");
            bail!("-d {answer} answers no question: the questions are {keys}");
        }
        if let Some(question) = questions.get(key)
            && is_bool(question)
            && !choices(question).contains(&value)
        {
            bail!(
                "\"{value}\" is not a valid value for {key}. {}",
                rule(question)
            );
        }
    }
    if let Some(file) = &args.values_file {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("the values file {file} cannot be read"))?;
        let values: Option<toml::Table> = text.parse().ok();
        if values.is_none_or(|file| !file.contains_key("values")) {
            bail!(
                "{file} has to be TOML with a table [values], and text in quotes: license = \"MIT\""
            );
        }
    }
    Ok(())
}

/// What cargo-generate said, as one sentence with the rule.
fn explanation(said: &str, destination: &Path, questions: &toml::Table) -> String {
    if said.contains("directory already exists") {
        return taken(destination);
    }
    if said.contains("not a terminal") {
        return "there is no terminal to ask in: add --silent, which takes the defaults, and -d for other answers".to_owned();
    }
    let question = said.split_once("valid value").and_then(|(_, rest)| {
        let (_, name) = rest.split_once(" for ")?;
        questions.get(name)
    });
    match question {
        Some(question) => {
            let said = said.split_once("Sorry, ").map_or(said, |(_, rest)| rest);
            format!("{said}. {}", rule(question))
        }
        None => said.to_owned(),
    }
}

/// Which answers a question takes.
fn rule(question: &toml::Value) -> String {
    let prompt = question["prompt"].as_str().unwrap_or_default();
    // The first line says the rule; others explain the choices.
    let prompt = prompt.lines().next().unwrap_or_default();
    // In brackets are the keys of a terminal.
    let prompt = prompt.split(" (").next().unwrap_or_default();
    let several = question["type"].as_str() == Some("array");
    let choices = choices(question);
    match (several, choices.is_empty()) {
        (_, true) => format!("{prompt}."),
        (false, _) => format!("{prompt}; one of {}.", choices.join(", ")),
        (true, _) => format!(
            "{prompt}; any of {}, with commas between.",
            choices.join(", ")
        ),
    }
}

/// What an owner should know about the place of a new project.
fn notes(project: &Path) -> Vec<String> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        git(command.arg("-C").arg(project).args(arguments)).ok()
    };
    let mut notes = vec![];
    if let Some(repository) = git(&["rev-parse", "--show-toplevel"])
        && Path::new(&repository) != project
        && git(&["check-ignore", "."]).is_none()
    {
        notes.push(format!(
            "the project is inside of the git repository {repository}, where CI finds none of its workflows: run `git init` in the project, or move it out"
        ));
    }
    if let Some(workspace) = workspace_around(project) {
        notes.push(format!(
            "the project is inside of the Cargo workspace {}, which Cargo does not accept as it is: add `[workspace]` at the end of the project's Cargo.toml, or the project to the `members` there",
            workspace.display()
        ));
    }
    if let Some(shared) = std::env::var_os("CARGO_TARGET_DIR") {
        notes.push(format!(
            "CARGO_TARGET_DIR is {}: two projects of the same name there would overwrite the library of each other",
            shared.display()
        ));
    }
    notes
}

/// The workspace that Cargo takes the package in `folder` to be in.
fn workspace_around(folder: &Path) -> Option<PathBuf> {
    let table = |folder: &Path| {
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
        let manifest: toml::Table = manifest.parse().ok()?;
        manifest.get("workspace")?.as_table().cloned()
    };
    if table(folder).is_some() {
        return None;
    }
    let (around, workspace) = folder
        .ancestors()
        .skip(1)
        .find_map(|around| Some((around, table(around)?)))?;
    let excluded = workspace.get("exclude").and_then(toml::Value::as_array);
    let mut excluded = excluded.into_iter().flatten();
    let excluded = excluded.any(|path| {
        path.as_str()
            .is_some_and(|path| folder.starts_with(around.join(path)))
    });
    (!excluded).then(|| around.to_owned())
}

/// What the template asks.
pub fn questions(template: &Path) -> Result<toml::Table> {
    let config = std::fs::read_to_string(template.join("cargo-generate.toml"))
        .with_context(|| format!("{} is not a copy of the template", template.display()))?;
    let config: toml::Table = config.parse()?;
    let questions = config["placeholders"].as_table();
    questions.cloned().context("the template asks nothing")
}

/// The answers that a question has a list of.
pub fn choices(question: &toml::Value) -> Vec<&str> {
    if is_bool(question) {
        return vec!["false", "true"];
    }
    let choices = question.get("choices").and_then(toml::Value::as_array);
    let choices = choices.into_iter().flatten();
    choices.filter_map(toml::Value::as_str).collect()
}

fn is_bool(question: &toml::Value) -> bool {
    question["type"].as_str() == Some("bool")
}

fn folders(folder: &Path) -> std::io::Result<BTreeSet<PathBuf>> {
    let entries = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    entries
        .filter(|path| path.as_ref().map_or(true, |path| path.is_dir()))
        .collect()
}

/// The sentence of a hook of cargo-generate, without its place in the hook, or `said` as it is.
pub fn refusal(said: &str) -> String {
    let sentence = said
        .lines()
        .find_map(|line| line.split_once("Runtime error: "))
        .map_or(said, |(_, sentence)| sentence);
    let sentence = sentence
        .rsplit_once(" (line ")
        .map_or(sentence, |(sentence, _)| sentence);
    sentence.trim_start_matches("error: ").to_owned()
}
