//! Several schedules of one pipeline, each with the parameters of its runs.

use std::sync::Arc;

use godata_core::{Params, Schedule};
use time::UtcDateTime;

use crate::ScheduleFault;
use crate::decide::DueTimes;

/// The schedules of a pipeline. It is due whenever one of them is, and once if several are due at the same instant.
///
/// Its text is that of the only schedule, or else `any(every 6h; daily 02:00)` with the texts sorted, as that of `any_of` in
/// `godata-scheduler`. So neither parameters nor another order of the schedules are an edit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Several(Vec<Part>);

/// One of the schedules, with the parameters of its runs.
#[derive(Clone, Debug)]
struct Part {
    schedule: Arc<dyn Schedule>,
    params: Params,
}

impl Several {
    pub(crate) fn with(mut self, schedule: Arc<dyn Schedule>, params: Params) -> Self {
        self.0.push(Part { schedule, params });
        self
    }

    /// The parameters of all schedules that are due at this instant. Those of later schedules win.
    pub(crate) fn params_at(&self, due: UtcDateTime) -> Result<Params, ScheduleFault> {
        let before = due.saturating_sub(time::Duration::MILLISECOND);
        let mut params = Params::new();
        for part in self.0.iter().filter(|part| !part.params.is_empty()) {
            if DueTimes(&*part.schedule).next(before)? == Some(due) {
                params.extend(part.params.iter());
            }
        }
        Ok(params)
    }

    /// The parameters of each schedule, in the order in which the schedules were added.
    pub(crate) fn params(&self) -> impl Iterator<Item = (DueTimes<'_>, &Params)> {
        self.0.iter().map(|part| (DueTimes(&*part.schedule), &part.params))
    }

    fn texts(&self) -> Vec<String> {
        let mut texts: Vec<_> = self.0.iter().map(|part| part.schedule.spec()).collect();
        texts.sort_unstable();
        texts.dedup();
        texts
    }
}

impl Schedule for Several {
    fn next(&self, after: UtcDateTime) -> Option<UtcDateTime> {
        self.0.iter().filter_map(|part| part.schedule.next(after)).min()
    }

    fn previous(&self, before: UtcDateTime) -> Option<UtcDateTime> {
        self.0.iter().filter_map(|part| part.schedule.previous(before)).max()
    }

    fn spec(&self) -> String {
        match &*self.texts() {
            [only] => only.clone(),
            texts => format!("any({})", texts.join("; ")),
        }
    }

    fn has_spec(&self, stored: &str) -> bool {
        let texts = parts_of(stored);
        let is_of = |part: &Part, text: &&str| part.schedule.has_spec(text);
        stored == self.spec()
            || texts.iter().all(|text| self.0.iter().any(|part| is_of(part, text)))
                && self.0.iter().all(|part| texts.iter().any(|text| is_of(part, text)))
    }

    fn describe(&self) -> String {
        match &*self.0 {
            [only] => only.schedule.describe(),
            parts => {
                let parts: Vec<_> =
                    parts.iter().map(|part| format!("({})", part.schedule.describe())).collect();
                parts.join(" and ")
            }
        }
    }
}

/// The texts in `any(…; …)`, or else the text itself.
fn parts_of(text: &str) -> Vec<&str> {
    let Some(inside) = text.strip_prefix("any(").and_then(|text| text.strip_suffix(')')) else {
        return vec![text];
    };
    let mut depth = 0_usize;
    let parts = inside.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ';' && depth == 0
    });
    parts.map(str::trim).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use godata_scheduler::{AnySchedule, any_of, parse};
    use proptest::prelude::*;

    use super::*;

    fn several(texts: &[&str]) -> Several {
        let parsed = texts.iter().map(|text| Arc::new(parse(text).unwrap()));
        parsed.fold(Several::default(), |several, schedule| several.with(schedule, Params::new()))
    }

    #[test]
    fn the_text_is_that_of_the_only_schedule_or_of_any_of_them() {
        let texts =
            ["every 6h", "daily 02:00 Europe/Berlin", "any(every 7m; every 5m)", "daily 02:00 Europe/Berlin"];
        for count in 1..=texts.len() {
            let texts = &texts[..count];
            let (own, parts) = (several(texts), texts.iter().map(|text| parse(text).unwrap()));
            let union = any_of(parts).unwrap();
            let expected = if count == 1 { texts[0].to_owned() } else { union.spec() };
            assert_eq!(own.spec(), expected);
            match count {
                1 => assert_eq!(own.describe(), "every 6 hours"),
                2 => assert_eq!(own.describe(), union.describe()),
                _ => {}
            }
            assert!(own.has_spec(&expected));
        }
    }

    #[test]
    fn another_spelling_or_order_is_the_same_schedule_and_more_or_fewer_are_another() {
        let own = several(&["every 2h", "daily 02:00,14:00", "any(every 7m; every 5m)"]);
        for (stored, is_same) in [
            ("any(any(every 7m; every 5m); every 120m; daily 14:00,02:00)", true),
            ("any(every 120m;daily 02:00,14:00;any(every 5m; every 7m))", true),
            ("any(every 2h; daily 02:00,14:00)", false),
            ("any(every 2h; daily 02:00,14:00; every 7m; every 5m)", false),
            ("any(every 2h; daily 02:00,14:00; any(every 7m; every 5m); every 1m)", false),
            ("every 2h", false),
            ("any(", false),
            ("any()", false),
            ("", false),
        ] {
            assert_eq!(own.has_spec(stored), is_same, "{stored}");
        }
        assert!(several(&["every 2h"]).has_spec("every 120m"));
    }

    proptest! {
        #[test]
        fn it_is_due_when_one_of_the_schedules_is_with_the_parameters_of_all_that_are(
            periods in prop::collection::vec(1_u64..40, 1..5), start in 0_u64..2_000,
        ) {
            let texts: Vec<_> = periods.iter().map(|period| format!("every {period}s")).collect();
            let schedule = |text: &String| parse(text).unwrap();
            let own = periods.iter().zip(&texts).fold(Several::default(), |several, (period, text)| {
                let params = Params::new().with(period.to_string(), "").with("last", period.to_string());
                several.with(Arc::new(schedule(text)), params)
            });
            let union = AnySchedule::new(any_of(texts.iter().map(schedule)).unwrap());
            let mut at = UtcDateTime::UNIX_EPOCH + Duration::from_secs(start);
            for _ in 0..20 {
                prop_assert_eq!(own.previous(at), union.previous(at));
                prop_assert_eq!(own.next(at), union.next(at));
                at = own.next(at).unwrap();
                let seconds = at.unix_timestamp().unsigned_abs();
                let due: Vec<_> = periods.iter().filter(|period| seconds.is_multiple_of(**period)).collect();
                let mut expected: Params = due.iter().map(|period| (period.to_string(), "")).collect();
                expected.insert("last", due.last().unwrap().to_string());
                prop_assert_eq!(own.params_at(at).unwrap(), expected);
                let between = at + Duration::from_millis(1);
                prop_assert_eq!(own.params_at(between).unwrap(), Params::new());
            }
        }
    }
}
