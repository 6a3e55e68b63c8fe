//! Which statistics are asked for, and how they are worked out.

use tidemark_core::portion::{TimeUnit, Ways};
use tidemark_core::segments::Interpolation;
use tidemark_core::stat::Stat;

use super::{Params, one_of, unexpected};
use crate::problem::Problem;

/// What is answered of a series unless it is said.
const DEFAULT_STATS: [Stat; 2] = [Stat::Avg, Stat::Sum];

/// What names all statistics that are answered together.
pub(crate) const ALL: &str = "all";

impl Params {
    /// Takes `stats`: names with commas between them, each answered once, where it
    /// is first named; `all` names those of [`Stat::ALL`] that are not named yet.
    pub fn take_stats(&mut self) -> Result<Vec<Stat>, Problem> {
        let Some(text) = self.take_text("stats") else {
            return Ok(DEFAULT_STATS.to_vec());
        };
        let mut stats: Vec<Stat> = Vec::new();
        let mut add = |stat: Stat| {
            if !stats.contains(&stat) {
                stats.push(stat);
            }
        };
        for name in text.split(',') {
            match name.parse() {
                Ok(stat) => add(stat),
                Err(_) if name == ALL => Stat::ALL.into_iter().for_each(&mut add),
                Err(_) => return Err(unexpected("stats", expected(), name)),
            }
        }
        Ok(stats)
    }

    /// Takes `interpolate` and `unit`, which change nothing of statistics that they do
    /// not concern.
    pub fn take_ways(&mut self) -> Result<Ways, Problem> {
        let interpolate = self.take_choice("interpolate", &Interpolation::CHOICES)?;
        let unit = self.take_choice("unit", &TimeUnit::CHOICES)?;
        Ok(Ways {
            interpolate: interpolate.unwrap_or_default(),
            unit: unit.unwrap_or_default(),
        })
    }
}

fn expected() -> String {
    let names: Vec<_> = Stat::named().map(Stat::name).collect();
    let names = one_of(names.iter().map(AsRef::as_ref).chain([ALL]));
    format!(
        "a list, with commas, of any of {names}, or a quantile as `p99.9`, of 0 to 100 per cent with up to 9 decimals"
    )
}
