//! The lines of the tables.

use crate::compare::Usage;
use crate::quantile;

pub(super) const HEAD: &str =
    "| operator | program | wall s | CPU s | memory MiB | wall, CPU / godata |\n|---|---|---|---|---|---|";

fn median(mut figures: Vec<f64>) -> f64 {
    quantile(&mut figures, 0.5)
}

/// One program's figures for one operator: medians, and the ratios to those of godata in the same round.
pub(super) fn line(
    operator: &str,
    program: &str,
    usages: &[Result<Usage, String>],
    own: &[Result<Usage, String>],
) -> String {
    if usages.iter().any(Result::is_err) {
        return format!("| {operator} | {program} | fails | | | |");
    }
    let figure = |of: fn(&Usage) -> f64| median(usages.iter().flatten().map(of).collect());
    let ratio = |of: fn(&Usage) -> f64| {
        let pairs = usages.iter().flatten().zip(own.iter().flatten());
        median(pairs.map(|(usage, own)| of(usage) / of(own)).collect())
    };
    let (wall, cpu, memory) = (figure(|u| u.wall), figure(|u| u.cpu), figure(|u| u.memory));
    let (wall_ratio, cpu_ratio) = (ratio(|u| u.wall), ratio(|u| u.cpu));
    format!(
        "| {operator} | {program} | {wall:.2} | {cpu:.2} | {memory:.0} | {wall_ratio:.2}, {cpu_ratio:.2} |"
    )
}
