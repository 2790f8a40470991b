//! Commits that the store refuses.

use super::*;

#[test]
fn each_refusal_has_one_effect_and_changes_no_row() {
    let run = RunId::generate();
    let table = [
        (Committed::NotYet(at(90)), "store is behind by 10s".to_owned(), false),
        // The clocks agree to the millisecond, and the store is still not there.
        (Committed::NotYet(at(100)), "store is behind by 1ms".to_owned(), false),
        (Committed::NotYet(at(200)), "store is behind by 1ms".to_owned(), false),
        (Committed::Duplicate(run), format!("read No for {run} and 1 keys"), false),
        (Committed::OwnerLost, "owner lost".to_owned(), true),
        (Committed::Conflict(None), "read Jitter".to_owned(), false),
    ];
    for (refusal, expected, is_stale) in table {
        let mut world = World::new();
        let running = world.run(RunStatus::Running);
        world.entry.runs = vec![running.clone()];
        let _answer = world.ask(Request::Pause);
        let commit = world.commit().insert(world.run(RunStatus::Queued)).update(running.clone());
        let pending = Pending { verdict: Some(Verdict::Granted), starts: vec![running.id], ..pending() };
        assert_eq!(world.committed(pending, commit, Ok(refusal)), [expected]);
        assert_eq!((world.entry.row.rev, &world.entry.runs[..]), (5, &[running][..]));
        assert_eq!((world.entry.is_stale, world.entry.asked.len()), (is_stale, 1));
        assert_eq!(world.entry.unconfirmed_rev, None);
    }
}
