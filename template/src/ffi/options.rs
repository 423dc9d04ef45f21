//! The options of this package in a session, as the host keeps them.

use std::collections::{BTreeMap, HashMap};

use datafusion_common::config::{ConfigOptions, ExtensionOptions};
use datafusion_ffi::config::extension_options::FFI_ExtensionOptions;

/// The prefix of the name of each option of this package.
const PREFIX: &str = concat!(env!("CARGO_CRATE_NAME"), ".");

/// The names of the options, without the prefix of this package, and their values. The options of
/// other packages, which may be secrets, are left out.
pub fn from_config(config: &ConfigOptions) -> BTreeMap<String, String> {
    let mut options = BTreeMap::new();
    let Some(extension) = config.extensions.get::<FFI_ExtensionOptions>() else {
        return options;
    };
    for entry in extension.entries() {
        // On its way here, the host may put the name of its own namespace before ours.
        let key = entry.key.trim_start_matches("datafusion_ffi.");
        if let (Some(name), Some(value)) = (key.strip_prefix(PREFIX), entry.value) {
            options.insert(name.to_owned(), value);
        }
    }
    options
}

/// The configuration of a session that has these options.
pub fn config(options: BTreeMap<String, String>) -> ConfigOptions {
    let with_prefix = |(name, value)| (format!("{PREFIX}{name}"), value);
    let options: HashMap<_, _> = options.into_iter().map(with_prefix).collect();
    let mut config = ConfigOptions::new();
    config
        .extensions
        .insert(FFI_ExtensionOptions::from(options));
    config
}
