//! The runtime by itself: panics become errors, and timers work wherever a future is polled.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::future::poll_fn;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use datafusion_common::{Result, exec_err};
use futures::executor::block_on;
use futures::{StreamExt, stream};

use super::{error, runtime};

#[test]
fn a_panic_becomes_an_error_with_its_message() {
    let error = error::catch(|| -> Result<()> { panic!("broken {}", 1) }).unwrap_err();
    assert!(error.to_string().ends_with(" panicked: broken 1"));
    let error = block_on(runtime::run(async { panic!("broken") as Result<()> })).unwrap_err();
    assert!(error.to_string().ends_with(" panicked: broken"));
}

#[test]
fn a_panic_ends_a_stream_with_an_error() {
    let numbers = || stream::iter(0..5).map(|i| if i == 2 { panic!("broken") } else { Ok(i) });
    let items: Vec<_> = block_on(runtime::run_stream(|| Ok(numbers().boxed())).collect());
    assert_eq!(items.len(), 3);
    assert!(items[2].is_err());

    let items: Vec<Result<()>> = block_on(runtime::run_stream(|| panic!("broken")).collect());
    assert_eq!(items.len(), 1);
    assert!(items[0].is_err());
}

#[test]
fn waiting_can_be_interrupted() {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let third_time = || match ASKED.fetch_add(1, Ordering::Relaxed) {
        2 => exec_err!("interrupted"),
        _ => Ok(()),
    };
    let forever = std::future::pending::<Result<()>>();
    let error = runtime::block_on_until(third_time, forever).unwrap_err();
    assert!(error.to_string().ends_with("interrupted"));
    let done = runtime::block_on_until(third_time, async { Ok(42) });
    assert_eq!(done.unwrap(), 42);
}

#[test]
fn timers_and_tasks_work_under_any_executor() {
    let sleep = async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok(tokio::spawn(async { 42 }).await.unwrap())
    };
    // This executor knows nothing of tokio, just as the host knows nothing of our tokio.
    assert_eq!(block_on(runtime::run(sleep)).unwrap(), 42);

    let sleeps = stream::iter(0..3).then(|i| async move {
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok(i)
    });
    let slept: Vec<Result<i32>> = block_on(runtime::run_stream(|| Ok(sleeps.boxed())).collect());
    assert_eq!(slept.len(), 3);
}

#[test]
fn a_busy_stream_lets_others_run() {
    let busy = stream::iter(0..20).map(|i| {
        std::thread::sleep(Duration::from_millis(2));
        Ok(i)
    });
    let mut busy = runtime::run_stream(|| Ok(busy.boxed()));
    let mut pending = 0;
    block_on(poll_fn(|cx| {
        loop {
            match busy.poll_next_unpin(cx) {
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Ready(Some(_)) => {}
                Poll::Pending => {
                    pending += 1;
                    return Poll::Pending;
                }
            }
        }
    }));
    assert!(pending >= 10, "gave way {pending} times");
}

#[test]
fn errors_pass_through() {
    let error = runtime::block_on_until(|| Ok(()), async { exec_err!("no data") as Result<()> })
        .unwrap_err();
    assert!(error.to_string().contains("no data"));
}
