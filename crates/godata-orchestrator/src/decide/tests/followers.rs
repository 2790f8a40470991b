//! Runs after other pipelines, compared with a model that keeps a set of names.

use godata_core::Params;

use super::*;

/// What happens to a pipeline that runs after others, and to those.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// This upstream pipeline succeeds, and the instance is told.
    Succeed(usize),
    /// It succeeds in another instance, and this one does not know it yet.
    SucceedElsewhere(usize),
    /// The instance learns of all successes.
    Learn,
    /// The oldest running job ends.
    End,
    /// The process starts again, and registers the pipeline.
    Restart,
    Pause,
    Resume,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..NAMES.len()).prop_map(Step::Succeed),
        2 => (0..NAMES.len()).prop_map(Step::SucceedElsewhere),
        1 => Just(Step::Learn),
        4 => Just(Step::End),
        1 => Just(Step::Restart),
        1 => Just(Step::Pause),
        2 => Just(Step::Resume),
    ];
    prop::collection::vec(step, 1..80)
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Which group each pipeline is in; 0 stands for none.
fn groups() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0_usize..3, NAMES.len())
}

fn name(place: usize) -> PipelineName {
    PipelineName::new(NAMES[place]).unwrap()
}

/// A success is news from when it is known until a run answers it. A pipeline that is in no group is answered at once, and a
/// group when all of it is news.
#[derive(Debug, Default)]
struct Model {
    news: BTreeSet<usize>,
    runs: usize,
}

impl Model {
    fn look(&mut self, groups: &[usize], may_run: bool) -> bool {
        let is_complete = |group: usize| {
            let mut members = (0..groups.len()).filter(|place| groups[*place] == group);
            group == 0 || members.all(|place| self.news.contains(&place))
        };
        let answered: Vec<_> =
            self.news.iter().copied().filter(|place| is_complete(groups[*place])).collect();
        let runs = may_run && !answered.is_empty();
        if runs {
            answered.iter().for_each(|place| assert!(self.news.remove(place)));
            self.runs += 1;
        }
        runs
    }
}

fn follower(groups: &[usize], overlap: Overlap) -> Pipeline {
    let params = Params::new().with("mode", "follow");
    let mut pipeline = Pipeline::new(10, Rules { overlap, params, ..Rules::default() });
    pipeline.plan.code.stop_schedule();
    let of = |group| -> BTreeSet<_> {
        (0..groups.len()).filter(|place| groups[*place] == group).map(name).collect()
    };
    let mut registered = (*pipeline.plan.registered).clone();
    registered.after = (0..groups.len()).map(|place| (name(place), 0)).collect();
    registered.after_all = [1, 2].map(of).into_iter().filter(|group| !group.is_empty()).collect();
    (registered.spec, pipeline.row.spec) = (None, None);
    pipeline.upstream = registered.after.clone();
    pipeline.plan.registered = Arc::new(registered);
    let request = Request::Register(Arc::clone(&pipeline.plan.registered));
    pipeline.ask(&request);
    pipeline
}

impl Pipeline {
    /// Carries out a request, as a caller's.
    fn ask(&mut self, request: &Request) {
        let facts = Facts { request: Some(request), slots: 0, ..facts(self, at(1)) };
        let decision = decided(&facts);
        assert_eq!(decision.verdict, Some(Verdict::Granted));
        let Some(commit) = decision.commit else { return };
        assert!(commit.runs.is_empty());
        let rev = self.row.rev + 1;
        self.row = commit.pipeline;
        self.row.rev = rev;
    }
}

fn learn(pipeline: &mut Pipeline, model: &mut Model, revs: &[u64]) {
    for (place, ((_, known), rev)) in pipeline.upstream.iter_mut().zip(revs).enumerate() {
        if *known < *rev {
            *known = *rev;
            model.news.insert(place);
        }
    }
}

proptest! {
    #[test]
    fn each_success_is_answered_once_and_a_group_when_it_is_complete(
        groups in groups(), overlap in prop_oneof![Just(Overlap::Skip), Just(Overlap::BufferOne), Just(Overlap::Allow)],
        steps in steps(),
    ) {
        let mut pipeline = follower(&groups, overlap);
        let mut model = Model::default();
        let mut revs: Vec<u64> = vec![0; NAMES.len()];
        let mut paused = false;
        for step in steps {
            match step {
                Step::Succeed(place) => {
                    revs[place] += 1;
                    pipeline.upstream[place].1 = revs[place];
                    model.news.insert(place);
                }
                Step::SucceedElsewhere(place) => revs[place] += 1,
                Step::Learn => learn(&mut pipeline, &mut model, &revs),
                Step::End => pipeline.end_oldest(),
                Step::Restart => {
                    // It knows all successes at once, and the row says which of them were answered.
                    learn(&mut pipeline, &mut model, &revs);
                    let mut registered = (*pipeline.plan.registered).clone();
                    registered.after = pipeline.upstream.clone();
                    let request = Request::Register(Arc::new(registered));
                    pipeline.ask(&request);
                }
                Step::Pause => {
                    pipeline.ask(&Request::Pause);
                    paused = true;
                }
                Step::Resume => {
                    pipeline.ask(&Request::Resume);
                    paused = false;
                }
            }
            let is_free = overlap == Overlap::Allow || pipeline.running.is_empty();
            let expects_run = model.look(&groups, is_free && !paused);
            let before = pipeline.all.len();
            pipeline.look(at(1), usize::MAX);
            prop_assert_eq!(pipeline.all.len() - before, usize::from(expects_run));
            prop_assert_eq!(pipeline.all.len(), model.runs);
            prop_assert!(pipeline.all.iter().all(|run| run.cause == Cause::After));
            prop_assert!(pipeline.all.iter().all(|run| run.params.get("mode") == Some("follow")));
            for (place, (_, known)) in pipeline.upstream.iter().enumerate() {
                let seen = pipeline.row.after_seen.get(&name(place)).copied().unwrap_or_default();
                prop_assert_eq!(seen < *known, model.news.contains(&place));
                prop_assert!(seen <= *known);
            }
        }
    }
}
