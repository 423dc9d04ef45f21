//! One function for each hook: `__datafusion_x__` calls `export::x`.
//!
//! Each function checks the host's version before it makes a capsule, and puts a guard around what it
//! exports: a panic in it raises an exception, and its futures find a tokio runtime.
//!
//! # Errors
//!
//! All functions for DataFusion fail with
//!
//! - `ImportError` if the installed `datafusion` has another major version,
//! - `TypeError` if `session` is neither a session nor a capsule, and `ValueError` if it is a capsule
//!   of another name,
//! - `RuntimeError` in a process that was forked after the package was used, and for a panic.

#[cfg(feature = "functions")]
pub use functions::{aggregate_udf, extension_options, scalar_udf, window_udf};
#[cfg(feature = "plans")]
pub use plans::*;
#[cfg(feature = "tables")]
pub use tables::*;

#[cfg(feature = "plans")]
pub use crate::session::components::SessionComponents;

crate::compat::since_55! {
    #[cfg(feature = "plans")]
    pub use crate::session::planner::{planner_of_session, query_planner};
}

#[cfg(feature = "functions")]
mod functions {
    use std::sync::Arc;

    use datafusion_common::config::{ConfigExtension, ExtensionOptions};
    use datafusion_expr::{AggregateUDF, ScalarUDF, WindowUDF};
    use datafusion_ffi::config::extension_options::FFI_ExtensionOptions;
    use datafusion_ffi::udaf::FFI_AggregateUDF;
    use datafusion_ffi::udf::FFI_ScalarUDF;
    use datafusion_ffi::udwf::FFI_WindowUDF;
    use pyo3::prelude::*;
    use pyo3::types::PyCapsule;

    use crate::boundary::error::call;
    use crate::boundary::host::Host;
    use crate::function::{guarded_aggregate, guarded_scalar, guarded_window};

    pub fn scalar_udf<'py>(
        py: Python<'py>,
        function: impl FnOnce() -> ScalarUDF,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let host = Host::check(py)?;
        let guarded = call(|| guarded_scalar(function()))?;
        host.export(FFI_ScalarUDF::from(Arc::new(guarded)))
    }

    pub fn aggregate_udf<'py>(
        py: Python<'py>,
        function: impl FnOnce() -> AggregateUDF,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let host = Host::check(py)?;
        let guarded = call(|| guarded_aggregate(function()))?;
        host.export(FFI_AggregateUDF::from(Arc::new(guarded)))
    }

    pub fn window_udf<'py>(
        py: Python<'py>,
        function: impl FnOnce() -> WindowUDF,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let host = Host::check(py)?;
        let guarded = call(|| guarded_window(function()))?;
        host.export(FFI_WindowUDF::from(Arc::new(guarded)))
    }

    /// The options and their values, as text: the host keeps them.
    pub fn extension_options<'py, O>(
        py: Python<'py>,
        options: &O,
    ) -> PyResult<Bound<'py, PyCapsule>>
    where
        O: ConfigExtension + ExtensionOptions,
    {
        let host = Host::check(py)?;
        let mut exported = FFI_ExtensionOptions::default();
        call(|| exported.add_config(options))?;
        host.export(exported)
    }
}

#[cfg(feature = "tables")]
mod tables {
    use std::sync::Arc;

    use datafusion_catalog::{
        CatalogProvider, CatalogProviderList, SchemaProvider, TableFunctionImpl, TableProvider,
        TableProviderFactory,
    };
    use datafusion_ffi::catalog_provider::FFI_CatalogProvider;
    use datafusion_ffi::catalog_provider_list::FFI_CatalogProviderList;
    use datafusion_ffi::proto::logical_extension_codec::FFI_LogicalExtensionCodec;
    use datafusion_ffi::schema_provider::FFI_SchemaProvider;
    use datafusion_ffi::table_provider::FFI_TableProvider;
    use datafusion_ffi::table_provider_factory::FFI_TableProviderFactory;
    use datafusion_ffi::udtf::FFI_TableFunction;
    use pyo3::prelude::*;
    use pyo3::types::PyCapsule;
    use tokio::runtime::Handle;

    pub use crate::boundary::arrow_stream::{
        export as arrow_stream, export_schema as arrow_schema,
    };
    use crate::boundary::error::{call, to_py_err};
    use crate::boundary::host::{Capsule, Host};
    use crate::boundary::raw::capsule::from_session;
    use crate::boundary::raw::scan::codec_of_table;
    use crate::boundary::runtime;
    use crate::provider::{
        GuardedCatalog, GuardedCatalogList, GuardedFactory, GuardedSchema, GuardedTableFunction,
        guarded_table,
    };

