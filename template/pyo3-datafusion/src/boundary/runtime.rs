//! The tokio runtime that the code of a package runs on.

use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::OnceLock;
use std::time::Duration;

use datafusion_common::{Result, exec_err};
use futures::FutureExt;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::block_in_place;
use tokio::time::timeout;
#[cfg(feature = "tables")]
use {
    super::error::{interrupted, to_py_err},
    futures::stream::{self, BoxStream, StreamExt},
    pyo3::prelude::*,
    std::task::Poll,
    std::time::Instant,
};

use super::error::{catch, panicked};
use super::host::package;

/// The runtime, started on first use.
///
/// # Errors
///
/// When its threads cannot be started, and in a process that was forked after they were: threads
/// do not survive a fork, so waiting for one would hang for ever.
pub fn handle() -> Result<Handle> {
    static RUNTIME: OnceLock<(u32, Result<Runtime>)> = OnceLock::new();

    let process = std::process::id();
    let (started_in, runtime) = RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        builder.enable_all().thread_name(package().name);
        // tokio panics if the system cannot start a thread.
        (process, catch(|| Ok(builder.build()?)))
    });
    if *started_in != process {
        return exec_err!(
            "{} was already in use when this process was forked, and its threads did not come \
             along. Start processes with \"spawn\" instead: \
             multiprocessing.get_context(\"spawn\")",
            package().name
        );
    }
    match runtime {
        Ok(runtime) => Ok(runtime.handle().clone()),
        Err(error) => exec_err!(
            "cannot start the tokio runtime: {}",
            error.strip_backtrace()
        ),
    }
}

/// Runs `future`: timers, I/O and `tokio::spawn` are available on whatever thread polls it. A
/// panic in it becomes an error.
pub async fn run<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let handle = handle()?;
    let mut future = pin!(AssertUnwindSafe(future).catch_unwind());
    poll_fn(|cx| {
        let _entered = handle.enter();
        future.as_mut().poll(cx)
    })
    .await
    .unwrap_or_else(|panic| Err(panicked(panic)))
}

/// Runs `future` to its end, or until Python is interrupted, as by Ctrl-C. Releases the GIL.
#[cfg(feature = "tables")]
pub fn block_on<T: Send>(
    py: Python<'_>,
    future: impl Future<Output = Result<T>> + Send,
) -> PyResult<T> {
    py.detach(|| block_on_until(interrupted, future))
        .map_err(to_py_err)
}

/// Runs `future` to its end, or until `interrupted` returns an error.
pub(crate) fn block_on_until<T>(
    interrupted: impl Fn() -> Result<()>,
    future: impl Future<Output = Result<T>>,
) -> Result<T> {
    const ASK_EVERY: Duration = Duration::from_millis(100);

    let until_interrupted = async {
        let mut future = pin!(run(future));
        loop {
            match timeout(ASK_EVERY, future.as_mut()).await {
                Ok(done) => return done,
                Err(_) => interrupted()?,
            }
        }
    };
    // The caller may be one of the runtime's own threads.
    catch(|| block_in_place(|| handle()?.block_on(until_interrupted)))
}

/// Runs the stream that `open` makes, in the same way. An error or a panic in either is its last
/// item.
///
/// Once in a millisecond, the stream lets other tasks run, even if it has an item ready. The host
/// sees Ctrl-C only when its timers run, and these wait while its threads are busy. The host itself
/// yields after a number of batches, which is too rare for batches that take long.
#[cfg(feature = "tables")]
pub fn run_stream<T: Send + 'static>(
    open: impl FnOnce() -> Result<BoxStream<'static, Result<T>>>,
) -> BoxStream<'static, Result<T>> {
    const TIME_SLICE: Duration = Duration::from_millis(1);

    let opened = handle().and_then(|handle| {
        let stream = {
            let _entered = handle.enter();
            catch(open)?
        };
        Ok((handle, AssertUnwindSafe(stream).catch_unwind()))
    });
    let (handle, mut stream) = match opened {
        Ok(opened) => opened,
        Err(error) => return stream::iter([Err(error)]).boxed(),
    };
    let mut slice_started = Instant::now();
    stream::poll_fn(move |cx| {
        if slice_started.elapsed() > TIME_SLICE {
            slice_started = Instant::now();
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let _entered = handle.enter();
        let item = stream.poll_next_unpin(cx);
        if item.is_pending() {
            slice_started = Instant::now();
        }
        item.map(|item| Some(item?.unwrap_or_else(|panic| Err(panicked(panic)))))
    })
    .boxed()
}
