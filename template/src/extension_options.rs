//! A session has options of this package, and `show_celsius(celsius)` is a function that uses them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{AsArray, StringArray};
use arrow::datatypes::{DataType, Float64Type};
use datafusion_common::config::{ConfigExtension, ConfigOptions, ExtensionOptions};
use datafusion_common::utils::take_function_args;
use datafusion_common::{DataFusionError, Result, config_field, extensions_options};
use datafusion_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::{call, export, options};

extensions_options! {
    /// TODO(17): these are the options, with their types and their defaults.
    pub struct DisplayOptions {
        /// The unit that temperatures are shown in.
        pub unit: Unit, default = Unit::Celsius
        /// How many digits are shown after the point.
        pub decimals: Decimals, default = Decimals(1)
    }
}

impl ConfigExtension for DisplayOptions {
    /// `SET {{crate_name}}.unit = 'kelvin'`
    const PREFIX: &'static str = "{{crate_name}}";
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unit {
    #[default]
    Celsius,
    Fahrenheit,
    Kelvin,
}

impl FromStr for Unit {
    type Err = DataFusionError;

    fn from_str(unit: &str) -> Result<Self> {
        match unit {
            "celsius" => Ok(Self::Celsius),
            "fahrenheit" => Ok(Self::Fahrenheit),
            "kelvin" => Ok(Self::Kelvin),
            _ => Err(DataFusionError::Configuration(format!(
                "unit must be celsius, fahrenheit or kelvin, got {unit:?}"
            ))),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Celsius => "celsius",
            Self::Fahrenheit => "fahrenheit",
            Self::Kelvin => "kelvin",
        })
    }
}

config_field!(Unit, unit => unit.parse()?);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decimals(usize);

impl FromStr for Decimals {
    type Err = DataFusionError;

    fn from_str(decimals: &str) -> Result<Self> {
        match decimals.parse() {
            Ok(decimals @ 0..=9) => Ok(Self(decimals)),
            _ => Err(DataFusionError::Configuration(format!(
                "decimals must be a whole number between 0 and 9, got {decimals:?}"
            ))),
        }
    }
}

impl fmt::Display for Decimals {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.0.fmt(f)
    }
}

config_field!(Decimals, decimals => decimals.parse()?);

impl DisplayOptions {
    fn of_session(config: &ConfigOptions) -> BTreeMap<String, String> {
        options::from_config(config, Self::PREFIX)
    }

    /// # Errors
    ///
    /// An option has a wrong value. `SET` stores any value, as the host does not ask this package.
    fn parse(texts: &BTreeMap<String, String>) -> Result<Self> {
        let mut options = Self::default();
        for (name, value) in texts {
            options.set(name, value)?;
        }
        Ok(options)
    }

    fn show(&self, celsius: f64) -> String {
        let (temperature, symbol) = match self.unit {
            Unit::Celsius => (celsius, "°C"),
            Unit::Fahrenheit => (celsius * 1.8 + 32.0, "°F"),
            Unit::Kelvin => (celsius + 273.15, "K"),
        };
        format!("{temperature:.*} {symbol}", self.decimals.0)
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ShowCelsiusUdf {
    signature: Signature,
    /// The options that came from another process, if there are any. If not, the options of the
    /// session are used.
    options: Option<BTreeMap<String, String>>,
}

impl ScalarUDFImpl for ShowCelsiusUdf {
    fn name(&self) -> &str {
        "show_celsius"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let options = match &self.options {
            Some(options) => DisplayOptions::parse(options)?,
            None => DisplayOptions::parse(&DisplayOptions::of_session(&args.config_options))?,
        };
        let columns = ColumnarValue::values_to_arrays(&args.args)?;
        let [celsius] = take_function_args(self.name(), columns)?;
        let shown: StringArray = celsius
            .as_primitive::<Float64Type>()
            .iter()
            .map(|celsius| Some(options.show(celsius?)))
            .collect();
        Ok(ColumnarValue::Array(Arc::new(shown)))
    }

    /// A function that does this travels with the options, when a plan is sent as bytes.
    fn with_updated_config(&self, config: &ConfigOptions) -> Option<ScalarUDF> {
        Some(ScalarUDF::from(Self {
            signature: self.signature.clone(),
            options: Some(DisplayOptions::of_session(config)),
        }))
    }
}

/// Options of a session, under the prefix ``{{crate_name}}``.
///
/// Give them to ``SessionConfig.with_extension``; from then on, ``SET {{crate_name}}.unit = 'kelvin'``
/// changes them. ``SET`` accepts any value: a wrong value is an error when a function uses it.
///
/// Args:
///     unit: ``"celsius"``, ``"fahrenheit"`` or ``"kelvin"``.
///     decimals: how many digits after the point, 0 to 9.
///
/// Raises:
///     ValueError: an argument has another value.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct Options(DisplayOptions);

#[pymethods]
impl Options {
    #[new]
    #[pyo3(signature = (unit = "celsius", decimals = 1))]
    fn new(unit: &str, decimals: i64) -> PyResult<Self> {
        let mut options = DisplayOptions::default();
        call(|| {
            options.set("unit", unit)?;
            options.set("decimals", &decimals.to_string())
        })?;
        Ok(Self(options))
    }

    #[getter]
    fn unit(&self) -> String {
        self.0.unit.to_string()
    }

    #[getter]
    fn decimals(&self) -> usize {
        self.0.decimals.0
    }

    /// The arguments, from which `pickle` and `copy` make the options again.
    fn __getnewargs__(&self) -> (String, usize) {
        (self.unit(), self.decimals())
    }

    /// Hands the options to DataFusion, as a `datafusion_extension_options` capsule.
    fn __datafusion_extension_options__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        export::extension_options(py, &self.0)
    }

    fn __repr__(&self) -> String {
        format!(
            "Options(unit='{}', decimals={})",
            self.0.unit, self.0.decimals
        )
    }
}

pub fn function() -> ScalarUDF {
    // The function is not immutable, as its result depends on the options.
    let signature = Signature::exact(vec![DataType::Float64], Volatility::Stable);
    ScalarUDF::from(ShowCelsiusUdf {
        signature,
        options: None,
    })
}

/// The scalar function ``show_celsius(celsius)``: a temperature as text, such as ``'20.0 °C'``.
///
/// ``celsius`` is a number. Unit and decimals are those of the session's :class:`Options`, or
/// their defaults.
#[pyclass(frozen, module = "{{crate_name}}")]
pub struct ShowCelsius;

#[pymethods]
impl ShowCelsius {
    #[new]
    fn new() -> Self {
        Self
    }

    /// Hands the function to DataFusion, as a `datafusion_scalar_udf` capsule.
    fn __datafusion_scalar_udf__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        export::scalar_udf(py, function)
    }
}
