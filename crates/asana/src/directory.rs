use chrono::{DateTime, Utc};
use futures::{Stream, TryStreamExt as _, stream};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::client::{Call, Client, PAGE_LIMIT, checked};
use crate::error::{AsanaError, Endpoint};
use crate::event::Rejection;

/// Most pages of one directory list, half a million elements.
pub const DIRECTORY_PAGES_MAX: usize = 5_000;

/// A person or service account, as Asana's user records have it. Roles and status are in [`Membership`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct User {
    /// Asana's id.
    pub gid: String,
    /// Display name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
}

/// A workspace or organisation that the token sees.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Workspace {
    /// Asana's id.
    pub gid: String,
    /// Display name.
    pub name: Option<String>,
}

/// One workspace or organisation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct WorkspaceDetails {
    /// Asana's id.
    pub gid: String,
    /// Display name.
    pub name: Option<String>,
    /// The organisation's e-mail domains; `None` where Asana did not say.
    pub email_domains: Option<Vec<String>>,
    /// Whether it is an organisation and not just a workspace.
    pub is_organization: Option<bool>,
}

/// A person in a workspace. A flag is `None` where Asana did not say.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "MembershipRecord")]
pub struct Membership {
    /// Asana's id of the membership.
    pub gid: String,
    /// Asana's id of the person.
    pub user_gid: String,
    /// Display name.
    pub user_name: Option<String>,
    /// E-mail address.
    pub user_email: Option<String>,
    /// Joined, or invited.
    pub is_active: Option<bool>,
    /// Some kind of admin.
    pub is_admin: Option<bool>,
    /// From another e-mail domain.
    pub is_guest: Option<bool>,
    /// With a view-only licence.
    pub is_view_only: Option<bool>,
    /// When the membership was made.
    pub created_at: Option<DateTime<Utc>>,
}

/// A team.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Team {
    /// Asana's id.
    pub gid: String,
    /// Display name.
    pub name: Option<String>,
    /// `secret`, `request_to_join` or `public`.
    pub visibility: Option<String>,
}

/// A person in a team. A flag is `None` where Asana did not say.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "TeamMembershipRecord")]
pub struct TeamMembership {
    /// Asana's id of the membership.
    pub gid: String,
    /// Asana's id of the person.
    pub user_gid: String,
    /// Display name.
    pub user_name: Option<String>,
    /// Admin of the team.
    pub is_admin: Option<bool>,
    /// From another e-mail domain.
    pub is_guest: Option<bool>,
    /// Sees only what is shared with them.
    pub is_limited_access: Option<bool>,
}

#[derive(Deserialize)]
struct MembershipRecord {
    gid: String,
    user: User,
    is_active: Option<bool>,
    is_admin: Option<bool>,
    is_guest: Option<bool>,
    is_view_only: Option<bool>,
    #[serde(default, deserialize_with = "time_if_readable")]
    created_at: Option<DateTime<Utc>>,
}

impl From<MembershipRecord> for Membership {
    fn from(record: MembershipRecord) -> Self {
        Self {
            gid: record.gid,
            user_gid: record.user.gid,
            user_name: record.user.name,
            user_email: record.user.email,
            is_active: record.is_active,
            is_admin: record.is_admin,
            is_guest: record.is_guest,
            is_view_only: record.is_view_only,
            created_at: record.created_at,
        }
    }
}

#[derive(Deserialize)]
struct TeamMembershipRecord {
    gid: String,
    user: User,
    is_admin: Option<bool>,
    is_guest: Option<bool>,
    is_limited_access: Option<bool>,
}

impl From<TeamMembershipRecord> for TeamMembership {
    fn from(record: TeamMembershipRecord) -> Self {
        Self {
            gid: record.gid,
            user_gid: record.user.gid,
            user_name: record.user.name,
            is_admin: record.is_admin,
            is_guest: record.is_guest,
            is_limited_access: record.is_limited_access,
        }
    }
}

/// A time that can't be read is one that Asana did not tell; a person is not left out for it.
fn time_if_readable<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text
        .and_then(|text| DateTime::parse_from_rfc3339(&text).ok())
        .map(|time| time.to_utc()))
}

/// What Asana wraps every answer in.
#[derive(Deserialize)]
struct Wrapped<T> {
    data: T,
    next_page: Option<NextPage>,
}

#[derive(Deserialize)]
struct NextPage {
    offset: String,
}

impl Client {
    /// Whose token it is: `GET /users/me`.
    pub async fn me(&self) -> Result<User, AsanaError> {
        let call = Call::new(Endpoint::Me, &["users", "me"]).with("opt_fields", "name,email");
        self.read(&call).await.map(|wrapped| wrapped.data)
    }

