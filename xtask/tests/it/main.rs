//! Generates projects, and looks at them, builds them, and runs them against real hosts.

mod environment;
mod generate;
mod hostile;
mod hosts;
mod names;
mod program;
mod project;
mod readme;
mod tools;
#[cfg(unix)]
mod try_out;
