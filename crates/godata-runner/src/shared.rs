//! What the handles of a runner and the tasks of its runs share.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use godata_core::Clock;
use tokio::runtime::Handle;

use crate::events::EventSender;
use crate::registry::Registry;
use crate::slots::Slots;

pub(crate) struct Shared {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) stop_grace: Duration,
    pub(crate) slots: Slots,
    pub(crate) registry: Registry,
    pub(crate) events: EventSender,
    /// Where the first run was started.
    pub(crate) runtime: OnceLock<Handle>,
}