    /// Every workspace that the token sees: `GET /workspaces`.
    pub async fn workspaces(&self) -> Result<Vec<Workspace>, AsanaError> {
        let list = List::new(Endpoint::Workspaces, &["workspaces"], "name");
        self.pages(Ok(list)).try_concat().await
    }

    /// One workspace: `GET /workspaces/{gid}`.
    pub async fn workspace(&self, gid: &str) -> Result<WorkspaceDetails, AsanaError> {
        let endpoint = Endpoint::Workspace;
        let call = Call::new(endpoint, &["workspaces", checked(endpoint, gid)?])
            .with("opt_fields", "name,email_domains,is_organization");
        self.read(&call).await.map(|wrapped| wrapped.data)
    }

    /// The users of a workspace, page by page: `GET /users?workspace={gid}`. The stream ends after an error.
    pub fn users(
        &self,
        workspace_gid: &str,
    ) -> impl Stream<Item = Result<Vec<User>, AsanaError>> + Send + use<> {
        let list = checked(Endpoint::Users, workspace_gid).map(|gid| {
            let mut list = List::new(Endpoint::Users, &["users"], "name,email");
            list.call = list.call.with("workspace", gid);
            list
        });
        self.pages(list)
    }

    /// The people in a workspace, guests included, page by page: `GET /workspaces/{gid}/workspace_memberships`. The stream ends
    /// after an error.
    pub fn workspace_memberships(
        &self,
        workspace_gid: &str,
    ) -> impl Stream<Item = Result<Vec<Membership>, AsanaError>> + Send + use<> {
        let endpoint = Endpoint::WorkspaceMemberships;
        let list = checked(endpoint, workspace_gid).map(|gid| {
            List::new(
                endpoint,
                &["workspaces", gid, "workspace_memberships"],
                "user.name,user.email,is_active,is_admin,is_guest,is_view_only,created_at",
            )
        });
        self.pages(list)
    }

    /// The teams of a workspace that the token sees, page by page: `GET /workspaces/{gid}/teams`. The stream ends after an error.
    pub fn teams(
        &self,
        workspace_gid: &str,
    ) -> impl Stream<Item = Result<Vec<Team>, AsanaError>> + Send + use<> {
        let list = checked(Endpoint::Teams, workspace_gid).map(|gid| {
            List::new(
                Endpoint::Teams,
                &["workspaces", gid, "teams"],
                "name,visibility",
            )
        });
        self.pages(list)
    }

    /// The people in a team, page by page: `GET /teams/{gid}/team_memberships`. The stream ends after an error.
    pub fn team_memberships(
        &self,
        team_gid: &str,
    ) -> impl Stream<Item = Result<Vec<TeamMembership>, AsanaError>> + Send + use<> {
        let endpoint = Endpoint::TeamMemberships;
        let list = checked(endpoint, team_gid).map(|gid| {
            List::new(
                endpoint,
                &["teams", gid, "team_memberships"],
                "user.name,is_admin,is_guest,is_limited_access",
            )
        });
        self.pages(list)
    }

    async fn read<T: DeserializeOwned>(&self, call: &Call) -> Result<Wrapped<T>, AsanaError> {
        self.get(call, |answer| {
            serde_json::from_slice(&answer.body)
                .map_err(|error| Rejection::json("not the expected json", &error))
        })
        .await
    }

    /// The pages of `list` until one has no `next_page`, which is how lists other than the audit log end.
    fn pages<T: DeserializeOwned + Send>(
        &self,
        list: Result<List, AsanaError>,
    ) -> impl Stream<Item = Result<Vec<T>, AsanaError>> + Send + use<T> {
        let client = self.clone();
        stream::try_unfold(Some(list), move |list| {
            let client = client.clone();
            async move {
                let Some(list) = list.transpose()? else {
                    return Ok(None);
                };
                let page: Wrapped<Vec<T>> = client.read(&list.call).await?;
                Ok(Some((page.data, list.after(page.next_page)?.map(Ok))))
            }
        })
    }
}

/// A directory list and how far it has been read.
struct List {
    call: Call,
    pages_read: usize,
}

impl List {
    fn new(endpoint: Endpoint, path: &[&str], fields: &str) -> Self {
        let call = Call::new(endpoint, path)
            .with("limit", PAGE_LIMIT.to_string())
            .with("opt_fields", fields);
        Self {
            call,
            pages_read: 0,
        }
    }

    /// What is left of the list after one more page.
    fn after(mut self, next: Option<NextPage>) -> Result<Option<Self>, AsanaError> {
        let Some(next) = next else {
            return Ok(None);
        };
        self.pages_read += 1;
        if self.pages_read == DIRECTORY_PAGES_MAX {
            return Err(AsanaError::TooManyPages {
                endpoint: self.call.endpoint,
            });
        }
        self.call = self.call.with("offset", next.offset);
        Ok(Some(self))
    }
}
