//! From the claims of a token to an operator.

use drishti_ledger::OpenIdIdentity;
use drishti_model::{Role, SourceScope};
use serde_json::{Map, Value};

use super::super::operators::check_name;
use super::{GroupRole, OpenIdError, OpenIdSettings};

/// Most characters of a name for people that are taken.
const DISPLAY_CHARACTERS_MAX: usize = 100;
/// Most groups that are looked at.
const GROUPS_MAX: usize = 5_000;

/// The claims of a verified token.
pub(super) type Claims = Map<String, Value>;

/// Who these claims are about, and what they may do here.
pub(super) fn of(
    settings: &OpenIdSettings,
    claims: &Claims,
) -> Result<OpenIdIdentity, OpenIdError> {
    let no_name = || OpenIdError::NoName(settings.name_claim.clone());
    let name = claim(claims, &settings.name_claim).and_then(Value::as_str);
    let name = name.ok_or_else(no_name)?.trim().to_lowercase();
    // Anybody can write any address into their profile, and some providers don't say whether it was proved.
    let is_unproved = settings.name_claim == "email"
        && !settings.accepts_unverified_email
        && !is_verified(claims);
    if is_unproved || check_name(&name).is_err() {
        return Err(no_name());
    }
    let (may, may_at_first) = what_they_may(settings, &groups(settings, claims), &name)?;
    let subject = claims.get("sub").and_then(Value::as_str);
    let display_name = claims.get("name").and_then(Value::as_str);
    let display_name = display_name.map(str::trim).filter(|name| !name.is_empty());
    Ok(OpenIdIdentity {
        subject: format!("{} {}", settings.issuer, subject.unwrap_or_default()),
        display_name: display_name
            .unwrap_or(&name)
            .chars()
            .filter(|character| !character.is_control())
            .take(DISPLAY_CHARACTERS_MAX)
            .collect(),
        name,
        may,
        may_at_first: may_at_first.filter(|_| settings.adds_operators),
    })
}

/// Whether the provider says that the address was proved; some say so in words.
fn is_verified(claims: &Claims) -> bool {
    match claims.get("email_verified") {
        Some(Value::Bool(is_verified)) => *is_verified,
        Some(Value::String(word)) => word == "true",
        _ => false,
    }
}

type May = Option<(Role, SourceScope)>;

/// What somebody may do from now on, and what they may who is added.
fn what_they_may(
    settings: &OpenIdSettings,
    groups: &[&str],
    name: &str,
) -> Result<(May, May), OpenIdError> {
    let default = settings.default_role.map(|role| (role, SourceScope::All));
    if settings.roles.is_empty() {
        return Ok((None, default));
    }
    let given = groups.iter().filter_map(|group| settings.roles.get(*group));
    let may = of_groups(given).or(default);
    let may = may.ok_or_else(|| OpenIdError::NoRole(name.to_owned()))?;
    Ok((Some(may.clone()), Some(may)))
}

/// The highest role of some groups, and all the sources that the groups with it may see.
fn of_groups<'a>(groups: impl Iterator<Item = &'a GroupRole>) -> May {
    let groups: Vec<_> = groups.collect();
    let role = Role::ALL
        .into_iter()
        .rev()
        .find(|role| groups.iter().any(|group| group.role == *role))?;
    let mut sources = Vec::new();
    for group in groups.iter().filter(|group| group.role == role) {
        match group.scope.names() {
            None => return Some((role, SourceScope::All)),
            Some(names) => sources.extend(names.iter().cloned()),
        }
    }
    Some((role, SourceScope::of(Some(sources))))
}

fn groups<'a>(settings: &OpenIdSettings, claims: &'a Claims) -> Vec<&'a str> {
    match claim(claims, &settings.groups_claim) {
        Some(Value::String(group)) => vec![group],
        Some(Value::Array(groups)) => {
            let groups = groups.iter().filter_map(Value::as_str);
            groups.take(GROUPS_MAX).collect()
        }
        _ => Vec::new(),
    }
}

/// The claim of this name, or, where there is none, of this path with dots.
fn claim<'a>(claims: &'a Claims, name: &str) -> Option<&'a Value> {
    claims.get(name).or_else(|| {
        let mut parts = name.split('.');
        let first = claims.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    })
}

#[cfg(test)]
mod tests {
    use drishti_model::SourceName;
    use serde_json::json;

    use super::*;

