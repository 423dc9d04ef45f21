//! The functions of a package, which its codecs find by their names.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion_common::config::ConfigOptions;
use datafusion_common::{Result, exec_datafusion_err, exec_err, not_impl_err};
use datafusion_execution::TaskContext;
use datafusion_expr::{AggregateUDF, ScalarUDF, WindowUDF};
use datafusion_ffi::execution::FFI_TaskContextProvider;
use prost::Message;

use crate::boundary::host::package;
use crate::function::{Functions, guarded_aggregate, guarded_scalar, guarded_window, is_guarded};
use crate::session::options;

/// # Errors
///
/// `NotImplemented`, if there is no function of that name. DataFusion asks the next codec then.
impl Functions {
    /// The function, with the options that `encode_options` sent along with it.
    pub fn find_scalar(self, name: &str, options: &[u8]) -> Result<Arc<ScalarUDF>> {
        let Some(function) = self.scalar.into_iter().find(|f| f.name() == name) else {
            return not_impl_err!("this package has no scalar function {name}");
        };
        let updated = match options {
            [] => None,
            options => function
                .inner()
                .with_updated_config(&decode_options(options)?),
        };
        Ok(Arc::new(guarded_scalar(updated.unwrap_or(function))?))
    }

    pub fn find_aggregate(self, name: &str) -> Result<Arc<AggregateUDF>> {
        match self.aggregate.into_iter().find(|f| f.name() == name) {
            Some(function) => Ok(Arc::new(guarded_aggregate(function)?)),
            None => not_impl_err!("this package has no aggregate function {name}"),
        }
    }

    pub fn find_window(self, name: &str) -> Result<Arc<WindowUDF>> {
        match self.window.into_iter().find(|f| f.name() == name) {
            Some(function) => Ok(Arc::new(guarded_window(function)?)),
            None => not_impl_err!("this package has no window function {name}"),
        }
    }
}

/// The options of this package in a session.
#[derive(Clone, PartialEq, Message)]
struct OptionsMessage {
    /// With this number, the message has some bytes even without options. If it had none, the
    /// function would take the options of the session that reads it.
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(btree_map = "string, string", tag = "2")]
    options: BTreeMap<String, String>,
    /// The namespace of these options.
    #[prost(string, tag = "3")]
    prefix: String,
}

const VERSION: u32 = 2;

/// Writes what has to be sent along with `function` to another process. If it is a function of
/// this package and depends on options, these are the options of this package in `session`. For
/// any other function, this writes nothing.
pub fn encode_options(
    function: &ScalarUDF,
    session: Option<&FFI_TaskContextProvider>,
    buffer: &mut Vec<u8>,
) -> Result<()> {
    if !is_guarded(function) {
        return Ok(());
    }
    let context = match session {
        Some(session) => <Arc<TaskContext>>::try_from(session)?,
        None => Arc::default(),
    };
    let config = context.session_config().options();
    if function.inner().with_updated_config(config).is_none() {
        return Ok(());
    }
    // A context with the default id is a stand-in for an unknown session: see `session_of_codec`.
    if context.session_id() == TaskContext::default().session_id() {
        return exec_err!(
            "{} depends on options, but this codec does not know the session that has them: send \
             the plan from Python, with datafusion 55 or newer",
            function.name()
        );
    }
    let prefix = package().options_prefix;
    let message = OptionsMessage {
        version: VERSION,
        options: options::from_config(config, prefix),
        prefix: prefix.to_owned(),
    };
    buffer.extend(message.encode_to_vec());
    Ok(())
}

fn decode_options(bytes: &[u8]) -> Result<ConfigOptions> {
    let message = OptionsMessage::decode(bytes)
        .map_err(|error| exec_datafusion_err!("these bytes are not options: {error}"))?;
    if message.version != VERSION {
        return exec_err!(
            "these options were written in format {}, but this package reads {VERSION}",
            message.version
        );
    }
    Ok(options::to_config(message.options, &message.prefix))
}
