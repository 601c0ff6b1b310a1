//! What a query can ask: tables, their columns and what these mean, and functions.

use drishti_model::SourceScope;

use crate::search::{ACCOUNT_COLUMNS, SOURCE_COLUMNS};
use crate::{QueryLimits, ServiceError, Services, ValueKind};

/// A table that a query can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryTable {
    /// Its name.
    pub name: &'static str,
    /// What a row of it is.
    pub meaning: &'static str,
    /// Its columns.
    pub columns: Vec<QueryColumn>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryColumn {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub kind: ValueKind,
    /// What they mean; empty for a column of a newer version.
    pub meaning: &'static str,
}

const EVENT_MEANINGS: &[(&str, &str)] = &[
    ("source", "Name of the source that brought it"),
    ("gid", "Asana's id of the event"),
    ("created_at", "When it happened (UTC)"),
    ("event_type", "What happened, such as user_login_failed"),
    ("event_category", "Asana's category, such as logins"),
    ("actor_type", "Kind of actor: user, asana, anonymous …"),
    ("actor_gid", "Asana's id of who did it"),
    ("actor_name", "Name of who did it"),
    ("actor_email", "E-mail address of who did it"),
    ("resource_type", "Kind of thing that it was done to"),
    ("resource_subtype", "Its kind more exactly"),
    ("resource_gid", "Asana's id of the thing"),
    ("resource_name", "Name of the thing"),
    (
        "resource_email",
        "E-mail address, where the thing is a person",
    ),
    ("context_type", "By what: web, api, mobile …"),
    (
        "api_authentication_method",
        "How the API was authenticated with",
    ),
    ("client_ip_address", "Client address, as Asana wrote it"),
    ("user_agent", "What the client calls itself"),
    ("oauth_app_name", "Name of the OAuth app"),
    ("rule_name", "Name of the rule that acted"),
    (
        "on_behalf_of_user_id",
        "Id of the person that it was done for",
    ),
    ("details", "More about the event, as JSON text"),
    ("extra", "Whatever else Asana sent, as JSON text"),
    ("batch", "Number of the source's batch that brought it"),
    ("collected_at", "When it was collected (UTC)"),
    (
        "event_date",
        "Day of created_at (UTC); filter by it, days are read apart",
    ),
    ("ip_country", "Country of the address, two letters"),
    ("ip_region", "Region or state of the address"),
    ("ip_city", "City of the address"),
    ("ip_latitude", "Degrees, north positive"),
    ("ip_longitude", "Degrees, east positive"),
    ("ip_asn", "Number of the autonomous system"),
    ("ip_organization", "Who runs the network of the address"),
    (
        "ip_category",
        "corporate, vpn, cloud_provider, risky … or other",
    ),
    ("ip_tags", "Tags of the address, separated by commas"),
    ("device_browser", "Browser, application or library"),
    ("device_os", "Operating system"),
    ("device_kind", "pc, mobile, tablet, program or other"),
    (
        "device_tags",
        "outdated_browser, outdated_os, robot; separated by commas",
    ),
    (
        "p_any_emails",
        "Every e-mail address in the event: array_has(p_any_emails, '…')",
    ),
    ("p_any_usernames", "Every name of a person in the event"),
    ("p_any_ip_addresses", "Every address in the event"),
];

const SOURCE_MEANINGS: &[(&str, &str)] = &[
    ("name", "Name of the source, as in events.source"),
    ("_source", "The same, as Sumo Logic calls it"),
    ("_source_category", "Its category"),
    (
        "_sourceCategory",
        "The same, as Sumo Logic calls it; wants quotes",
    ),
    ("fields", "Its fields, as JSON text"),
    ("description", "What it is"),
    ("workspace_gid", "Asana's id of the organisation"),
];

const ACCOUNT_MEANINGS: &[(&str, &str)] = &[
    ("source", "Name of the source"),
    (
        "user_gid",
        "Asana's id of the person, as in events.actor_gid",
    ),
    ("name", "Name"),
    ("email", "E-mail address"),
    ("role", "Role in the organisation"),
    ("status", "Whether the account is active"),
    ("joined_at", "Since when (UTC), as text"),
];

impl Services {
    /// The tables that a query can read, and their columns.
    pub async fn query_tables(&self) -> Result<Vec<QueryTable>, ServiceError> {
        let sql = "select * from events limit 0";
        let limits = QueryLimits::default();
        let events = self.query(sql, &limits, &SourceScope::All).await?;
        let columns = events.columns().into_iter().zip(events.kinds());
        let text = |name: &&str| ((*name).to_owned(), ValueKind::Text);
        Ok(vec![
            QueryTable {
                name: "events",
                meaning: "One event of the audit log",
                columns: described(columns, EVENT_MEANINGS),
            },
            QueryTable {
                name: "sources",
                meaning: "One source",
                columns: described(SOURCE_COLUMNS.iter().map(text), SOURCE_MEANINGS),
            },
            QueryTable {
                name: "accounts",
                meaning: "One account of a person",
                columns: described(ACCOUNT_COLUMNS.iter().map(text), ACCOUNT_MEANINGS),
            },
        ])
    }

    /// Names of the functions that a query can call.
    pub fn query_functions(&self) -> Vec<String> {
        self.lake.functions().into_iter().collect()
    }
}

fn described(
    columns: impl Iterator<Item = (String, ValueKind)>,
    meanings: &[(&'static str, &'static str)],
) -> Vec<QueryColumn> {
    columns
        .map(|(name, kind)| {
            let meaning = meanings.iter().find(|(known, _)| *known == name);
            QueryColumn {
                meaning: meaning.map_or("", |(_, meaning)| *meaning),
                name,
                kind,
            }
        })
        .collect()
}
