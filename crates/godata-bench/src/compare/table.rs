//! The figures as Markdown tables.

use std::fmt;
use std::fmt::{Display, Formatter};

use super::cases::Case;
use super::measure::Usage;

/// The measurements of a case: for each round, one per program.
pub(super) struct Table<'a> {
    pub(super) case: &'a Case,
    pub(super) rounds: Vec<Vec<Usage>>,
}

impl Table<'_> {
    /// The median over the rounds.
    fn median(&self, figure: impl Fn(&[Usage]) -> f64) -> f64 {
        let mut figures: Vec<_> = self.rounds.iter().map(|round| figure(round)).collect();
        crate::quantile(&mut figures, 0.5)
    }

    /// The positions of the programs that others are compared with.
    fn references(&self) -> impl Iterator<Item = usize> {
        let place = |name: &&str| self.case.programs.iter().position(|program| program.name == *name);
        self.case.references.iter().filter_map(place)
    }
}

impl Display for Table<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Case { name, title, programs, .. } = self.case;
        write!(f, "### {name}: {title}\n\n| | wall s | CPU s | memory MiB |")?;
        for reference in self.references() {
            write!(f, " wall, CPU / {} |", programs[reference].name)?;
        }
        write!(f, "\n|---|---|---|---|")?;
        self.references().try_for_each(|_| write!(f, "---|"))?;
        for (index, program) in programs.iter().enumerate() {
            let wall = self.median(|round| round[index].wall);
            let cpu = self.median(|round| round[index].cpu);
            let memory = self.median(|round| round[index].memory);
            write!(f, "\n| {} | {wall:.3} | {cpu:.3} | {memory:.0} |", program.name)?;
            for reference in self.references() {
                let wall = self.median(|round| round[index].wall / round[reference].wall);
                let cpu = self.median(|round| round[index].cpu / round[reference].cpu);
                write!(f, " {wall:.2}, {cpu:.2} |")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::programs::Program;

    #[test]
    fn ratios_are_medians_of_rounds() {
        let program = |name: &str| Program { name: name.to_owned(), command: Vec::new() };
        let case = Case {
            name: "case",
            title: "title".to_owned(),
            programs: vec![program("ours"), program("theirs")],
            references: &["ours"],
            is_same_output: true,
        };
        let usage = |wall| Usage { wall, cpu: 2.0 * wall, memory: 10.0 };
        let round = |ours, theirs| vec![usage(ours), usage(theirs)];
        // In the last round the machine was busy.
        let rounds = vec![round(1.0, 2.0), round(1.0, 4.0), round(10.0, 30.0)];
        let expected = "\
            ### case: title\n\n\
            | | wall s | CPU s | memory MiB | wall, CPU / ours |\n\
            |---|---|---|---|---|\n\
            | ours | 1.000 | 2.000 | 10 | 1.00, 1.00 |\n\
            | theirs | 4.000 | 8.000 | 10 | 3.00, 3.00 |";
        assert_eq!(Table { case: &case, rounds }.to_string(), expected);
    }
}
