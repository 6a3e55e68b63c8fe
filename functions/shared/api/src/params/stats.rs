//! Which statistics are asked for.

use tidemark_core::stat::Stat;

use super::Params;
use crate::problem::Problem;

/// What is answered of a series unless it is said.
const DEFAULT_STATS: [Stat; 2] = [Stat::Avg, Stat::Sum];

impl Params {
    /// Takes `stats`: names with commas between them, each answered once, where it
    /// is first named; `all` names those that are not named yet.
    pub fn take_stats(&mut self) -> Result<Vec<Stat>, Problem> {
        let names = Stat::ALL.map(|stat| (stat.name(), stat));
        let mut choices: Vec<(&str, Option<Stat>)> = names
            .iter()
            .map(|(name, stat)| (name.as_ref(), Some(*stat)))
            .collect();
        choices.push(("all", None));
        let Some(asked) = self.take_choices("stats", &choices)? else {
            return Ok(DEFAULT_STATS.to_vec());
        };
        let mut stats: Vec<Stat> = Vec::new();
        let mut add = |stat: Stat| {
            if !stats.contains(&stat) {
                stats.push(stat);
            }
        };
        for asked in asked {
            match asked {
                Some(stat) => add(stat),
                None => Stat::ALL.into_iter().for_each(&mut add),
            }
        }
        Ok(stats)
    }
}
