//! Generates projects, and looks at them, builds them, and runs them against real hosts.

// Some tests are for Linux or for Unix, and so is what only they use.
#![cfg_attr(not(target_os = "linux"), allow(dead_code))]

mod adopt;
#[cfg(target_os = "linux")]
mod ci;
mod crossing;
mod differential;
mod docs;
#[cfg(unix)]
mod doctor;
mod engines;
mod environment;
mod further_major;
#[cfg(target_os = "linux")]
mod gallery;
mod generate;
mod hostile;
mod hosts;
mod http_source;
mod library;
#[cfg(target_os = "linux")]
mod lies;
mod lists;
mod logging;
mod machinery;
mod majors;
mod minors;
mod names;
mod own_benchmark;
mod own_function;
mod own_table;
mod page;
mod program;
mod project;
mod readme;
mod sessions;
mod tools;
#[cfg(unix)]
mod try_out;
#[cfg(target_os = "linux")]
mod tutorial;
mod units;
mod update;
#[cfg(unix)]
mod use_template;
#[cfg(unix)]
mod workflow;
