//! The rules of a registration, as they are stored and shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use godata_core::{
    Params, PipelineName, PipelineRecord, RetryOn, RetryPolicy, debug_as_chain, excerpt, excerpt_list,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Misfire, Overlap, Registration};

/// The rules by which a pipeline runs: those of its last [`Registration`].
///
/// They are stored with the pipeline, so that other programs can show them. `Display` writes them on one line. In JSON, the
/// fields have these names, and a field that is absent has its default.
///
/// ```
/// use std::time::Duration;
///
/// use godata_orchestrator::{Overlap, Registration, RegistrationInfo, RetryPolicy, job_fn};
///
/// let import = job_fn("import", |_cx| async { Ok(()) });
/// let registration = Registration::new(import)
///     .overlap(Overlap::BufferOne)
///     .retry(RetryPolicy::attempts(3))
///     .timeout(Duration::from_secs(600));
///
/// assert_eq!(
///     RegistrationInfo::from(&registration).to_string(),
///     "overlap: queue one; misfire: run the newest (grace 1 min); up to 3 attempts (backoff 1 s to 5 min); timeout 10 min"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RegistrationInfo {
    /// What happens to a due time while a run is queued or in progress.
    pub overlap: Overlap,
    /// What happens to due times that were missed.
    pub misfire: Misfire,
    /// How late a due time may be and still count as on time.
    pub grace: Duration,
    /// How often and when a failed run is retried.
    pub retry: RetryPolicy,
    /// The longest delay of a start.
    pub jitter: Duration,
    /// How long a job may run. If it is `None`, the timeout of the runner applies, if it has one.
    pub timeout: Option<Duration>,
    /// How long a job may run before it counts as overdue, if that was set.
    pub overdue: Option<Duration>,
    /// The pool in which its runs take a slot.
    pub pool: Option<String>,
    /// The pipelines that it runs after, each by itself.
    pub after: BTreeSet<String>,
    /// The groups of pipelines that it runs after once all of a group have succeeded.
    pub after_all: BTreeSet<BTreeSet<String>>,
    /// The parameters of all its runs.
    pub params: Params,
    /// The parameters of the runs of each schedule, by the text of the schedule, for schedules that have their own.
    pub schedule_params: BTreeMap<String, Params>,
    /// Whether its schedule fires and it runs after other pipelines.
    pub enabled: bool,
}

/// What absent fields of a stored text mean. It never changes, even if a registration gets other defaults.
impl Default for RegistrationInfo {
    fn default() -> Self {
        Self {
            overlap: Overlap::Skip,
            misfire: Misfire::Latest,
            grace: Duration::from_secs(60),
            retry: RetryPolicy::attempts(1).backoff(Duration::from_secs(1), Duration::from_secs(300)),
            jitter: Duration::ZERO,
            timeout: None,
            overdue: None,
            pool: None,
            after: BTreeSet::new(),
            after_all: BTreeSet::new(),
            params: Params::new(),
            schedule_params: BTreeMap::new(),
            enabled: true,
        }
    }
}

impl From<&Registration> for RegistrationInfo {
    fn from(registration: &Registration) -> Self {
        let rules = &*registration.rules;
        Self {
            overlap: rules.overlap,
            misfire: rules.misfire,
            grace: rules.grace,
            retry: rules.retry.clone(),
            jitter: rules.jitter,
            timeout: rules.timeout,
            overdue: rules.overdue,
            pool: registration.pool.clone(),
            after: registration.after.iter().cloned().collect(),
            after_all: registration.after_all.iter().map(|group| group.iter().cloned().collect()).collect(),
            params: rules.params.clone(),
            schedule_params: registration.code.params_of_schedules(),
            enabled: registration.enabled,
        }
    }
}

