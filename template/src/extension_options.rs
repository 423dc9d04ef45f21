//! A session has options of this package, and `show_celsius(celsius)` is a function that uses them.

use std::fmt;
use std::str::FromStr;

use datafusion_common::config::{ConfigExtension, ExtensionOptions};
use datafusion_common::{DataFusionError, Result, config_field, extensions_options};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_datafusion::{call, export, scalar_udf};

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
    fn show(&self, celsius: f64) -> String {
        let (temperature, symbol) = match self.unit {
            Unit::Celsius => (celsius, "°C"),
            Unit::Fahrenheit => (celsius * 1.8 + 32.0, "°F"),
            Unit::Kelvin => (celsius + 273.15, "K"),
        };
        format!("{temperature:.*} {symbol}", self.decimals.0)
    }
}

/// The scalar function ``show_celsius(celsius)``: a temperature as text, such as ``'20.0 °C'``.
///
/// Unit and decimals are those of the session's :class:`Options`, or their defaults.
//
// The function is not immutable, as its result depends on the options.
#[scalar_udf(class = "{{crate_name}}.ShowCelsius", volatility = "stable", options)]
fn show_celsius(options: &DisplayOptions, celsius: f64) -> String {
    options.show(celsius)
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
