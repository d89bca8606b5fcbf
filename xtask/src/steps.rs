//! Steps, one after the other, and the table of them.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::sh::Result;

/// How a step ended that did not fail.
pub(crate) enum Done {
    /// It was done.
    Yes,
    /// It was not, for this reason.
    Skipped(String),
}

/// The steps so far.
#[derive(Default)]
pub(crate) struct Steps {
    rows: Vec<Row>,
}

struct Row {
    name: &'static str,
    outcome: String,
    time: Duration,
}

impl Steps {
    /// Does one step. An error ends the run: the table is printed up to here.
    pub(crate) fn step(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<Done>,
    ) -> Result<()> {
        eprintln!("\n── {name}");
        let start = Instant::now();
        let result = work();
        let outcome = match &result {
            Ok(Done::Yes) => "ok".to_owned(),
            Ok(Done::Skipped(why)) => {
                eprintln!("skipped: {why}");
                format!("skipped: {why}")
            }
            Err(_) => "FAILED".to_owned(),
        };
        self.rows.push(Row {
            name,
            outcome,
            time: start.elapsed(),
        });
        match result {
            Ok(_) => Ok(()),
            Err(error) => {
                eprint!("{}", self.table());
                Err(format!("step \"{name}\" failed: {error}"))
            }
        }
    }

    /// Name, time and outcome of each step.
    pub(crate) fn table(&self) -> String {
        let width = self
            .rows
            .iter()
            .map(|row| row.name.len())
            .max()
            .unwrap_or(0);
        let mut table = String::from("\n");
        for row in &self.rows {
            let _ = writeln!(
                table,
                "  {:width$}  {:>7.1} s  {}",
                row.name,
                row.time.as_secs_f64(),
                row.outcome
            );
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_shows_each_step_and_a_failure_names_its_step() {
        let mut steps = Steps::default();
        steps.step("good", || Ok(Done::Yes)).unwrap();
        steps
            .step("left out", || Ok(Done::Skipped("no such tool".into())))
            .unwrap();
        let error = steps.step("bad", || Err("it broke".into())).unwrap_err();
        assert_eq!(error, "step \"bad\" failed: it broke");
        let table = steps.table();
        assert!(table.contains("good          0.0 s  ok"), "{table}");
        assert!(table.contains("skipped: no such tool"), "{table}");
        assert!(table.contains("FAILED"), "{table}");
    }
}
