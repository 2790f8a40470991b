//! The loop.

use tokio::sync::mpsc;

use crate::builder::Setup;
use crate::command::Command;

pub(crate) struct Engine {
    setup: Setup,
    commands: mpsc::Receiver<Command>,
}

impl Engine {
    pub(crate) fn new(setup: Setup, commands: mpsc::Receiver<Command>) -> Self {
        Self { setup, commands }
    }

    pub(crate) async fn run(self) {
        todo!()
    }
}
