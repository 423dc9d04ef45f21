//! The options of a package in a session, as the host keeps them.

use std::collections::{BTreeMap, HashMap};

use datafusion_common::Result;
use datafusion_common::config::{ConfigOptions, ExtensionOptions};
use datafusion_ffi::config::extension_options::FFI_ExtensionOptions;

/// The names of the options whose namespace is `prefix`, and their values. The options of other
/// packages, which may be secrets, are left out.
pub fn from_config(config: &ConfigOptions, prefix: &str) -> BTreeMap<String, String> {
    let mut options = BTreeMap::new();
    let Some(extension) = config.extensions.get::<FFI_ExtensionOptions>() else {
        return options;
    };
    for entry in extension.entries() {
        // On its way here, the host may put the name of its own namespace before ours.
        let key = entry.key.trim_start_matches("datafusion_ffi.");
        let name = key
            .strip_prefix(prefix)
            .and_then(|key| key.strip_prefix('.'));
        if let (Some(name), Some(value)) = (name, entry.value) {
            options.insert(name.to_owned(), value);
        }
    }
    options
}

/// The configuration of a session that has these options.
pub fn to_config(options: BTreeMap<String, String>, prefix: &str) -> ConfigOptions {
    let with_prefix = |(name, value)| (format!("{prefix}.{name}"), value);
    let options: HashMap<_, _> = options.into_iter().map(with_prefix).collect();
    let mut config = ConfigOptions::new();
    config
        .extensions
        .insert(FFI_ExtensionOptions::from(options));
    config
}

/// The options, with their defaults where `texts` has no value.
///
/// # Errors
///
/// An option has a wrong value. `SET` stores any value, as the host does not ask this package.
pub fn parse<O: ExtensionOptions + Default>(texts: &BTreeMap<String, String>) -> Result<O> {
    let mut options = O::default();
    for (name, value) in texts {
        options.set(name, value)?;
    }
    Ok(options)
}
