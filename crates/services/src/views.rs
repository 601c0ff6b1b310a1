//! Views of the web app's pages that people keep for themselves, or for all.

use drishti_ledger::{NewSavedView, SavedView, ViewAuthor, ViewPage};
use drishti_model::{Role, SourceName, SourceScope};
use url::form_urlencoded;

use crate::{ServiceError, Services};

/// Whose views these are, and what they may see.
#[derive(Clone, Copy, Debug)]
pub struct ViewReader<'a> {
    /// As the audit trail calls them.
    pub name: &'a str,
    /// What they may do.
    pub role: Role,
    /// Which sources they may see.
    pub scope: &'a SourceScope,
}

impl ViewReader<'_> {
    fn author(&self) -> ViewAuthor<'_> {
        ViewAuthor {
            name: self.name,
            removes_shared: self.role == Role::Admin && self.scope.is_all(),
        }
    }

    /// Whether a view says nothing about sources that they may not see.
    fn sees(&self, view: &SavedView) -> bool {
        view.owner == self.name || self.scope.is_all() || names_only(&view.view, self.scope)
    }
}

/// Whether all sources that a view names are in a scope. A query in SQL may name any.
fn names_only(view: &NewSavedView, scope: &SourceScope) -> bool {
    let mut named = form_urlencoded::parse(view.query.as_bytes());
    let sees = |source: &str| SourceName::new(source).is_ok_and(|source| scope.has(&source));
    view.page != ViewPage::Query
        && named.all(|(name, value)| match name.as_ref() {
            "source" => sees(&value),
            // A value that is chosen or left out, with the name of its field.
            "is" | "not" => value.strip_prefix("source:").is_none_or(sees),
            _ => true,
        })
}

impl Services {
    /// The views of `reader` and those that others share with them, by name.
    pub async fn saved_views(
        &self,
        reader: ViewReader<'_>,
    ) -> Result<Vec<SavedView>, ServiceError> {
        let mut views = self.ledger.saved_views(reader.name).await?;
        views.retain(|view| reader.sees(view));
        Ok(views)
    }

    /// Keeps a view.
    pub async fn add_view(
        &self,
        new: &NewSavedView,
        reader: ViewReader<'_>,
    ) -> Result<SavedView, ServiceError> {
        let now = self.clock.now();
        Ok(self.ledger.add_view(new, reader.author(), now).await?)
    }

    /// Lets an own view be another; with `expected_revision`, only where it still has it.
    pub async fn change_view(
        &self,
        id: i64,
        new: &NewSavedView,
        expected_revision: Option<i64>,
        reader: ViewReader<'_>,
    ) -> Result<SavedView, ServiceError> {
        let (ledger, now) = (&self.ledger, self.clock.now());
        let changed = ledger.change_view(id, new, expected_revision, reader.author(), now);
        Ok(changed.await?)
    }

    /// Removes an own view, or as an admin one that is shared; with `expected_revision`, only where it still has it.
    pub async fn remove_view(
        &self,
        id: i64,
        expected_revision: Option<i64>,
        reader: ViewReader<'_>,
    ) -> Result<(), ServiceError> {
        let (ledger, now) = (&self.ledger, self.clock.now());
        let removed = ledger.remove_view(id, expected_revision, reader.author(), now);
        Ok(removed.await?)
    }
}
