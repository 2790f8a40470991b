//! Signals that tell the process to end.

use std::process;

#[cfg(all(feature = "signal", unix))]
pub(crate) use unix::Signals;
#[cfg(all(feature = "signal", windows))]
pub(crate) use windows::Signals;

use crate::logs;

/// A signal that was received.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received {
    name: &'static str,
    /// The exit status of a process that was ended by it, as shells report it.
    status: i32,
}

impl Received {
    pub(crate) fn name(self) -> &'static str {
        self.name
    }

    /// Ends the process at once.
    pub(crate) fn end_process(self) -> ! {
        logs::ended_by_signal(self.name, self.status);
        process::exit(self.status)
    }
}

/// Without the feature `signal`, the process listens for none.
#[cfg(not(feature = "signal"))]
pub(crate) enum Signals {}

#[cfg(not(feature = "signal"))]
impl Signals {
    #[expect(clippy::unused_async, reason = "as with the feature")]
    pub(crate) async fn received(&mut self) -> Received {
        match *self {}
    }
}

#[cfg(all(feature = "signal", unix))]
mod unix {
    use std::io;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::Received;

    /// Ctrl-C and SIGTERM of the process since [`listen`](Self::listen). No signal is lost between two waits.
    pub(crate) struct Signals {
        interrupt: Signal,
        terminate: Signal,
    }

    impl Signals {
        pub(crate) fn listen() -> io::Result<Self> {
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
            })
        }

        /// Completes when the process receives one of them.
        pub(crate) async fn received(&mut self) -> Received {
            tokio::select! {
                _ = self.interrupt.recv() => Received { name: "SIGINT", status: 128 + 2 },
                _ = self.terminate.recv() => Received { name: "SIGTERM", status: 128 + 15 },
            }
        }
    }
}

#[cfg(all(feature = "signal", windows))]
mod windows {
    use std::io;

    use tokio::signal::windows::{CtrlC, ctrl_c};

    use super::Received;

    /// Ctrl-C of the process since [`listen`](Self::listen).
    pub(crate) struct Signals(CtrlC);

    impl Signals {
        pub(crate) fn listen() -> io::Result<Self> {
            ctrl_c().map(Self)
        }

        /// Completes when the process receives one.
        pub(crate) async fn received(&mut self) -> Received {
            self.0.recv().await;
            // STATUS_CONTROL_C_EXIT.
            Received { name: "Ctrl-C", status: 0xC000_013A_u32.cast_signed() }
        }
    }
}
