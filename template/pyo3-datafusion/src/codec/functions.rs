//! The functions of a package, which its codecs find by their names.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion_common::config::ConfigOptions;
use datafusion_common::{Result, exec_err, not_impl_err};
use datafusion_execution::TaskContext;
use datafusion_expr::{AggregateUDF, ScalarUDF, WindowUDF};
use datafusion_ffi::execution::FFI_TaskContextProvider;
use prost::Message;

use super::message;
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

/// The options of this package in a session. If these bytes were empty, the function would take the
/// options of the session that reads them: the format in front of them sees to that.
#[derive(Clone, PartialEq, Message)]
struct OptionsMessage {
    #[prost(btree_map = "string, string", tag = "1")]
    options: BTreeMap<String, String>,
    /// The namespace of these options.
    #[prost(string, tag = "2")]
    prefix: String,
}

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
        options: options::from_config(config, prefix),
        prefix: prefix.to_owned(),
    };
    message::encode(&message, buffer);
    Ok(())
}

fn decode_options(bytes: &[u8]) -> Result<ConfigOptions> {
    let message: OptionsMessage = message::decode("options", bytes)?;
    Ok(options::to_config(message.options, &message.prefix))
}

// DataFusion's two traits for codecs have the same methods for functions, and no common parent.

/// These methods of the codec of a package, which finds functions by their names.
macro_rules! functions_by_name {
    () => {
        fn try_encode_udf(&self, function: &ScalarUDF, buffer: &mut Vec<u8>) -> Result<()> {
            // A Rust engine calls this codec without a guard, and so without a session.
            encode_options(function, None, buffer)
        }

        fn try_decode_udf(&self, name: &str, bytes: &[u8]) -> Result<Arc<ScalarUDF>> {
            (self.functions)()?.find_scalar(name, bytes)
        }

        fn try_decode_udaf(&self, name: &str, _bytes: &[u8]) -> Result<Arc<AggregateUDF>> {
            (self.functions)()?.find_aggregate(name)
        }

        fn try_decode_udwf(&self, name: &str, _bytes: &[u8]) -> Result<Arc<WindowUDF>> {
            (self.functions)()?.find_window(name)
        }
    };
}
pub(super) use functions_by_name;

/// These methods of a guard, which sends options along with functions of the package.
macro_rules! guarded_functions {
    () => {
        fn try_encode_udf(&self, function: &ScalarUDF, buffer: &mut Vec<u8>) -> Result<()> {
            catch(
                || match encode_options(function, Some(&self.session), buffer) {
                    Ok(()) if buffer.is_empty() => self.codec.try_encode_udf(function, buffer),
                    done => done,
                },
            )
        }

        guarded_functions!(try_decode_udf, ScalarUDF);
        guarded_functions!(try_encode_udaf, try_decode_udaf, AggregateUDF);
        guarded_functions!(try_encode_udwf, try_decode_udwf, WindowUDF);
    };
    ($encode:ident, $decode:ident, $function:ty) => {
        fn $encode(&self, function: &$function, buffer: &mut Vec<u8>) -> Result<()> {
            catch(|| self.codec.$encode(function, buffer))
        }

        guarded_functions!($decode, $function);
    };
    ($decode:ident, $function:ty) => {
        fn $decode(&self, name: &str, bytes: &[u8]) -> Result<Arc<$function>> {
            catch(|| self.codec.$decode(name, bytes))
        }
    };
}
pub(super) use guarded_functions;