impl RegistrationInfo {
    /// Returns the rules that are stored in a pipeline's row, or `None` if a version that stored none has registered it last.
    ///
    /// Fields that a later version has added are ignored.
    ///
    /// # Errors
    ///
    /// [`RulesError`], if the text in [`PipelineRecord::rules`] can't be read.
    ///
    /// ```
    /// use godata_orchestrator::{
    ///     BoxError, MemoryStore, Misfire, Orchestrator, Registration, RegistrationInfo, job_fn,
    /// };
    /// use godata_runner::Runner;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// let orchestrator = Orchestrator::new(MemoryStore::new(), Runner::new());
    /// let import = Registration::new(job_fn("import", |_cx| async { Ok(()) })).misfire(Misfire::Skip).disabled();
    /// let registered = RegistrationInfo::from(&import);
    /// orchestrator.register_with(import).await?;
    ///
    /// let row = &orchestrator.pipelines().await?[0];
    /// assert_eq!(RegistrationInfo::stored_in(row)?, Some(registered));
    /// # Ok(())
    /// # }
    /// ```
    pub fn stored_in(row: &PipelineRecord) -> Result<Option<Self>, RulesError> {
        let Some(rules) = &row.rules else { return Ok(None) };
        let info: Self = serde_json::from_str(rules)
            .map_err(|source| RulesError { pipeline: row.name.clone(), source: source.into() })?;
        let in_a_group =
            |name: &PipelineName| info.after_all.iter().any(|group| group.contains(name.as_str()));
        let alone = row.after_seen.keys().filter(|name| !in_a_group(name));
        let after = alone.map(PipelineName::to_string).collect();
        Ok(Some(Self { after, enabled: row.enabled, ..info }))
    }

    /// The pipelines and the groups that it runs after, for people.
    fn upstream(&self) -> impl Iterator<Item = String> {
        let quoted = |name: &String| format!("`{}`", excerpt(name));
        let alone = self.after.iter().map(quoted);
        let together = move |group: &BTreeSet<String>| match group.len() {
            1 => group.iter().map(quoted).collect(),
            _ => format!("all of ({})", excerpt_list(group)),
        };
        alone.chain(self.after_all.iter().map(together))
    }

    /// The text to store. It leaves out what the row has anyway, and defaults, because most pipelines have no other rules.
    pub(crate) fn to_text(&self) -> Arc<str> {
        let rules = Self { after: BTreeSet::new(), enabled: true, ..self.clone() };
        let usual = Self::default();
        if rules == usual {
            return Arc::clone(&NO_OTHERS);
        }
        let (mut rules, usual) = (fields(&rules), fields(&usual));
        rules.retain(|name, value| usual.get(name) != Some(value));
        Value::Object(rules).to_string().into()
    }
}

/// The text of a registration without rules of its own, which most pipelines share.
static NO_OTHERS: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from("{}"));

fn fields(info: &RegistrationInfo) -> Map<String, Value> {
    match serde_json::to_value(info) {
        Ok(Value::Object(fields)) => fields,
        // A struct of numbers and texts is always an object.
        _ => Map::new(),
    }
}

impl fmt::Display for RegistrationInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.enabled {
            f.write_str("disabled; ")?;
        }
        match self.overlap {
            Overlap::Skip => f.write_str("overlap: skip"),
            Overlap::BufferOne => f.write_str("overlap: queue one"),
            Overlap::BufferAll(most) => write!(f, "overlap: queue up to {most}"),
            Overlap::CancelOther => f.write_str("overlap: cancel the running one"),
            Overlap::Allow => f.write_str("overlap: allow"),
        }?;
        let misfire = match self.misfire {
            Misfire::Latest => "run the newest",
            Misfire::Skip => "skip",
            Misfire::All => "run all",
        };
        write!(f, "; misfire: {misfire} (grace {})", Plain(self.grace))?;
        let RetryPolicy { attempts, initial, max, on, .. } = &self.retry;
        if *attempts > 1 {
            let which = if *on == RetryOn::Transient { " if transient" } else { "" };
            write!(f, "; up to {attempts} attempts{which} (backoff {} to {})", Plain(*initial), Plain(*max))?;
        }
        if let Some(timeout) = self.timeout {
            write!(f, "; timeout {}", Plain(timeout))?;
        }
        if let Some(overdue) = self.overdue {
            write!(f, "; overdue after {}", Plain(overdue))?;
        }
        if !self.jitter.is_zero() {
            write!(f, "; jitter up to {}", Plain(self.jitter))?;
        }
        if let Some(pool) = &self.pool {
            write!(f, "; pool `{}`", excerpt(pool))?;
        }
        for (position, text) in self.upstream().enumerate() {
            let before = if position == 0 { "; after" } else { " or" };
            write!(f, "{before} {text}")?;
        }
        if !self.params.is_empty() {
            write!(f, "; parameters {}", names(&self.params))?;
        }
        for (schedule, params) in &self.schedule_params {
            write!(f, "; parameters of `{}`: {}", excerpt(schedule), names(params))?;
        }
        Ok(())
    }
}

