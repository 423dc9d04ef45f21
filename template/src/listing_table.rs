//! `ReadingsFiles(urls, partition_columns)`: files as a table.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion_catalog::TableProvider;
use datafusion_catalog_listing::{ListingOptions, ListingTable, ListingTableConfig};
use datafusion_common::{Result, config_err};
use datafusion_datasource::ListingTableUrl;
use datafusion_datasource_parquet::file_format::ParquetFormat;
use datafusion_execution::TaskContext;
use datafusion_execution::runtime_env::RuntimeEnv;
use pyo3::prelude::*;
use pyo3_datafusion::compat::listing_options;
use pyo3_datafusion::provider::{ProviderSession, open_table};
use pyo3_datafusion::table::PyTable;

/// TODO(25): the format of the files, of DataFusion or of another crate, and their ending.
fn options() -> ListingOptions {
    listing_options(Arc::new(ParquetFormat::default())).with_file_extension(".parquet")
}

/// TODO(26): the object stores of the URLs, with their credentials. Local files need none. The
/// object stores of a `SessionContext` do not cross the FFI.
fn runtime_env() -> Result<RuntimeEnv> {
    Ok(RuntimeEnv::default())
}

/// The table of the files, whose columns are those of the files at the first URL.
async fn table(
    files: &ReadingsFiles,
    runtime_env: Arc<RuntimeEnv>,
) -> Result<Arc<dyn TableProvider>> {
    let columns = files.partition_columns.iter();
    let columns = columns.map(|column| (column.clone(), DataType::Utf8));
    let options = options().with_table_partition_cols(columns.collect());
    let urls = files.urls.iter().map(|url| location(url));
    let urls = urls.collect::<Result<Vec<_>>>()?;
    if urls.is_empty() {
        return config_err!("there is nothing to read: give one URL or path at least");
    }
    for store in urls.iter().map(ListingTableUrl::object_store) {
        if runtime_env.object_store(&store).is_err() {
            return config_err!(
                "this package has no object store for {store}: `runtime_env` in src/listing_table.rs \
                 must register one"
            );
        }
    }
    let cache = runtime_env.cache_manager.get_file_statistic_cache();
    let session = ProviderSession::new(TaskContext::default().with_runtime(runtime_env));
    for url in &urls {
        options.validate_partitions(&session, url).await?;
    }
    let config = ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options);
    let config = config.infer_schema(&session).await?;
    Ok(Arc::new(ListingTable::try_new(config)?.with_cache(cache)))
}

/// `repr` and `EXPLAIN` show the URL, so it must not contain a secret.
fn location(url: &str) -> Result<ListingTableUrl> {
    let (_, after_scheme) = url.split_once("://").unwrap_or_default();
    let host = after_scheme.split('/').next().unwrap_or_default();
    // A secret may contain a "/", so "s3://KEY:SECRET/SECRET@bucket" has no "@" in its host.
    let port = host.rsplit_once(':').map_or("", |(_, port)| port);
    let is_port = host.ends_with(']') || port.chars().all(|digit| digit.is_ascii_digit());
    if host.contains('@') || !is_port || after_scheme.contains('?') {
        return config_err!(
            "a URL has a user, a password or a token in it: leave out what is before the \"@\" and \
             after the \"?\""
        );
    }
    ListingTableUrl::parse(url)
}

/// A table of Parquet files, read where they are.
///
/// Columns: those of the files at the first URL, and then ``partition_columns``.
///
/// Args:
///     urls: files or folders, as paths or URLs. A folder ends with ``/``.
///     partition_columns: the columns after which the folders below are named, such as ``year``
///         for ``year=2026/``. The outermost folder comes first. These columns are strings.
///
/// Raises:
///     ValueError: there is no URL, or there are credentials in it.
///     RuntimeError: no file is found, a file cannot be read, or the folders have other names.
#[pyclass(frozen, extends = PyTable, module = "{{crate_name}}")]
pub struct ReadingsFiles {
    urls: Vec<String>,
    partition_columns: Vec<String>,
}

#[pymethods]
impl ReadingsFiles {
    #[new]
    #[pyo3(signature = (urls, partition_columns = vec![]))]
    fn new(
        py: Python<'_>,
        urls: Vec<String>,
        partition_columns: Vec<String>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let files = Self {
            urls,
            partition_columns,
        };
        let table = open_table(py, runtime_env, |runtime_env| table(&files, runtime_env))?;
        Ok(PyTable::base(table).add_subclass(files))
    }

    /// The arguments, from which `pickle` and `copy` make the table again.
    fn __getnewargs__(&self) -> (Vec<String>, Vec<String>) {
        (self.urls.clone(), self.partition_columns.clone())
    }

    fn __repr__(&self) -> String {
        format!(
            "ReadingsFiles({:?}, partition_columns={:?})",
            self.urls, self.partition_columns
        )
    }
}
