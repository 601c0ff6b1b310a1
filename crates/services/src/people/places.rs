use drishti_lake::{EventFilter, PlaceSeen};
use drishti_model::{SourceName, SourceScope, TimeRange};

pub use drishti_lake::PLACES_MAX;

use super::directory::Part;
use crate::{ServiceError, Services};

impl Services {
    /// Where the events came from that a person did within a time, by place, the most frequent first, at most [`PLACES_MAX`]. Events
    /// whose address says no place are counted together, without one.
    pub async fn places_of(
        &self,
        known_as: &str,
        source: Option<&SourceName>,
        scope: &SourceScope,
        range: TimeRange,
    ) -> Result<Vec<PlaceSeen>, ServiceError> {
        let directory = self.directory().await?;
        let id = self.person_id(&directory, known_as, source, scope).await?;
        // Events have e-mail addresses as Asana wrote them, an id has them in small letters.
        let names = directory
            .find(&id)
            .into_iter()
            .flat_map(|person| &person.parts)
            // What a source that they may not see calls somebody says nothing of the events that they may.
            .filter(|part| {
                source.is_none_or(|source| *part.source == *source) && scope.has(&part.source)
            });
        let as_written = names
            .flat_map(Part::names)
            .find(|name| name.eq_ignore_ascii_case(&id));
        let actor = as_written.unwrap_or(&id).to_owned();
        let filter = EventFilter {
            source: source.map(ToString::to_string),
            scope: scope.clone(),
            range: Some(range),
            actor: Some(actor),
            ..EventFilter::default()
        };
        Ok(self.lake.places(&filter).await?)
    }
}
