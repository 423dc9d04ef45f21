//! Accumulators that an owner writes, for lies that those of the machinery cannot tell.

use arrow::array::{Array, ArrayRef, BooleanArray, new_null_array};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{Accumulator, EmitTo, GroupsAccumulator};

#[derive(Debug)]
pub struct Own {
    inner: Box<dyn Accumulator>,
    make: fn() -> Box<dyn Accumulator>,
}

impl Own {
    pub fn new(make: fn() -> Box<dyn Accumulator>) -> Self {
        let inner = make();
        Self { inner, make }
    }

    fn take(&mut self) -> Box<dyn Accumulator> {
        std::mem::replace(&mut self.inner, (self.make)())
    }
}

impl Accumulator for Own {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.update_batch(values)
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner.merge_batch(states)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.inner.evaluate()
    }

    fn size(&self) -> usize {
        self.inner.size()
    }
}

pub struct OwnGroups {
    inner: Box<dyn GroupsAccumulator>,
}

impl OwnGroups {
    pub fn new(inner: Box<dyn GroupsAccumulator>) -> Self {
        Self { inner }
    }
}

impl GroupsAccumulator for OwnGroups {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        count: usize,
    ) -> Result<()> {
        self.inner.update_batch(values, groups, filter, count)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], count: usize) -> Result<()> {
        self.inner.merge_batch(states, groups, count)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        self.inner.state(emit_to)
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        self.inner.evaluate(emit_to)
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        self.inner.convert_to_state(values, filter)
    }

    fn size(&self) -> usize {
        self.inner.size()
    }
}

fn halved(groups: &[usize]) -> Vec<usize> {
    groups.iter().map(|group| group / 2).collect()
}

fn first_half(values: &[ArrayRef]) -> Vec<ArrayRef> {
    let slice = |values: &ArrayRef| values.slice(0, values.len() / 2);
    values.iter().map(slice).collect()
}

fn nulls(values: &[ArrayRef]) -> Vec<ArrayRef> {
    let nulls = |values: &ArrayRef| new_null_array(values.data_type(), values.len());
    values.iter().map(nulls).collect()
}
