//! What one extension installs in a session, for `SessionContext.with_extensions`.

#[cfg(feature = "functions")]
use pyo3::PyClass;
use pyo3::PyTypeInfo;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyType};

use crate::boundary::host::Host;
#[cfg(feature = "functions")]
use crate::function::Library;

/// Classes of a package, each with the defaults of its arguments, as what a session installs.
///
/// `datafusion` 55.0 has fields for the codecs. Others are to follow: `udfs`, `udafs`, `udwfs`,
/// `physical_optimizer_rules`, and pairs of a name and an object in `udtfs`, `table_providers` and
/// `catalog_providers` (apache/datafusion-python#1676).
///
/// An object is made when a host takes it: it may open files or connections.
pub struct SessionComponents<'py> {
    class: Bound<'py, PyAny>,
    components: Vec<(&'static str, Make<'py>)>,
    planner: Option<Bound<'py, PyType>>,
}

type Make<'py> = Box<dyn FnOnce() -> PyResult<Bound<'py, PyAny>> + 'py>;

impl<'py> SessionComponents<'py> {
    /// Nothing yet.
    ///
    /// # Errors
    ///
    /// `ImportError` if the installed `datafusion` has another major version.
    pub fn new(py: Python<'py>) -> PyResult<Self> {
        Host::check(py)?;
        Ok(Self {
            class: py
                .import("datafusion")?
                .getattr("SessionExtensionComponents")?,
            components: vec![],
            planner: None,
        })
    }

    pub fn logical_codec<T: PyTypeInfo>(&mut self) -> PyResult<()> {
        self.add::<T>("logical_extension_codecs")
    }

    pub fn physical_codec<T: PyTypeInfo>(&mut self) -> PyResult<()> {
        self.add::<T>("physical_extension_codecs")
    }

    pub fn physical_optimizer_rule<T: PyTypeInfo>(&mut self) -> PyResult<()> {
        self.add::<T>("physical_optimizer_rules")
    }

    pub fn udf<T: PyTypeInfo>(&mut self) -> PyResult<()> {
        self.add::<T>("udfs")
    }

    pub fn udaf<T: PyTypeInfo>(&mut self) -> PyResult<()> {
        self.add::<T>("udafs")
    }

    pub fn udwf<T: PyTypeInfo>(&mut self) -> PyResult<()> {
        self.add::<T>("udwfs")
    }

    #[cfg(feature = "functions")]
    pub fn library(&mut self, (scalars, aggregates, windows): Library) -> PyResult<()> {
        self.extend("udfs", scalars)?;
        self.extend("udafs", aggregates)?;
        self.extend("udwfs", windows)
    }

    pub fn udtf<T: PyTypeInfo>(&mut self, name: &'static str) -> PyResult<()> {
        self.add_named::<T>("udtfs", name)
    }

    pub fn table<T: PyTypeInfo>(&mut self, name: &'static str) -> PyResult<()> {
        self.add_named::<T>("table_providers", name)
    }

    pub fn catalog<T: PyTypeInfo>(&mut self, name: &'static str) -> PyResult<()> {
        self.add_named::<T>("catalog_providers", name)
    }

    /// `T` takes the planner that it asks for the queries that it does not plan.
    pub fn query_planner<T: PyTypeInfo>(&mut self) -> PyResult<()> {
        self.planner = Some(T::type_object(self.class.py()));
        Ok(())
    }

    /// Whether the host has all fields. Else it takes the codecs, and the others are registered apart.
    pub fn complete(&self) -> PyResult<bool> {
        for (field, _) in &self.components {
            if !self.class.hasattr(field)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A `datafusion.SessionExtensionComponents` with what the host takes.
    pub fn build(self) -> PyResult<Bound<'py, PyAny>> {
        let complete = self.complete()?;
        let fields = PyDict::new(self.class.py());
        for (field, make) in self.components {
            if !complete && !field.ends_with("_extension_codecs") {
                continue;
            }
            match fields.get_item(field)? {
                Some(objects) => objects.cast_into::<PyList>()?.append(make()?)?,
                None => fields.set_item(field, [make()?])?,
            }
        }
        self.class.call((), Some(&fields))
    }

    /// The planner around `fallback`, if there is one.
    pub fn planner(&self, fallback: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.planner
            .as_ref()
            .map(|class| class.call1((fallback,)))
            .transpose()
    }

    fn add<T: PyTypeInfo>(&mut self, field: &'static str) -> PyResult<()> {
        let class = T::type_object(self.class.py());
        self.push(field, move || class.call0())
    }

    fn add_named<T: PyTypeInfo>(
        &mut self,
        field: &'static str,
        name: &'static str,
    ) -> PyResult<()> {
        let py = self.class.py();
        let class = T::type_object(py);
        self.push(field, move || {
            Ok((name, class.call0()?).into_pyobject(py)?.into_any())
        })
    }

    #[cfg(feature = "functions")]
    fn extend<T: PyClass>(&mut self, field: &'static str, functions: Vec<Py<T>>) -> PyResult<()> {
        let py = self.class.py();
        let mut functions = functions.into_iter().map(|f| f.into_bound(py).into_any());
        functions.try_for_each(|function| self.push(field, || Ok(function)))
    }

    fn push(
        &mut self,
        field: &'static str,
        make: impl FnOnce() -> PyResult<Bound<'py, PyAny>> + 'py,
    ) -> PyResult<()> {
        self.components.push((field, Box::new(make)));
        Ok(())
    }
}
