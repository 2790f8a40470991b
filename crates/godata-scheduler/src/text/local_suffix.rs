//! The end of the text of a schedule with local times: the zone and the policies for clock changes.

use std::fmt;

use crate::{Dst, DstGap, DstOverlap, ScheduleError, Zone};

/// ` Europe/Berlin gap=shift overlap=last`, without the parts that are the default.
pub(crate) struct LocalSuffix<'a> {
    zone: &'a Zone,
    dst: Dst,
}

impl<'a> LocalSuffix<'a> {
    pub(crate) fn of(zone: &'a Zone, dst: Dst) -> Self {
        Self { zone, dst: policy_in(zone, dst) }
    }

    /// Splits a text into the words before the options, and the value of the options.
    pub(crate) fn split(body: &str) -> Result<(Vec<&str>, Dst), ScheduleError> {
        let mut words: Vec<&str> = body.split_whitespace().collect();
        let (mut gap, mut overlap) = (None, None);
        while let Some((key, value)) = words.last().and_then(|word| word.split_once('=')) {
            let invalid =
                |expected| ScheduleError::invalid("option", format_args!("{key}={value}"), expected);
            match key.to_ascii_lowercase().as_str() {
                "gap" if gap.is_none() => {
                    let known = [DstGap::RunAfter, DstGap::Shift, DstGap::Skip];
                    let found = known.into_iter().find(|gap| gap.to_string().eq_ignore_ascii_case(value));
                    gap = Some(found.ok_or_else(|| invalid("gap=run-after, gap=shift or gap=skip"))?);
                }
                "overlap" if overlap.is_none() => {
                    let known = [DstOverlap::First, DstOverlap::Last, DstOverlap::Both];
                    let found =
                        known.into_iter().find(|overlap| overlap.to_string().eq_ignore_ascii_case(value));
                    overlap =
                        Some(found.ok_or_else(|| invalid("overlap=first, overlap=last or overlap=both"))?);
                }
                "tz" | "cron_tz" | "zone" | "timezone" => {
                    let zone = || Zone::new(value).ok().map(|zone| zone.to_string());
                    return Err(invalid("the zone by its name alone, such as `Europe/Berlin`").meaning(zone));
                }
                _ => return Err(invalid("gap=… and overlap=…, each at most once")),
            }
            words.pop();
        }
        Ok((words, Dst { gap: gap.unwrap_or_default(), overlap: overlap.unwrap_or_default() }))
    }
}

impl fmt::Display for LocalSuffix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let default = Dst::default();
        if !self.zone.is_utc() {
            write!(f, " {}", self.zone)?;
        }
        if self.dst.gap != default.gap {
            write!(f, " gap={}", self.dst.gap)?;
        }
        if self.dst.overlap != default.overlap {
            write!(f, " overlap={}", self.dst.overlap)?;
        }
        Ok(())
    }
}

/// The policy, or the default in UTC, whose clocks never change.
pub(crate) fn policy_in(zone: &Zone, dst: Dst) -> Dst {
    if zone.is_utc() { Dst::default() } else { dst }
}

/// `, Europe/Berlin time`, then the policies for clock changes that are not the default.
pub(crate) fn describe_local(zone: &Zone, dst: Dst) -> String {
    let dst = policy_in(zone, dst);
    let zone = if zone.is_utc() { ", UTC".to_owned() } else { format!(", {zone} time") };
    let gap = match dst.gap {
        DstGap::RunAfter => "",
        DstGap::Shift => ", moved later when the clocks skip it",
        DstGap::Skip => ", skipped when the clocks skip it",
    };
    let overlap = match dst.overlap {
        DstOverlap::First => "",
        DstOverlap::Last => ", the second time when the clocks repeat it",
        DstOverlap::Both => ", twice when the clocks repeat it",
    };
    zone + gap + overlap
}
