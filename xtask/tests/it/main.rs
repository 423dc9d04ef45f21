//! Generates projects, and looks at them, builds them, and runs them against real hosts.

#[cfg(target_os = "linux")]
mod ci;
mod crossing;
mod docs;
mod environment;
mod generate;
mod hostile;
mod hosts;
mod lists;
mod names;
mod page;
mod program;
mod project;
mod readme;
mod tools;
#[cfg(unix)]
mod try_out;
#[cfg(target_os = "linux")]
mod tutorial;
#[cfg(unix)]
mod use_template;
#[cfg(unix)]
mod workflow;
