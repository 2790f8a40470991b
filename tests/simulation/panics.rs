//! Unplanned panics.

use std::cell::RefCell;
use std::panic;
use std::sync::Once;

use crate::jobs::PLANNED_PANIC;

thread_local! {
    static UNPLANNED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// From now on, records the panics of this thread, wherever they are caught, and silences the planned ones of jobs.
pub(crate) fn forget() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if panic.payload().downcast_ref::<&str>() == Some(&PLANNED_PANIC) {
                return;
            }
            UNPLANNED.with_borrow_mut(|panics| panics.push(panic.to_string()));
            usual(panic);
        }));
    });
    UNPLANNED.with_borrow_mut(Vec::clear);
}

pub(crate) fn take() -> Vec<String> {
    UNPLANNED.take()
}