/// The names of parameters. Their values may be long, and are for those who look for them.
fn names(params: &Params) -> String {
    excerpt_list(params.iter().map(|(name, _)| name))
}

/// Displays a duration as people write it: `1 h 30 min`.
struct Plain(Duration);

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        if !self.0.subsec_nanos().is_multiple_of(1_000_000) || self.0.is_zero() {
            return write!(f, "{:?}", self.0);
        }
        let units = [
            (seconds / 86_400, "d"),
            (seconds / 3_600 % 24, "h"),
            (seconds / 60 % 60, "min"),
            (seconds % 60, "s"),
            (u64::from(self.0.subsec_millis()), "ms"),
        ];
        let units = units.into_iter().filter(|(count, _)| *count > 0);
        let units: Vec<_> = units.map(|(count, unit)| format!("{count} {unit}")).collect();
        f.write_str(&units.join(" "))
    }
}

/// The rules that are stored with a pipeline can't be read. Its next registration stores them anew.
#[derive(thiserror::Error)]
#[error("the stored rules of pipeline `{pipeline}` can't be read")]
pub struct RulesError {
    pipeline: PipelineName,
    source: godata_core::BoxError,
}

debug_as_chain!(RulesError);

impl RulesError {
    /// Returns the name of the pipeline.
    #[must_use]
    pub fn pipeline(&self) -> &PipelineName {
        &self.pipeline
    }
}

#[cfg(test)]
mod tests {
    use godata_core::{Schedule, job_fn};
    use time::UtcDateTime;

    use super::*;

    fn quick() -> Registration {
        Registration::new(job_fn("a", |_cx| async { Ok(()) }))
    }

    fn row(rules: Option<&str>) -> PipelineRecord {
        let mut row = PipelineRecord::new(PipelineName::new("a").unwrap(), UtcDateTime::UNIX_EPOCH);
        row.rules = rules.map(Arc::from);
        row
    }

    #[derive(Debug)]
    struct Never;

    impl Schedule for Never {
        fn next(&self, _after: UtcDateTime) -> Option<UtcDateTime> {
            None
        }

        fn spec(&self) -> String {
            "never".to_owned()
        }
    }

    fn full() -> RegistrationInfo {
        let of = Duration::from_millis;
        let registration = quick()
            .overlap(Overlap::BufferAll(20))
            .misfire(Misfire::All)
            .misfire_grace(of(5_400_000))
            .retry(RetryPolicy::attempts(3).backoff(of(250), of(90_061_000)).only_transient())
            .timeout(of(61_500))
            .overdue(of(7_200_000))
            .jitter(Duration::from_micros(1_500))
            .pool("db")
            .after("up\u{1b}")
            .after("b")
            .after("b")
            .after_all(["d", "c"])
            .after_all(["e"])
            .params(Params::new().with("limit", "5").with("day", "today"))
            .schedule_with(Never, Params::new().with("mode", "all"))
            .schedule(Never)
            .disabled();
        RegistrationInfo::from(&registration)
    }

