//! The numbers, for people and for programs.

use std::fmt;

use serde_json::{Value, json};

/// Rows under a description of the machine.
#[derive(Debug)]
pub(crate) struct Table {
    machine: Vec<(&'static str, String)>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    what: String,
    value: String,
    goal: Option<(String, bool)>,
    numbers: Value,
}

impl Table {
    pub(crate) fn new(machine: Vec<(&'static str, String)>) -> Self {
        Self {
            machine,
            rows: Vec::new(),
        }
    }

    /// One result, and whether the goal is met, if there is one.
    pub(crate) fn row(
        &mut self,
        what: &str,
        value: String,
        goal: Option<(&str, bool)>,
        numbers: Value,
    ) {
        eprintln!("{what}: {value}");
        self.rows.push(Row {
            what: what.to_owned(),
            value,
            goal: goal.map(|(goal, met)| (goal.to_owned(), met)),
            numbers,
        });
    }

    pub(crate) fn json(&self) -> String {
        let machine: serde_json::Map<String, Value> = self
            .machine
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_str().into()))
            .collect();
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "what": row.what, "value": row.value, "numbers": row.numbers,
                    "goal": row.goal.as_ref().map(|(goal, _)| goal),
                    "met": row.goal.as_ref().map(|(_, met)| met),
                })
            })
            .collect();
        format!("{:#}\n", json!({"machine": machine, "rows": rows}))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        for (name, value) in &self.machine {
            writeln!(f, "{name}: {value}")?;
        }
        writeln!(f)?;
        let wide =
            |text: fn(&Row) -> &str| self.rows.iter().map(|row| text(row).chars().count()).max();
        let (what, value) = (
            wide(|row| &row.what).unwrap_or(0),
            wide(|row| &row.value).unwrap_or(0),
        );
        for row in &self.rows {
            let verdict = match &row.goal {
                Some((goal, true)) => format!("goal {goal}: met"),
                Some((goal, false)) => format!("goal {goal}: NOT MET"),
                None => String::new(),
            };
            let line = format!("{:what$}  {:value$}  {verdict}", row.what, row.value);
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// Samples of one thing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(pub(crate) Vec<f64>);

impl Samples {
    pub(crate) fn median(&self) -> f64 {
        self.at(0.5)
    }

    pub(crate) fn p99(&self) -> f64 {
        self.at(0.99)
    }

    fn at(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let index = (sorted.len() as f64 * share) as usize;
        sorted
            .get(index.min(sorted.len().saturating_sub(1)))
            .copied()
            .unwrap_or(f64::NAN)
    }

    pub(crate) fn json(&self) -> Value {
        json!({"n": self.0.len(), "median": self.median(), "p99": self.p99()})
    }
}

#[cfg(test)]
mod tests {
    use super::Samples;

    #[test]
    fn median_and_p99_are_samples() {
        let samples = Samples((1..=200).rev().map(f64::from).collect());
        assert_eq!((samples.median(), samples.p99()), (101.0, 199.0));
        assert!(Samples::default().median().is_nan());
    }
}
