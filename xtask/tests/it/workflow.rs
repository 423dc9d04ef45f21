//! Workflows of GitHub Actions: what they say, and running their shell steps as GitHub does.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::tools::{Run, path_with, printed, read};

/// Names and values, which may hold expressions.
pub type Texts = BTreeMap<String, String>;

#[derive(Deserialize)]
pub struct Workflow {
    pub name: String,
    #[serde(default)]
    pub env: Texts,
    pub jobs: BTreeMap<String, Job>,
}

#[derive(Deserialize)]
pub struct Job {
    #[serde(rename = "if")]
    pub condition: Option<String>,
    /// One job, or a list of them.
    #[serde(default)]
    pub needs: serde_json::Value,
    #[serde(default)]
    pub env: Texts,
    pub steps: Vec<Step>,
}

/// What else a step can have changes how it runs, so it is unknown here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Step {
    pub id: Option<String>,
    /// Each that has a script has one.
    pub name: Option<String>,
    #[serde(rename = "if")]
    pub condition: Option<String>,
    #[serde(default)]
    pub env: Texts,
    pub uses: Option<String>,
    #[serde(default)]
    pub with: Texts,
    pub run: Option<String>,
    pub shell: Option<String>,
}

impl Workflow {
    pub fn read(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        serde_saphyr::from_str(&read(path))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

/// Where the steps of a job run, and what they find there. What an action would do (`uses`) is left
/// to the caller.
pub struct Runner<'a> {
    /// What is checked out.
    pub workspace: &'a Path,
    /// Expressions, and what they are. `true` and `false` are texts, too.
    pub expressions: &'a [(&'a str, &'a str)],
    /// Of the steps, besides that of the tests.
    pub env: Vec<(&'a str, OsString)>,
}

/// What became of a job.
#[derive(Debug)]
pub struct Outcome {
    pub succeeded: bool,
    /// The names of the shell steps that ran.
    pub ran: Vec<String>,
    /// What they printed.
    pub log: String,
    /// What they wrote for the page of the run.
    pub summary: String,
    /// What they put out: `steps.ID.outputs.NAME`.
    pub outputs: Texts,
}

impl Runner<'_> {
    /// Runs the shell steps of `workflow`'s job `job`.
    ///
    /// # Panics
    ///
    /// If an expression is neither given nor made of given ones.
    pub fn run(&self, workflow: &Workflow, job: &str) -> Outcome {
        let job = &workflow.jobs[job];
        let mut run = JobRun::new(self);
        if job
            .condition
            .as_ref()
            .is_some_and(|condition| !run.holds(condition))
        {
            return run.outcome;
        }
        for texts in [&workflow.env, &job.env] {
            let texts = run.evaluate_all(texts);
            run.env.extend(texts);
        }
        for step in &job.steps {
            if let Some(script) = &step.run
                && run.holds(step.condition.as_deref().unwrap_or("success()"))
            {
                run.step(step, script);
            }
        }
        run.outcome
    }
}

struct JobRun<'a> {
    runner: &'a Runner<'a>,
    env: Texts,
    path: Vec<PathBuf>,
    outcome: Outcome,
}

impl<'a> JobRun<'a> {
    fn new(runner: &'a Runner<'a>) -> Self {
        Self {
            runner,
            env: Texts::new(),
            path: vec![],
            outcome: Outcome {
                succeeded: true,
                ran: vec![],
                log: String::new(),
                summary: String::new(),
                outputs: Texts::new(),
            },
        }
    }

    fn step(&mut self, step: &Step, script: &str) {
        let files = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = files.path().join(name);
            fs::write(&path, "").unwrap();
            path
        };
        let [env, output, path, summary] = [
            "GITHUB_ENV",
            "GITHUB_OUTPUT",
            "GITHUB_PATH",
            "GITHUB_STEP_SUMMARY",
        ]
        .map(file);
        let script_file = file("script.sh");
        fs::write(&script_file, self.evaluate_text(script)).unwrap();

        let folders: Vec<_> = self.path.iter().map(PathBuf::as_path).collect();
        let output_of_step = Command::new("bash")
            .args(match step.shell.as_deref() {
                None => ["-e"].as_slice(),
                Some("bash") => &["--noprofile", "--norc", "-eo", "pipefail"],
                Some(other) => panic!("{:?}: unknown shell {other}", step.name),
            })
            .arg(&script_file)
            .current_dir(self.runner.workspace)
            .env("PATH", path_with(&folders))
            .env("CI", "true")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_WORKSPACE", self.runner.workspace)
            .env("GITHUB_ENV", &env)
            .env("GITHUB_OUTPUT", &output)
            .env("GITHUB_PATH", &path)
            .env("GITHUB_STEP_SUMMARY", &summary)
            .envs(self.runner.env.iter().map(|(name, value)| (name, value)))
            .envs(&self.env)
            .envs(self.evaluate_all(&step.env))
            .finish();

