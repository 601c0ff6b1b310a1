//! Sources that stand in a configuration file: made or brought in line at each start.

use drishti_model::{DesiredState, SourceName};

use super::AddSource;
use crate::{ServiceError, Services, Source, SourceChange};

impl Services {
    /// Sees to it that a source is as `declared`: adds it, or changes what differs. A source that was made of one of several
    /// workspaces is brought in line under its longer name.
    pub async fn declare_source(&self, declared: AddSource) -> Result<Vec<Source>, ServiceError> {
        let known: Vec<Source> = self
            .ledger
            .sources()
            .await?
            .into_iter()
            .filter(|source| is_meant(&declared, source))
            .collect();
        if known.is_empty() {
            return self.add_source(declared).await;
        }
        let mut sources = Vec::new();
        for source in known {
            sources.push(self.bring_in_line(source, &declared).await?);
        }
        Ok(sources)
    }

    async fn bring_in_line(
        &self,
        source: Source,
        declared: &AddSource,
    ) -> Result<Source, ServiceError> {
        let mut profile = declared.profile.clone();
        profile.workspace_gid = declared
            .workspace_gid
            .clone()
            .or_else(|| source.profile.workspace_gid.clone());
        let token = match &declared.token {
            Some(token) if self.ledger.token(&source.name).await?.as_ref() != Some(token) => {
                Some(token.clone())
            }
            _ => None,
        };
        let change = SourceChange {
            profile: (profile != source.profile).then_some(profile),
            token,
            declared: (declared.declared != source.declared).then_some(declared.declared),
            desired: (source.desired == DesiredState::Removed).then_some(DesiredState::Running),
        };
        let is_change = change.profile.is_some()
            || change.token.is_some()
            || change.declared.is_some()
            || change.desired.is_some();
        if is_change {
            self.change_source(source, change, None).await
        } else {
            Ok(source)
        }
    }

    /// Lets sources that a configuration file declared once, and that are not among `declared` any more, be changed and removed like
    /// any other; returns their names. They go on being collected.
    pub async fn release_undeclared(
        &self,
        declared: &[AddSource],
    ) -> Result<Vec<SourceName>, ServiceError> {
        let mut released = Vec::new();
        for source in self.ledger.sources().await? {
            let is_declared = declared.iter().any(|declared| is_meant(declared, &source));
            if source.declared && !is_declared {
                let change = SourceChange {
                    declared: Some(false),
                    ..SourceChange::default()
                };
                let name = source.name.clone();
                self.change_source(source, change, None).await?;
                released.push(name);
            }
        }
        Ok(released)
    }
}

fn is_meant(declared: &AddSource, source: &Source) -> bool {
    let of_several = || {
        let gid = source.profile.workspace_gid.as_deref()?;
        let name = source.name.as_str().strip_prefix(declared.name.as_str())?;
        Some(declared.workspace_gid.is_none() && name.strip_prefix('-') == Some(gid))
    };
    source.name == declared.name || of_several().unwrap_or(false)
}
