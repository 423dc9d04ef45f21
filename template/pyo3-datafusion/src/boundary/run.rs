//! The context in which a plan runs.
//!
//! The host sends its context with each partition. `datafusion-ffi` copies all functions and options
//! of the session out of it. Here the partitions of a run share one copy.

use std::sync::{Arc, Mutex, PoisonError};

use datafusion_execution::TaskContext;

/// The context of the current run of a plan. A plan runs again when one of its partitions is executed
/// again, and has the options then that the session has then.
#[derive(Debug, Default)]
pub struct RunContext(Mutex<Runs>);

#[derive(Debug, Default)]
struct Runs {
    /// How often each partition was executed.
    executed: Vec<usize>,
    /// The last run, and its context.
    last: Option<(usize, Arc<TaskContext>)>,
}

impl RunContext {
    /// The context for one more execution of `partition`. The first one of a run calls `copy`.
    pub fn of(
        &self,
        partition: usize,
        copy: impl FnOnce() -> Arc<TaskContext>,
    ) -> Arc<TaskContext> {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if runs.executed.len() <= partition {
            runs.executed.resize(partition + 1, 0);
        }
        let run = runs.executed.get_mut(partition).map_or(0, |executed| {
            *executed += 1;
            *executed
        });
        match &runs.last {
            Some((last, context)) if *last >= run => Arc::clone(context),
            _ => {
                let context = copy();
                runs.last = Some((run, Arc::clone(&context)));
                context
            }
        }
    }
}
