//! Shows long work step by step, with a spinner, the time and the latest line of output.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

pub struct Steps {
    done: usize,
    total: usize,
}

/// A command that ran and failed, with what it printed.
#[derive(Debug)]
pub struct Failure {
    pub output: String,
}

impl Failure {
    /// The last line that looks like the reason.
    pub fn reason(&self) -> &str {
        let lines = || self.output.lines().map(str::trim).rev();
        lines()
            .find(|line| line.to_lowercase().starts_with("error"))
            .or_else(|| lines().find(|line| !line.is_empty()))
            .unwrap_or("no output")
    }

    /// The sentence of a hook of cargo-generate, or the reason.
    pub fn refusal(&self) -> String {
        crate::refusal(self.reason())
    }

    /// Whether it failed because the package registries could not be reached.
    pub fn is_offline(&self) -> bool {
        [
            "Failed to establish a new connection",
            "Temporary failure in name resolution",
            "Could not resolve host",
            "Couldn't resolve host",
            "Network is unreachable",
            "NewConnectionError",
            "failed to download from",
            "No matching distribution found for maturin",
        ]
        .iter()
        .any(|sign| self.output.contains(sign))
    }
}

impl Steps {
    pub fn new(total: usize) -> Self {
        Self { done: 0, total }
    }

    /// Runs `command` as the next step, which `what` describes.
    ///
    /// # Errors
    ///
    /// The command cannot be started. If it starts and fails, the failure is the inner result.
    pub fn run(
        &mut self,
        what: &str,
        command: &mut Command,
    ) -> Result<std::result::Result<String, Failure>> {
        self.done += 1;
        let started = Instant::now();
        let spinner = ProgressBar::new_spinner()
            .with_style(ProgressStyle::with_template(
                "{spinner} {prefix} ({elapsed}) {wide_msg:.dim}",
            )?)
            .with_prefix(format!("[{}/{}] {what}", self.done, self.total));
        spinner.enable_steady_tick(Duration::from_millis(100));
        if spinner.is_hidden() {
            eprintln!("[{}/{}] {what} ...", self.done, self.total);
        }

        let (reader, writer) = std::io::pipe()?;
        command
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer);
        let child = command.spawn();
        // The pipe ends when no process can write to it any more. This process must not hold it open.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = child
            .with_context(|| format!("cannot run {}", command.get_program().to_string_lossy()))?;

        let mut output = String::new();
        let mut lines = BufReader::new(reader);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            let text = String::from_utf8_lossy(&line);
            spinner.set_message(text.trim().to_owned());
            output.push_str(&text);
            line.clear();
        }
        let status = child.wait()?;
        spinner.finish_and_clear();
        if !status.success() {
            return Ok(Err(Failure { output }));
        }
        eprintln!(
            "[{}/{}] {what}: {:.1} s",
            self.done,
            self.total,
            started.elapsed().as_secs_f64()
        );
        Ok(Ok(output))
    }
}