    #[test]
    fn absent_fields_of_stored_rules_keep_their_meaning() {
        let stored = RegistrationInfo::stored_in(&row(Some("{}"))).unwrap().unwrap();
        let all = concat!(
            r#"{"overlap":"skip","misfire":"latest","grace":{"secs":60,"nanos":0},"retry":{"attempts":1,"#,
            r#""initial":{"secs":1,"nanos":0},"max":{"secs":300,"nanos":0},"on":"any"},"jitter":{"secs":0,"nanos":0},"#,
            r#""timeout":null,"overdue":null,"pool":null,"after":[],"after_all":[],"params":{},"#,
            r#""schedule_params":{},"enabled":true}"#
        );
        assert_eq!(serde_json::to_string(&stored).unwrap(), all);
        assert_eq!(serde_json::from_str::<RegistrationInfo>(all).unwrap(), stored);
        assert_eq!((RegistrationInfo::from(&quick()), &*stored.to_text()), (stored.clone(), "{}"));
        assert_eq!(RegistrationInfo::stored_in(&row(None)).unwrap(), None);
    }

    #[test]
    fn rules_are_read_as_they_were_stored() {
        let full = full();
        let mut stored = row(Some(&full.to_text()));
        stored.enabled = false;
        stored.after_seen = ["b", "c", "d", "e"].map(|name| (PipelineName::new(name).unwrap(), 0)).into();
        let after = BTreeSet::from(["b".to_owned()]);
        let expected = RegistrationInfo { after, ..full.clone() };
        assert_eq!(RegistrationInfo::stored_in(&stored).unwrap(), Some(expected));
        for overlap in [Overlap::Skip, Overlap::BufferOne, Overlap::CancelOther, Overlap::Allow] {
            for misfire in [Misfire::Latest, Misfire::Skip, Misfire::All] {
                let info = RegistrationInfo::from(&quick().overlap(overlap).misfire(misfire));
                let stored = RegistrationInfo::stored_in(&row(Some(&info.to_text()))).unwrap();
                assert_eq!(stored, Some(info));
            }
        }
    }

    #[test]
    fn fields_of_a_later_version_are_ignored_and_broken_rules_are_an_error() {
        let later = r#"{"priority":7,"overlap":"allow","retry":{"attempts":2,"initial":{"secs":1,"nanos":0},"max":{"secs":1,"nanos":0},"on":"any","budget":1}}"#;
        let info = RegistrationInfo::stored_in(&row(Some(later))).unwrap().unwrap();
        assert_eq!((info.overlap, info.retry.attempts), (Overlap::Allow, 2));
        for (broken, why) in [
            ("", "EOF while parsing a value at line 1 column 0"),
            ("skip", "expected value at line 1 column 1"),
            (r#"{"overlap":"skip""#, "EOF while parsing an object at line 1 column 17"),
            (r#"{"overlap":"often"}"#, "unknown variant `often`"),
            (r#"{"timeout":60}"#, "invalid type: integer `60`, expected struct Duration"),
        ] {
            let error = RegistrationInfo::stored_in(&row(Some(broken))).unwrap_err();
            let text = format!("{error:?}");
            let start = format!("the stored rules of pipeline `a` can't be read: {why}");
            assert!(text.starts_with(&start), "{text}");
            assert_eq!(error.pipeline().as_str(), "a");
        }
    }

    #[test]
    fn rules_are_shown_on_one_line() {
        let usual = RegistrationInfo::from(&quick());
        assert_eq!(usual.to_string(), "overlap: skip; misfire: run the newest (grace 1 min)");
        let expected = concat!(
            "disabled; overlap: queue up to 20; misfire: run all (grace 1 h 30 min); ",
            "up to 3 attempts if transient (backoff 250 ms to 1 d 1 h 1 min 1 s); timeout 1 min 1 s 500 ms; ",
            "overdue after 2 h; jitter up to 1.5ms; pool `db`; after `b` or `up\\u{1b}` or all of (`c`, `d`) or `e`; ",
            "parameters `day`, `limit`; parameters of `never`: `mode`"
        );
        assert_eq!(full().to_string(), expected);
        for (overlap, text) in [
            (Overlap::BufferOne, "queue one"),
            (Overlap::CancelOther, "cancel the running one"),
            (Overlap::Allow, "allow"),
        ] {
            let info = RegistrationInfo::from(&quick().overlap(overlap).misfire(Misfire::Skip));
            assert_eq!(info.to_string(), format!("overlap: {text}; misfire: skip (grace 1 min)"));
        }
        assert_eq!(Plain(Duration::ZERO).to_string(), "0ns");
    }
}