        self.env.extend(pairs(&env));
        self.path
            .splice(0..0, read(&path).lines().map(PathBuf::from));
        if let Some(id) = &step.id {
            let outputs = pairs(&output).into_iter();
            let outputs =
                outputs.map(|(name, value)| (format!("steps.{id}.outputs.{name}"), value));
            self.outcome.outputs.extend(outputs);
        }
        let outcome = &mut self.outcome;
        outcome.succeeded &= output_of_step.status.success();
        outcome.ran.push(step.name.clone().expect(script));
        outcome.log += &printed(&output_of_step);
        outcome.summary += &read(&summary);
    }

    /// Whether a condition holds. GitHub adds `success()` to one that does not ask how it went.
    fn holds(&self, condition: &str) -> bool {
        let condition = condition.trim();
        let condition = condition
            .strip_prefix("${{")
            .and_then(|rest| rest.strip_suffix("}}"))
            .unwrap_or(condition);
        let asks = ["success()", "failure()", "always()", "cancelled()"]
            .iter()
            .any(|function| condition.contains(function));
        (asks || self.outcome.succeeded) && truthy(&self.evaluate(condition))
    }

    fn evaluate_all(&self, texts: &Texts) -> Texts {
        texts
            .iter()
            .map(|(name, text)| (name.clone(), self.evaluate_text(text)))
            .collect()
    }

    /// `text` with its expressions `${{ … }}` replaced.
    fn evaluate_text(&self, text: &str) -> String {
        let mut parts = text.split("${{");
        let mut evaluated = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (expression, rest) = part.split_once("}}").expect(text);
            evaluated += &self.evaluate(expression);
            evaluated += rest;
        }
        evaluated
    }

    /// A given expression, or given ones with operators between, but without parentheses.
    fn evaluate(&self, expression: &str) -> String {
        let expression = expression.trim();
        let given = self.runner.expressions.iter();
        if let Some((_, value)) = given.clone().find(|(text, _)| *text == expression) {
            return (*value).to_owned();
        }
        if let Some((left, right)) = expression.split_once("||") {
            let left = self.evaluate(left);
            return if truthy(&left) {
                left
            } else {
                self.evaluate(right)
            };
        }
        if let Some((left, right)) = expression.split_once("&&") {
            let left = self.evaluate(left);
            return if truthy(&left) {
                self.evaluate(right)
            } else {
                left
            };
        }
        if let Some((left, right)) = expression.split_once("==") {
            return (self.evaluate(left) == self.evaluate(right)).to_string();
        }
        if let Some((left, right)) = expression.split_once("!=") {
            return (self.evaluate(left) != self.evaluate(right)).to_string();
        }
        if let Some(negated) = expression.strip_prefix('!') {
            return (!truthy(&self.evaluate(negated))).to_string();
        }
        if let Some(text) = expression.strip_prefix('\'') {
            return text.strip_suffix('\'').expect(expression).to_owned();
        }
        match expression {
            "success()" => self.outcome.succeeded.to_string(),
            "failure()" => (!self.outcome.succeeded).to_string(),
            "always()" => true.to_string(),
            "cancelled()" => false.to_string(),
            output if output.starts_with("steps.") && output.contains(".outputs.") => self
                .outcome
                .outputs
                .get(output)
                .cloned()
                .unwrap_or_default(),
            unknown => panic!("unknown expression: {unknown}"),
        }
    }
}

fn truthy(value: &str) -> bool {
    !["", "false"].contains(&value)
}

/// The lines NAME=VALUE of a file, and values of several lines, after NAME<<END.
fn pairs(path: &Path) -> Texts {
    let text = read(path);
    let mut lines = text.lines();
    let mut pairs = Texts::new();
    while let Some(line) = lines.next() {
        let (name, value) = match line.split_once("<<") {
            Some((name, end)) if !name.contains('=') => {
                let value: Vec<_> = lines.by_ref().take_while(|line| *line != end).collect();
                (name, value.join("\n"))
            }
            _ => {
                let (name, value) = line.split_once('=').expect(line);
                (name, value.to_owned())
            }
        };
        pairs.insert(name.to_owned(), value);
    }
    pairs
}
