use super::*;
use crate::decide::Orphan;
use crate::entry::Replier;

#[test]
fn a_pipeline_has_one_entry_until_nothing_about_it_is_outside_of_the_store() {
    let mut directory = Directory::default();
    let id = register(&mut directory, "a", &[]);
    assert_eq!(directory.open(name("a"), |_| unreachable!("it has an entry")), id);
    assert_eq!((directory.id_of("a"), directory.registered("a").unwrap().id), (Some(id), id));

    directory.drop_if_idle(id);
    assert!(directory.entry(id).is_some(), "it is registered");
    directory.entry_mut(id).unwrap().row = row("a");
    directory.remove_plan(id);
    directory.entry_mut(id).unwrap().is_in_line = true;
    directory.drop_if_idle(id);
    assert!(directory.entry(id).is_some(), "its turn for a slot will come");
    directory.entry_mut(id).unwrap().is_in_line = false;
    directory.timers.set(id, Some(at(1)));
    directory.drop_if_idle(id);
    assert!(directory.entry(id).is_none() && directory.timers.first().is_none());
    assert!(directory.registered("a").is_err());

    // What was stored is still known, and another pipeline gets the place.
    assert_eq!(directory.row_of(&name("a")).map(|row| row.rev), Some(1));
    assert_eq!(directory.open(name("b"), |name| row(name.as_str())), id);
    assert_ne!(directory.open(name("a"), |_| unreachable!("it is stored")), id);
}

#[test]
fn followers_are_told_of_news_while_they_are_registered() {
    let mut directory = Directory::default();
    register(&mut directory, "up", &[]);
    let [b, c] = ["b", "c"].map(|follower| register(&mut directory, follower, &["up"]));
    assert_eq!(directory.upstream(), [name("up")]);
    assert_eq!(directory.succeeded(&name("up"), 3, |_| true), [b, c]);
    assert_eq!(directory.succeeded(&name("up"), 3, |known| known < 3), []);
    assert_eq!(directory.entry(b).unwrap().upstream, [(name("up"), 3)]);
    directory.remove_plan(b);
    assert_eq!(directory.succeeded(&name("up"), 4, |known| known < 4), [c]);
    assert_eq!(directory.succeeded(&name("b"), 4, |_| true), []);
}

#[test]
fn rows_of_pipelines_that_are_not_registered_wait_for_the_registration() {
    let mut directory = Directory::default();
    let queued = run("a", RunStatus::Queued, None);
    directory.load(vec![row("a"), row("b")], vec![queued.clone()]);
    let id = register(&mut directory, "a", &[]);
    let entry = directory.entry(id).unwrap();
    assert_eq!((&entry.runs[..], entry.row.rev, entry.is_stale), (&[queued][..], 1, false));

    // A pipeline that was created after the others were read has to be read.
    directory.load(vec![], vec![run("new", RunStatus::Queued, None)]);
    let id = register(&mut directory, "new", &[]);
    assert!(directory.entry(id).unwrap().is_stale);

    // So have those that are known, because their rows may have changed.
    directory.entry_mut(id).unwrap().is_stale = false;
    directory.load(vec![row("new")], vec![run("new", RunStatus::Queued, None)]);
    assert!(directory.entry(id).unwrap().is_stale);
}

#[tokio::test(start_paused = true)]
async fn orphans_go_to_the_registered_and_wait_for_the_others() {
    let minute = Duration::from_secs(60);
    let dead = Some(OwnerId::generate());
    let [here, elsewhere] = ["a", "b"].map(|pipeline| run(pipeline, RunStatus::Running, dead));
    let orphan = |run: &RunRecord| Orphan { run: run.id, owner: dead };
    let mut directory = Directory::default();
    let id = register(&mut directory, "a", &[]);
    let both = [here.clone(), elsewhere.clone()];
    assert_eq!(directory.add_orphans(&both), BTreeSet::from([id]));
    assert_eq!(directory.add_orphans(&both), BTreeSet::new(), "once");
    assert_eq!(directory.entry(id).unwrap().orphans, [orphan(&here)]);

    assert!(directory.with_waiting_orphans(minute).is_empty());
    tokio::time::advance(minute).await;
    assert_eq!(directory.with_waiting_orphans(minute), [name("b")]);
    let id = register(&mut directory, "b", &[]);
    let entry = directory.entry(id).unwrap();
    assert_eq!((&entry.orphans[..], entry.is_stale), (&[orphan(&elsewhere)][..], true));
    assert!(directory.with_waiting_orphans(minute).is_empty());
}

#[test]
fn a_removed_registration_leaves_its_requests_and_its_jobs() {
    let mut directory = Directory::default();
    let id = register(&mut directory, "a", &[]);
    directory.entry_mut(id).unwrap().ask(crate::decide::Request::Pause, Replier::Nobody);
    directory.remove_plan(id);
    directory.drop_if_idle(id);
    assert_eq!(directory.entry(id).unwrap().asked.len(), 1);
}
