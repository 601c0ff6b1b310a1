use crate::error::{AsanaError, Endpoint};

impl AsanaError {
    /// What an administrator can do about it, in plain words (`asana-api.md`, sections 2.1 and 4).
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Address { .. } => {
                "Use the https address of Asana's API, https://app.asana.com/api/1.0. Plain http is only accepted on this \
                 machine, because the token would travel in the clear."
            }
            Self::TokenUnusable => {
                "Paste the whole token of the service account, without quotation marks or line breaks inside."
            }
            Self::Setup { .. } => {
                "Check that this machine can make TLS connections, then start again."
            }
            Self::Gid { .. } => {
                "Use the number that Asana's Admin Console calls \"Domain ID\" as the workspace id."
            }
            Self::OffsetRefused { .. } => {
                "Nothing needs doing: collection continues from the time of the newest stored event."
            }
            Self::BadRequest { .. } => {
                "Check the workspace id: it is the number that Asana's Admin Console calls \"Domain ID\"."
            }
            Self::TokenRejected { .. } => {
                "The token is wrong, expired or revoked, or the workspace blocks its app. Ask a super admin for a new token of \
                 the service account (Admin Console, Apps, Service accounts) and enter it here."
            }
            Self::PlanTooLow { endpoint, .. } | Self::Forbidden { endpoint, .. } => {
                denied(*endpoint)
            }
            Self::NotFound { endpoint, .. } => not_found(*endpoint),
            Self::Embargoed { .. } => {
                "Asana refuses the country or network that this machine calls from. Run the collector somewhere else."
            }
            Self::RateLimited { .. } => {
                "Another program may use the same token: give each its own service account, or lower the requests per minute of \
                 this source. It is tried again by itself."
            }
            Self::Unavailable { .. } => {
                "Asana has a problem; see https://status.asana.com. It is tried again by itself."
            }
            Self::Redirected { .. } => {
                "Something between here and Asana answers in its place, or the API address is wrong. Use \
                 https://app.asana.com/api/1.0 and check the network's proxy or sign-in page. It is tried again by itself."
            }
            Self::UnexpectedStatus { .. } | Self::Broken { .. } => {
                "Check that the API address is Asana's and that no proxy changes its answers. It is tried again by itself."
            }
            Self::TimedOut { .. } | Self::Connection { .. } => {
                "Check that this machine reaches the API address: name resolution, firewall, TLS inspection. It is tried again \
                 by itself."
            }
            Self::BodyTooLarge { .. } => {
                "Check that the API address is Asana's. If it is, ask for fewer elements at once."
            }
            Self::TooManyPages { .. } => {
                "The list is longer than any that Asana is known to give. Check that the API address is Asana's."
            }
        }
    }
}

/// For 402 and 403, which no source tells apart for the audit log.
fn denied(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::AuditLog => {
            "Only a service account may read the audit log, with the scope \"Audit logs\", which is ticked when the account is \
             made (Admin Console, Apps, Service accounts; super admins only). The plan must be Enterprise+, Legacy Enterprise, or \
             Enterprise with the Compliance Management add-on. A person's own token is not enough."
        }
        Endpoint::Teams | Endpoint::TeamMemberships => {
            "The token does not see this team. Use the token of a service account with full permissions."
        }
        Endpoint::Me
        | Endpoint::Workspaces
        | Endpoint::Workspace
        | Endpoint::Users
        | Endpoint::WorkspaceMemberships => {
            "Use the token of a service account of this organisation (Admin Console, Apps, Service accounts) whose scopes \
             include users and workspaces."
        }
    }
}

fn not_found(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Me | Endpoint::Workspaces => {
            "The API address is not Asana's. Use https://app.asana.com/api/1.0."
        }
        Endpoint::Workspace
        | Endpoint::Users
        | Endpoint::WorkspaceMemberships
        | Endpoint::Teams => {
            "Check the workspace id (\"Domain ID\" in Asana's Admin Console), and that the token belongs to that organisation."
        }
        Endpoint::TeamMemberships => {
            "The team was deleted, or the token does not see it. Use the token of a service account."
        }
        Endpoint::AuditLog => {
            "Check the workspace id (\"Domain ID\" in Asana's Admin Console). If it is right, the organisation has no audit log \
             API: that needs Enterprise+, Legacy Enterprise, or Enterprise with the Compliance Management add-on."
        }
    }
}
