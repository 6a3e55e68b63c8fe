//! Changing what is said of a series. The texts are attributes of its item, so
//! that one write under the condition that the series is live does it, and those
//! that a change leaves out stay whatever others write at the same time.
//!
//! An item is billed by the KiB, and each registration writes it: with texts of
//! some hundred characters a registration costs two write units, not one.

use aws_sdk_dynamodb::types::AttributeValue;
use tidemark_core::about::{AboutChange, Edit};
use tidemark_core::name::SeriesKey;
use tidemark_ports::error::{Kind, Result, StoreError};

use super::register::{Refused, refused};
use super::{CatalogTable, item_key};
use crate::calls::{Undone, retry};
use crate::dynamodb::batch::tried_once;
use crate::dynamodb::item::text;

const DESCRIBING: &str = "changing what is said of a series";

/// What an update does with the texts.
#[derive(Debug, Default, PartialEq, Eq)]
struct Parts {
    set: Vec<(&'static str, String)>,
    removed: Vec<&'static str>,
}

impl Parts {
    fn of(change: &AboutChange) -> Self {
        let mut parts = Self::default();
        parts.add("title", &change.title);
        parts.add("unit", &change.unit);
        parts.add("note", &change.note);
        parts
    }

    fn add<T: Clone + Into<String>>(&mut self, attribute: &'static str, edit: &Edit<T>) {
        match edit {
            Edit::Keep => {}
            Edit::Clear => self.removed.push(attribute),
            Edit::Set(text) => self.set.push((attribute, text.clone().into())),
        }
    }

    /// The expression, in which `#title` is the attribute and `:title` its text.
    fn expression(&self) -> String {
        let set: Vec<String> = self
            .set
            .iter()
            .map(|(attribute, _)| format!("#{attribute} = :{attribute}"))
            .collect();
        let removed: Vec<String> = self.removed.iter().map(|a| format!("#{a}")).collect();
        let clause = |word: &str, parts: &[String]| match parts {
            [] => None,
            parts => Some(format!("{word} {}", parts.join(", "))),
        };
        let clauses = [clause("SET", &set), clause("REMOVE", &removed)];
        let clauses: Vec<String> = clauses.into_iter().flatten().collect();
        clauses.join(" ")
    }
}

impl CatalogTable {
    pub(super) async fn say(&self, series: &SeriesKey, change: &AboutChange) -> Result<bool> {
        if change.is_empty() {
            let entry = self.entry(series).await?;
            return Ok(entry.is_some_and(|entry| entry.listing.live));
        }
        let parts = Parts::of(change);
        let one = async |()| ((), self.try_to_say(series, &parts).await);
        retry((), one).await.1
    }

    async fn try_to_say(
        &self,
        series: &SeriesKey,
        parts: &Parts,
    ) -> std::result::Result<bool, Undone> {
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item_key(&series.tenant, series.name.as_str())))
            .update_expression(parts.expression())
            .condition_expression("#live = :live")
            .expression_attribute_names("#live", "live")
            .expression_attribute_values(":live", AttributeValue::Bool(true));
        for (attribute, value) in &parts.set {
            update = update
                .expression_attribute_names(format!("#{attribute}"), *attribute)
                .expression_attribute_values(format!(":{attribute}"), text(value));
        }
        for attribute in &parts.removed {
            update = update.expression_attribute_names(format!("#{attribute}"), *attribute);
        }
        let update = update.customize().config_override(tried_once());
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) => match refused(error, DESCRIBING).map_err(Undone::of)? {
                Refused::Condition(_) => Ok(false),
                Refused::Conflict => Err(Undone::Contended(StoreError::new(
                    Kind::Unavailable,
                    DESCRIBING,
                ))),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use tidemark_core::about::Label;

    use super::*;

    #[test]
    fn what_is_kept_is_not_written() {
        let set = |text: &str| Edit::Set(Label::new(text).unwrap());
        let of = |title, unit| {
            let change = AboutChange {
                title,
                unit,
                note: Edit::Keep,
            };
            Parts::of(&change).expression()
        };
        assert_eq!(of(set("a"), Edit::Keep), "SET #title = :title");
        assert_eq!(of(set("a"), set("W")), "SET #title = :title, #unit = :unit");
        assert_eq!(of(Edit::Clear, Edit::Clear), "REMOVE #title, #unit");
        assert_eq!(of(Edit::Clear, set("W")), "SET #unit = :unit REMOVE #title");
    }
}
