use chrono::DateTime;
use drishti_asana::{
    AsanaError, DIRECTORY_PAGES_MAX, Endpoint, Membership, Team, TeamMembership, User, Workspace,
    WorkspaceDetails,
};
use futures::{StreamExt as _, TryStreamExt as _};

use crate::server::{Server, WORKSPACE, ok};

const TEAM: &str = "1208549725000002";

#[tokio::test]
async fn the_tokens_own_user_is_read() {
    let body = r#"{"data":{"gid":"5","email":"audit@example.com","name":null,"photo":null,"workspaces":[]}}"#;
    let server = Server::scripted([ok(body)]).await;
    let user = server.client().0.me().await.unwrap();
    let expected = User {
        gid: "5".to_owned(),
        name: None,
        email: Some("audit@example.com".to_owned()),
    };
    assert_eq!(user, expected);
    let seen = &server.seen()[0];
    assert_eq!(seen.path, "/api/1.0/users/me");
    assert_eq!(seen.parameter("opt_fields"), Some("name,email"));
}

#[tokio::test]
async fn workspaces_are_read_to_the_last_page() {
    let first = r#"{"data":[{"gid":"1","name":"Rasa"}],"next_page":{"offset":"a b&c=/+"}}"#;
    let server =
        Server::scripted([ok(first), ok(r#"{"data":[{"gid":"2"}],"next_page":null}"#)]).await;
    let workspaces = server.client().0.workspaces().await.unwrap();
    let workspace = |gid: &str, name: Option<&str>| Workspace {
        gid: gid.to_owned(),
        name: name.map(str::to_owned),
    };
    assert_eq!(
        workspaces,
        [workspace("1", Some("Rasa")), workspace("2", None)]
    );
    let seen = server.seen();
    assert_eq!(seen[0].parameter("offset"), None);
    assert_eq!(seen[1].parameter("offset"), Some("a b&c=/+"));
    assert!(
        seen.iter()
            .all(|seen| seen.parameter("limit") == Some("100"))
    );
}

#[tokio::test]
async fn a_workspace_is_read_with_its_domains() {
    let told = r#"{"data":{"gid":"1","name":"Rasa","email_domains":["rasa.example"],"is_organization":true}}"#;
    let server = Server::scripted([ok(told), ok(r#"{"data":{"gid":"1"}}"#)]).await;
    let (client, _) = server.client();
    let expected = WorkspaceDetails {
        gid: "1".to_owned(),
        name: Some("Rasa".to_owned()),
        email_domains: Some(vec!["rasa.example".to_owned()]),
        is_organization: Some(true),
    };
    assert_eq!(client.workspace(WORKSPACE).await.unwrap(), expected);
    let unknown = client.workspace(WORKSPACE).await.unwrap();
    assert_eq!(
        (unknown.email_domains, unknown.is_organization),
        (None, None)
    );
    assert_eq!(
        server.seen()[0].path,
        format!("/api/1.0/workspaces/{WORKSPACE}")
    );
}

/// `GET /users` without a workspace is being removed (`asana-api.md`, section 0, 11).
#[tokio::test]
async fn users_are_asked_for_by_workspace_page_by_page() {
    let first = r#"{"data":[{"gid":"1","name":"N","email":"n@x"},{"gid":"2","name":"M","email":null}],"next_page":{"offset":"o"}}"#;
    let server = Server::scripted([ok(first), ok(r#"{"data":[{"gid":"3"}]}"#)]).await;
    let pages: Vec<Vec<User>> = server
        .client()
        .0
        .users(WORKSPACE)
        .try_collect()
        .await
        .unwrap();
    let gids: Vec<Vec<_>> = pages
        .iter()
        .map(|page| page.iter().map(|user| &*user.gid).collect())
        .collect();
    assert_eq!(gids, [vec!["1", "2"], vec!["3"]]);
    for seen in server.seen() {
        assert_eq!(seen.path, "/api/1.0/users");
        assert_eq!(seen.parameter("workspace"), Some(WORKSPACE));
        assert_eq!(seen.parameter("opt_fields"), Some("name,email"));
    }
}

#[tokio::test]
async fn a_flag_that_asana_does_not_tell_is_unknown() {
    let body = r#"{"data":[
        {"gid":"1","resource_type":"workspace_membership","user":{"gid":"10","name":"N","email":"n@x","resource_type":"user"},
         "is_active":true,"is_admin":false,"is_guest":true,"is_view_only":false,"created_at":"2024-01-02T03:04:05.678Z",
         "vacation_dates":null},
        {"gid":"2","user":{"gid":"20"},"is_active":null,"created_at":null},
        {"gid":"3","user":{"gid":"30"},"created_at":"long ago"}],"next_page":null}"#;
    let server = Server::scripted([ok(body)]).await;
    let memberships: Vec<Membership> = server
        .client()
        .0
        .workspace_memberships(WORKSPACE)
        .try_concat()
        .await
        .unwrap();
    let unknown = |gid: &str, user_gid: &str| Membership {
        gid: gid.to_owned(),
        user_gid: user_gid.to_owned(),
        user_name: None,
        user_email: None,
        is_active: None,
        is_admin: None,
        is_guest: None,
        is_view_only: None,
        created_at: None,
    };
    let known = Membership {
        user_name: Some("N".to_owned()),
        user_email: Some("n@x".to_owned()),
        is_active: Some(true),
        is_admin: Some(false),
        is_guest: Some(true),
        is_view_only: Some(false),
        created_at: DateTime::from_timestamp_millis(1_704_164_645_678),
        ..unknown("1", "10")
    };
    assert_eq!(memberships, [known, unknown("2", "20"), unknown("3", "30")]);
    let seen = &server.seen()[0];
    assert_eq!(
        seen.path,
        format!("/api/1.0/workspaces/{WORKSPACE}/workspace_memberships")
    );
    let fields: Vec<_> = seen.parameter("opt_fields").unwrap().split(',').collect();
    for field in [
        "user.name",
        "user.email",
        "is_active",
        "is_admin",
        "is_guest",
        "is_view_only",
        "created_at",
    ] {
        assert!(fields.contains(&field), "{field}");
    }
}

#[tokio::test]
async fn a_flag_of_another_type_is_not_taken_for_unknown() {
    let body = r#"{"data":[{"gid":"1","user":{"gid":"10"},"is_admin":"yes"}],"next_page":null}"#;
    let server = Server::scripted([ok(body)]).await;
    let result: Result<Vec<Membership>, _> = server
        .client()
        .0
        .workspace_memberships(WORKSPACE)
        .try_concat()
        .await;
    let error = result.unwrap_err();
    assert!(
        matches!(
            error,
            AsanaError::Broken {
                endpoint: Endpoint::WorkspaceMemberships,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn teams_and_their_people_are_read() {
    let teams = r#"{"data":[{"gid":"7","name":"Ops","visibility":"secret"}],"next_page":null}"#;
    let people = r#"{"data":[{"gid":"8","user":{"gid":"9","name":"N"},"is_guest":false,"is_limited_access":true}],"next_page":null}"#;
    let server = Server::scripted([ok(teams), ok(people)]).await;
    let (client, _) = server.client();
    let teams: Vec<Team> = client.teams(WORKSPACE).try_concat().await.unwrap();
    let expected = Team {
        gid: "7".to_owned(),
        name: Some("Ops".to_owned()),
        visibility: Some("secret".to_owned()),
    };
    assert_eq!(teams, [expected]);
    let people: Vec<TeamMembership> = client.team_memberships(TEAM).try_concat().await.unwrap();
    let expected = TeamMembership {
        gid: "8".to_owned(),
        user_gid: "9".to_owned(),
        user_name: Some("N".to_owned()),
        is_admin: None,
        is_guest: Some(false),
        is_limited_access: Some(true),
    };
    assert_eq!(people, [expected]);
    let seen = server.seen();
    assert_eq!(
        seen[0].path,
        format!("/api/1.0/workspaces/{WORKSPACE}/teams")
    );
    assert_eq!(
        seen[1].path,
        format!("/api/1.0/teams/{TEAM}/team_memberships")
    );
}

/// A sync that is cut half-way must be seen as such.
#[tokio::test]
async fn a_list_that_fails_half_way_ends_with_the_error() {
    let first = r#"{"data":[{"gid":"1"}],"next_page":{"offset":"a"}}"#;
    let server = Server::scripted([ok(first), crate::server::status(403, "no")]).await;
    let pages: Vec<Result<Vec<User>, _>> = server.client().0.users(WORKSPACE).collect().await;
    assert_eq!(pages.len(), 2);
    assert_eq!(pages[0].as_ref().unwrap().len(), 1);
    assert!(matches!(
        pages[1],
        Err(AsanaError::Forbidden {
            endpoint: Endpoint::Users,
            ..
        })
    ));
}

#[tokio::test]
async fn a_list_without_end_is_given_up() {
    let server = Server::scripted([ok(r#"{"data":[],"next_page":{"offset":"again"}}"#)]).await;
    let error = server.client().0.workspaces().await.unwrap_err();
    assert!(matches!(error, AsanaError::TooManyPages { .. }), "{error}");
    assert_eq!(server.seen().len(), DIRECTORY_PAGES_MAX);
}