    /// Makes the capsule of what `export` returns, with the codec of `session`, through which the
    /// session's functions are found when a filter that uses them is pushed down.
    fn with_codec<'py, T: Capsule>(
        py: Python<'py>,
        session: Option<&Bound<'_, PyAny>>,
        export: impl FnOnce(Option<Handle>, FFI_LogicalExtensionCodec) -> PyResult<T>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let host = Host::check(py)?;
        let codec = from_session(host, session)?;
        let codec = codec_of_table(codec).map_err(to_py_err)?;
        // The host runs threads by now. As ours start here too, a fork from here on is noticed.
        let runtime = runtime::handle().map_err(to_py_err)?;
        host.export(export(Some(runtime), codec)?)
    }

    /// Any table. Pass the [`provider`](crate::table::SourceTable::provider) of a source.
    pub fn table_provider<'py>(
        py: Python<'py>,
        table: Arc<dyn TableProvider>,
        session: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        with_codec(py, session, |runtime, codec| {
            let table = guarded_table(table).map_err(to_py_err)?;
            // `true`: filters are offered to `supports_filters_pushdown`.
            let exported = FFI_TableProvider::new_with_ffi_codec(table, true, runtime, codec);
            Ok(exported)
        })
    }

    pub fn table_provider_factory<'py>(
        py: Python<'py>,
        factory: Arc<dyn TableProviderFactory>,
        session: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        with_codec(py, session, |runtime, codec| {
            let factory = Arc::new(GuardedFactory(factory));
            let exported = FFI_TableProviderFactory::new_with_ffi_codec(factory, runtime, codec);
            Ok(exported)
        })
    }

    pub fn table_function<'py>(
        py: Python<'py>,
        function: Arc<dyn TableFunctionImpl>,
        session: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        with_codec(py, session, |runtime, codec| {
            let guarded = Arc::new(GuardedTableFunction {
                function,
                codec: codec.clone(),
            });
            let exported = FFI_TableFunction::new_with_ffi_codec(guarded, runtime, codec);
            Ok(exported)
        })
    }

    pub fn schema_provider<'py>(
        py: Python<'py>,
        schema: Arc<dyn SchemaProvider>,
        session: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        with_codec(py, session, |runtime, codec| {
            let schema = GuardedSchema::guard(schema, &Arc::default());
            let exported = FFI_SchemaProvider::new_with_ffi_codec(schema, runtime, codec);
            Ok(exported)
        })
    }

    pub fn catalog_provider<'py>(
        py: Python<'py>,
        catalog: Arc<dyn CatalogProvider>,
        session: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        with_codec(py, session, |runtime, codec| {
            let catalog = GuardedCatalog::guard(catalog, &Arc::default());
            let exported = FFI_CatalogProvider::new_with_ffi_codec(catalog, runtime, codec);
            Ok(exported)
        })
    }

    pub fn catalog_provider_list<'py>(
        py: Python<'py>,
        catalogs: impl FnOnce() -> Arc<dyn CatalogProviderList>,
        session: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        with_codec(py, session, |runtime, codec| {
            let catalogs = call(|| Ok(catalogs()))?;
            let catalogs = Arc::new(GuardedCatalogList::new(catalogs));
            let exported = FFI_CatalogProviderList::new_with_ffi_codec(catalogs, runtime, codec);
            Ok(exported)
        })
    }
}

#[cfg(feature = "plans")]
mod plans {
    use std::sync::Arc;

    use datafusion_ffi::execution::FFI_TaskContextProvider;
    use datafusion_ffi::physical_optimizer::FFI_PhysicalOptimizerRule;
    use datafusion_ffi::proto::logical_extension_codec::FFI_LogicalExtensionCodec;
    use datafusion_ffi::proto::physical_extension_codec::FFI_PhysicalExtensionCodec;
    use datafusion_proto::logical_plan::LogicalExtensionCodec;
    use datafusion_proto::physical_plan::PhysicalExtensionCodec;
    use pyo3::prelude::*;
    use pyo3::types::PyCapsule;

    use crate::boundary::error::to_py_err;
    use crate::boundary::host::Host;
    use crate::boundary::raw::capsule::from_session;
    use crate::boundary::runtime;
    use crate::codec::{GuardedLogicalCodec, GuardedPhysicalCodec};
    use crate::compat::{PhysicalOptimizerRule, default_session};
    use crate::session::rule::GuardedRule;

    pub fn logical_extension_codec<'py>(
        py: Python<'py>,
        codec: Arc<dyn LogicalExtensionCodec>,
        session: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let host = Host::check(py)?;
        let session = session_of_codec(host, session)?;
        let runtime = runtime::handle().map_err(to_py_err)?;
        let codec = Arc::new(GuardedLogicalCodec {
            codec,
            session: session.clone(),
        });
        let exported = FFI_LogicalExtensionCodec::new(codec, Some(runtime), session);
        host.export(exported)
    }

    pub fn physical_extension_codec<'py>(
        py: Python<'py>,
        codec: Arc<dyn PhysicalExtensionCodec>,
        session: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let host = Host::check(py)?;
        let session = session_of_codec(host, session)?;
        let runtime = runtime::handle().map_err(to_py_err)?;
        let codec = Arc::new(GuardedPhysicalCodec {
            codec,
            session: session.clone(),
        });
        let exported = FFI_PhysicalExtensionCodec::new(codec, Some(runtime), session);
        host.export(exported)
    }

    /// The session that a codec is for. `datafusion` 54 does not say which one that is.
    fn session_of_codec(
        host: Host<'_>,
        session: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<FFI_TaskContextProvider> {
        match default_session() {
            Some(default) if session.is_none() => Ok(default),
            _ => from_session(host, session),
        }
    }

    pub fn physical_optimizer_rule<'py>(
        py: Python<'py>,
        rule: Arc<dyn PhysicalOptimizerRule + Send + Sync>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let host = Host::check(py)?;
        let runtime = runtime::handle().map_err(to_py_err)?;
        let rule = Arc::new(GuardedRule::try_new(rule).map_err(to_py_err)?);
        host.export(FFI_PhysicalOptimizerRule::new(rule, Some(runtime)))
    }
}
