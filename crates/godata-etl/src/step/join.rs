//! A step that joins records with a table.

use std::sync::Arc;

use futures::FutureExt;

use super::stateful::stage;
use super::sync::SyncStage;
use crate::Chunk;
use crate::engine::{Opener, Pull, Stage, Stopped};
use crate::keyed::{
    Combine, JoinedFields, Kept, KeyOf, Kinds, Memory, MergeJoin, Rule, Table, TableFlow, TableJoin,
};

/// How records are joined with a table.
pub(crate) struct JoinPlan<R: Kept, KL, KR, C> {
    pub(crate) key: Arc<KL>,
    pub(crate) table: TableFlow<R, KR>,
    pub(crate) rule: Rule,
    pub(crate) memory: Memory,
    pub(crate) combine: Arc<C>,
}

/// Appends step `index`. The table is loaded once for each run, when it starts.
pub(crate) fn join<L, R, KL, KR, C>(
    open: Opener<Chunk<L>>,
    index: usize,
    plan: JoinPlan<R, KL, KR, C>,
) -> Opener<Chunk<C::Out>>
where
    L: Kept,
    R: Kept,
    KL: KeyOf<L>,
    KR: KeyOf<R>,
    C: Combine<L, R>,
{
    let plan = Arc::new(plan);
    Arc::new(move |run| {
        let (opening, plan) = (open(Arc::clone(&run)), Arc::clone(&plan));
        async move {
            let table = match run.is_check() {
                true => plan.table.check(run.context()).await,
                false => plan.table.load(&run, index, &plan.memory, plan.rule).await,
            };
            let table = table.map_err(|cause| match run.context().is_canceled() {
                true => run.canceled(),
                false => run.stopped(Stage::Step(index), cause),
            })?;
            let source = opening.await?;
            let fields = Arc::new(JoinedFields::default());
            let check = |kinds: Kinds| {
                let fields = Arc::clone(&fields);
                run.check_at_end(index, move || fields.check(&kinds));
            };
            let stage: Box<dyn Pull<Chunk<C::Out>>> = match table {
                Table::InMemory(table, kinds) if table.keeps_batches_small(plan.rule) => {
                    check(kinds);
                    let join = move |chunk, work: &mut crate::Work| {
                        fields.note(&*plan.key, &chunk)?;
                        table.join(chunk, &*plan.key, plan.rule, &*plan.combine, work)
                    };
                    Box::new(SyncStage::new(source, index, join))
                }
                Table::InMemory(table, kinds) => {
                    check(kinds);
                    let JoinPlan { key, rule, combine, .. } = &*plan;
                    let open = || Ok(TableJoin::open(key, table, &fields, *rule, combine));
                    Box::new(stage(&run, source, index, open)?)
                }
                Table::Sorted(store, rows, kinds) => {
                    check(kinds);
                    let JoinPlan { key, memory, rule, combine, .. } = &*plan;
                    let open = || Ok(MergeJoin::open(key, (store, rows), &fields, memory, *rule, combine));
                    Box::new(stage(&run, source, index, open)?)
                }
            };
            Ok::<_, Stopped>(stage)
        }
        .boxed()
    })
}
