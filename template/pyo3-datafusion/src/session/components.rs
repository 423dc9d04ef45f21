//! What one extension installs in a session, for `SessionContext.with_extensions`.

#[cfg(feature = "functions")]
use pyo3::PyClass;
use pyo3::PyTypeInfo;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict, PyList, PyType};

use crate::boundary::host::Host;
#[cfg(feature = "functions")]
use crate::function::Library;

/// Classes of a package, each with the defaults of its arguments, as what a session installs.
///
/// `datafusion` 55.0 has fields for the codecs. Others are to follow: `udfs`, `udafs`, `udwfs`,
/// `physical_optimizer_rules`, and pairs of a name and an object in `udtfs`, `table_providers` and
/// `catalog_providers` (apache/datafusion-python#1676).
pub struct SessionComponents<'py> {
    class: Bound<'py, PyAny>,
    fields: Bound<'py, PyDict>,
    planner: Option<Bound<'py, PyType>>,
}

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
            fields: PyDict::new(py),
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

    pub fn udtf<T: PyTypeInfo>(&mut self, name: &str) -> PyResult<()> {
        self.add_named::<T>("udtfs", name)
    }

    pub fn table<T: PyTypeInfo>(&mut self, name: &str) -> PyResult<()> {
        self.add_named::<T>("table_providers", name)
    }

    pub fn catalog<T: PyTypeInfo>(&mut self, name: &str) -> PyResult<()> {
        self.add_named::<T>("catalog_providers", name)
    }

    /// `T` takes the planner that it asks for the queries that it does not plan.
    pub fn query_planner<T: PyTypeInfo>(&mut self) -> PyResult<()> {
        self.planner = Some(T::type_object(self.class.py()));
        Ok(())
    }

    /// Whether the host has all fields. Else it takes the codecs, and the others are registered apart.
    pub fn complete(&self) -> PyResult<bool> {
        for field in self.fields.keys() {
            if !self.class.hasattr(field.cast_into()?)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A `datafusion.SessionExtensionComponents` with what the host takes.
    pub fn build(self) -> PyResult<Bound<'py, PyAny>> {
        let fields = match self.complete()? {
            true => self.fields,
            false => self
                .fields
                .iter()
                .filter(is_of_codecs)
                .into_py_dict(self.class.py())?,
        };
        self.class.call((), Some(&fields))
    }

    /// The planner around `fallback`, if there is one.
    pub fn planner(&self, fallback: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.planner
            .as_ref()
            .map(|class| class.call1((fallback,)))
            .transpose()
    }

    fn add<T: PyTypeInfo>(&self, field: &str) -> PyResult<()> {
        self.push(field, T::type_object(self.class.py()).call0()?)
    }

    fn add_named<T: PyTypeInfo>(&self, field: &str, name: &str) -> PyResult<()> {
        let py = self.class.py();
        let named = (name, T::type_object(py).call0()?);
        self.push(field, named.into_pyobject(py)?.into_any())
    }

    #[cfg(feature = "functions")]
    fn extend<T: PyClass>(&self, field: &str, functions: Vec<Py<T>>) -> PyResult<()> {
        let functions = functions.into_iter();
        let mut functions = functions.map(|f| f.into_bound(self.class.py()).into_any());
        functions.try_for_each(|function| self.push(field, function))
    }

    fn push(&self, field: &str, object: Bound<'py, PyAny>) -> PyResult<()> {
        match self.fields.get_item(field)? {
            Some(objects) => objects.cast_into::<PyList>()?.append(object),
            None => self.fields.set_item(field, [object]),
        }
    }
}

fn is_of_codecs((field, _): &(Bound<'_, PyAny>, Bound<'_, PyAny>)) -> bool {
    field.to_string().ends_with("_extension_codecs")
}