    fn settings() -> OpenIdSettings {
        let group = |role, sources: Option<&str>| GroupRole {
            role,
            scope: SourceScope::of(sources.map(|name| [SourceName::new(name).unwrap()])),
        };
        OpenIdSettings {
            issuer: "https://login.example.com".to_owned(),
            client_id: "drishti".to_owned(),
            client_secret: None,
            scopes: vec![],
            name_claim: "email".to_owned(),
            groups_claim: "realm.groups".to_owned(),
            roles: [
                ("soc".to_owned(), group(Role::Analyst, Some("acme"))),
                ("soc-2".to_owned(), group(Role::Analyst, Some("other"))),
                ("all".to_owned(), group(Role::Viewer, None)),
                ("root".to_owned(), group(Role::Admin, None)),
            ]
            .into(),
            default_role: None,
            adds_operators: true,
            accepts_unverified_email: false,
            display: String::new(),
            redirect: "https://drishti.example.com/back".parse().unwrap(),
        }
    }

    fn identity(settings: &OpenIdSettings, claims: &Value) -> Result<OpenIdIdentity, OpenIdError> {
        of(settings, claims.as_object().unwrap())
    }

    #[test]
    fn groups_say_what_somebody_may_do() {
        let only = |names: &[&str]| {
            let names = names.iter().map(|name| SourceName::new(*name).unwrap());
            SourceScope::of(Some(names))
        };
        for (groups, may) in [
            (json!("soc"), Some((Role::Analyst, only(&["acme"])))),
            (
                json!(["soc", "soc-2", "all"]),
                Some((Role::Analyst, only(&["acme", "other"]))),
            ),
            (
                json!(["soc", "root"]),
                Some((Role::Admin, SourceScope::All)),
            ),
            (json!(["all"]), Some((Role::Viewer, SourceScope::All))),
            (json!(["none", 1, null]), None),
            (json!([]), None),
            (json!(null), None),
        ] {
            let claims = json!({"sub": "7", "email": "Mara@example.com", "email_verified": "true", "realm": {"groups": groups}});
            match (identity(&settings(), &claims), may) {
                (Ok(identity), Some(may)) => {
                    assert_eq!(identity.name, "mara@example.com");
                    assert_eq!(identity.subject, "https://login.example.com 7");
                    assert_eq!(identity.may, Some(may.clone()));
                    assert_eq!(identity.may_at_first, Some(may));
                }
                (Err(OpenIdError::NoRole(_)), None) => {}
                (got, expected) => panic!("{groups}: {got:?} {expected:?}"),
            }
        }
    }

    #[test]
    fn without_groups_an_admin_says_what_somebody_may_do() {
        let mut settings = settings();
        settings.roles.clear();
        settings.default_role = Some(Role::Viewer);
        let claims = json!({"sub": "7", "email": "mara@example.com", "email_verified": true, "name": " M\u{7}ara "});
        let found = identity(&settings, &claims).unwrap();
        assert_eq!(found.may, None);
        assert_eq!(found.may_at_first, Some((Role::Viewer, SourceScope::All)));
        assert_eq!(found.display_name, "Mara");
        settings.adds_operators = false;
        assert_eq!(identity(&settings, &claims).unwrap().may_at_first, None);
    }

    #[test]
    fn names_that_are_no_operators_are_refused() {
        let mut settings = settings();
        settings.accepts_unverified_email = true;
        for claims in [
            json!({"sub": "7"}),
            json!({"sub": "7", "email": 7}),
            json!({"sub": "7", "email": ""}),
            json!({"sub": "7", "email": "api token"}),
            json!({"sub": "7", "email": "openid"}),
            json!({"sub": "7", "email": "<img onerror=x>"}),
        ] {
            let refused = identity(&settings, &claims);
            assert!(matches!(refused, Err(OpenIdError::NoName(_))), "{claims}");
        }
    }

    #[test]
    fn an_address_must_be_proved() {
        let mut settings = settings();
        settings.default_role = Some(Role::Viewer);
        for (is_verified, is_taken) in [
            (json!(true), true),
            (json!("true"), true),
            (json!(false), false),
            (json!("false"), false),
            (json!(null), false),
            (json!(1), false),
        ] {
            let claims =
                json!({"sub": "7", "email": "mara@example.com", "email_verified": is_verified});
            settings.accepts_unverified_email = false;
            assert_eq!(identity(&settings, &claims).is_ok(), is_taken, "{claims}");
            settings.accepts_unverified_email = true;
            assert!(identity(&settings, &claims).is_ok(), "{claims}");
        }
    }
}
