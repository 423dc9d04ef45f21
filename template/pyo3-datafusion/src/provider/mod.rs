//! Tables and catalogs that implement DataFusion's own traits, of a package or of another crate.

mod catalog;
mod exec;
mod function;
mod session;
mod table;

pub use catalog::open_catalog;
pub(crate) use catalog::{GuardedCatalog, GuardedCatalogList, GuardedSchema};
pub(crate) use exec::ProviderExec;
pub(crate) use function::{GuardedFactory, GuardedTableFunction};
pub use session::ProviderSession;
pub use table::open_table;
pub(crate) use table::{GuardedTable, guarded_table};
