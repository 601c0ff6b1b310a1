//! The directory, `opt_fields`, and refusals.

use std::collections::HashSet;

use drishti_simulator::SimulateArgs;
use serde_json::{Value, json};

use super::stand::{Stand, client, small};

/// Pages through a list.
async fn list(stand: &Stand, path: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut next = path.to_owned();
    loop {
        let page = stand.good(&next).await;
        rows.extend(page["data"].as_array().unwrap().clone());
        match page.get("next_page").unwrap()["path"].as_str() {
            Some(path) => path.clone_into(&mut next),
            None => return rows,
        }
    }
}

#[tokio::test]
async fn a_path_that_is_none_is_refused_before_the_token_is() {
    let stand = Stand::start(small()).await;
    let no_route = "No matching route for request";
    for path in [
        "/api/1.0/nowhere",
        "/api/1.0/users/me/",
        "/api/1.0",
        "/",
        "/api/1.0/workspaces/1/tasks",
    ] {
        let response = client()
            .get(format!("{}{path}", stand.url))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 404, "{path}");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["errors"][0]["message"], no_route);
    }
    let post = client()
        .post(format!("{}/api/1.0/users/me", stand.url))
        .send()
        .await
        .unwrap();
    assert_eq!(post.status(), 404);
    assert!(post.text().await.unwrap().contains(no_route));
}

#[tokio::test]
async fn a_wrong_token_is_refused() {
    let stand = Stand::start(small()).await;
    let url = format!("{}/api/1.0/users/me", stand.url);
    let none = client().get(&url).send().await.unwrap();
    let wrong = client()
        .get(&url)
        .bearer_auth("wrong")
        .send()
        .await
        .unwrap();
    let basic = client()
        .get(&url)
        .basic_auth("simulated-token", None::<&str>)
        .send()
        .await
        .unwrap();
    for response in [none, wrong, basic] {
        assert_eq!(response.status(), 401);
        assert_eq!(
            response.headers()["content-type"],
            "application/json; charset=UTF-8"
        );
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["errors"][0]["message"], "Not Authorized");
    }
}

/// Each path with the status and the beginning of the message of its refusal.
async fn check_refusals(stand: &Stand, cases: &[(&str, u16, &str)]) {
    let me = stand.good("/users/me").await;
    let me = me["data"]["gid"].as_str().unwrap();
    for (path, status, message) in cases {
        let path = path.replace("{ME}", me).replace("{HOME}", &stand.workspace);
        let refusal = stand.refused(&path).await;
        assert_eq!(refusal.0, *status, "{path}");
        assert!(refusal.1.starts_with(message), "{path}: {}", refusal.1);
    }
}

#[tokio::test]
#[rustfmt::skip]
async fn unknown_and_missing_objects_are_named() {
    let stand = Stand::start(small()).await;
    check_refusals(&stand, &[
        ("/workspaces/abc/audit_log_events", 400, "workspace: Not a recognized ID: abc"),
        ("/workspaces/0", 400, "workspace: Not a recognized ID: 0"),
        ("/workspaces/17", 404, "workspace: Unknown object: 17"),
        ("/teams/{HOME}", 404, "team: Unknown object: "),
        ("/workspaces/{ME}/teams", 404, "workspace: Unknown object: "),
        ("/users/nobody@acme.example", 404, "user: Unknown object: nobody@acme.example"),
        ("/users?workspace=x", 400, "workspace: Not a recognized ID: x"),
        ("/team_memberships", 400, "team: Missing input"),
        ("/team_memberships?user={ME}", 400, "workspace: Missing input"),
        ("/users/{ME}/teams", 400, "organization: Missing input"),
    ]).await;
}

#[tokio::test]
#[rustfmt::skip]
async fn malformed_parameters_are_named() {
    let stand = Stand::start(small()).await;
    check_refusals(&stand, &[
        ("/workspaces/{HOME}/audit_log_events?start_at=yesterday", 400, "start_at: Not a valid date-time: yesterday"),
        ("/workspaces/{HOME}/audit_log_events?end_at=", 400, "end_at: Not a valid date-time: "),
        ("/workspaces/{HOME}/audit_log_events?actor_gid=x", 400, "actor_gid: Not a recognized ID: x"),
        ("/workspaces/{HOME}/audit_log_events?resource_gid=-4", 400, "resource_gid: Not a recognized ID: -4"),
        ("/workspaces/{HOME}/audit_log_events?actor_type=robot", 400, "actor_type: Not a recognized actor type: robot"),
        ("/workspaces/{HOME}/audit_log_events?event_type=", 400, "event_type: Must not be empty"),
        ("/workspaces?opt_fields=(a", 400, "opt_fields: Malformed field list"),
        ("/workspaces?opt_pretty=perhaps", 400, "opt_pretty: Not a boolean"),
        ("/workspaces?limit=101", 400, "limit: Must be between 1 and 100"),
        ("/workspaces?limit=1&offset=x", 400, "offset: Your pagination token is invalid."),
    ]).await;
}

#[tokio::test]
async fn lists_have_a_next_page_only_with_a_limit() {
    let stand = Stand::start(small()).await;
    let users = format!("/users?workspace={}", stand.workspace);
    let whole = stand.good(&users).await;
    assert!(whole.get("next_page").is_none());
    let rows = whole["data"].as_array().unwrap();
    assert!(rows.len() > 50);
    let gid = |row: &Value| row["gid"].as_str().unwrap().parse::<u64>().unwrap();
    assert!(rows.is_sorted_by_key(gid));
    for limit in [1, 7, 100] {
        assert_eq!(&list(&stand, &format!("{users}&limit={limit}")).await, rows);
    }
    assert_eq!(rows[0].as_object().unwrap().len(), 3);
}

#[tokio::test]
async fn long_lists_are_refused_or_end_without_a_limit() {
    let stand = Stand::start(SimulateArgs {
        people: 2300,
        ..small()
    })
    .await;
    let workspace = &stand.workspace;
    let (status, message) = stand
        .refused(&format!("/users?workspace={workspace}"))
        .await;
    assert_eq!(status, 400);
    assert!(message.starts_with("The result is too large."), "{message}");
    let by_name = stand.good(&format!("/workspaces/{workspace}/users")).await;
    let rows = by_name["data"].as_array().unwrap();
    assert_eq!(rows.len(), 2000);
    assert!(rows.is_sorted_by_key(|row| row["name"].as_str().unwrap()));
    let all = list(&stand, &format!("/users?workspace={workspace}&limit=100")).await;
    assert!(all.len() > 2100);
}

#[tokio::test]
async fn users_are_found_by_gid_address_and_as_me() {
    let stand = Stand::start(small()).await;
    let workspace = &stand.workspace;
    let users = stand
        .good(&format!(
            "/users?workspace={workspace}&opt_fields=email,name"
        ))
        .await;
    let user = &users["data"][5];
    assert_eq!(user.as_object().unwrap().len(), 3);
    let (gid, email) = (
        user["gid"].as_str().unwrap(),
        user["email"].as_str().unwrap(),
    );
    let by_gid = stand.good(&format!("/users/{gid}")).await;
    let by_email = stand
        .good(&format!("/users/{email}?workspace={workspace}"))
        .await;
    let in_workspace = stand
        .good(&format!("/workspaces/{workspace}/users/{gid}"))
        .await;
    assert_eq!(by_gid, by_email);
    assert_eq!(by_gid, in_workspace);
    assert_eq!(by_gid["data"]["workspaces"][0]["gid"], **workspace);
    assert_eq!(by_gid["data"]["email"], email);
    let me = stand.good("/users/me").await;
    assert_eq!(me["data"]["name"], "Audit log export");
    assert_eq!(me["data"]["resource_type"], "user");
}

#[tokio::test]
async fn memberships_say_what_people_are() {
    let stand = Stand::start(SimulateArgs {
        people: 600,
        ..small()
    })
    .await;
    let workspace = stand.workspace.clone();
    let fields =
        "user.name,user.email,is_active,is_admin,is_guest,is_view_only,created_at,vacation_dates";
    let path =
        format!("/workspaces/{workspace}/workspace_memberships?limit=100&opt_fields={fields}");
    let rows = list(&stand, &path).await;
    let count = |key: &str, value: bool| rows.iter().filter(|row| row[key] == value).count();
    assert!(count("is_active", false) > 30, "those who left");
    assert!((4..30).contains(&count("is_admin", true)));
    assert!((40..120).contains(&count("is_guest", true)));
    assert!((15..70).contains(&count("is_view_only", true)));
    assert!(
        rows.iter()
            .any(|row| row["vacation_dates"]["start_on"].is_string())
    );
    assert!(rows.iter().all(|row| row.get("resource_type").is_none()));
    for row in &rows {
        let domain = row["user"]["email"]
            .as_str()
            .unwrap()
            .split('@')
            .nth(1)
            .unwrap();
        assert_eq!(row["is_guest"] == true, domain != "acme.example", "{row}");
        assert!(row["created_at"].as_str().unwrap() < "2026-10");
    }
    let active: HashSet<&str> = rows
        .iter()
        .filter(|row| row["is_active"] == true)
        .map(|row| row["user"]["gid"].as_str().unwrap())
        .collect();
    let users = list(&stand, &format!("/users?workspace={workspace}&limit=100")).await;
    assert_eq!(
        active,
        users
            .iter()
            .map(|user| user["gid"].as_str().unwrap())
            .collect()
    );

    let row = &rows[9];
    let (gid, user) = (
        row["gid"].as_str().unwrap(),
        row["user"]["gid"].as_str().unwrap(),
    );
    let one = stand.good(&format!("/workspace_memberships/{gid}")).await;
    assert_eq!(one["data"]["user"]["gid"], user);
    assert_eq!(one["data"]["user_task_list"]["owner"]["gid"], user);
    assert_eq!(
        one["data"]["workspace"],
        json!({"gid": workspace, "resource_type": "workspace", "name": "Acme"})
    );
    let of_user = stand
        .good(&format!("/users/{user}/workspace_memberships"))
        .await;
    let filtered = format!("/workspaces/{workspace}/workspace_memberships?user={user}");
    assert_eq!(of_user["data"], stand.good(&filtered).await["data"]);
    assert_eq!(of_user["data"][0]["gid"], gid);
}

#[tokio::test]
async fn teams_and_their_members_agree() {
    let stand = Stand::start(small()).await;
    let workspace = stand.workspace.clone();
    let teams = list(&stand, &format!("/workspaces/{workspace}/teams?limit=2")).await;
    assert_eq!(teams.len(), 5);
    let mut memberships = 0;
    for team in &teams {
        let team = team["gid"].as_str().unwrap();
        let record = stand.good(&format!("/teams/{team}")).await;
        assert_eq!(record["data"]["organization"]["gid"], workspace);
        assert!(record["data"].get("description").is_none(), "opt-in");
        let of_team = list(&stand, &format!("/teams/{team}/team_memberships?limit=3")).await;
        let by_query = list(&stand, &format!("/team_memberships?team={team}&limit=100")).await;
        assert_eq!(of_team, by_query);
        let users = stand.good(&format!("/teams/{team}/users")).await;
        assert_eq!(users["data"].as_array().unwrap().len(), of_team.len());
        let by_team = list(&stand, &format!("/users?team={team}&limit=9")).await;
        assert_eq!(by_team.len(), of_team.len());
        memberships += of_team.len();
        let member = &of_team[0];
        let user = member["user"]["gid"].as_str().unwrap();
        let own = stand
            .good(&format!(
                "/users/{user}/team_memberships?workspace={workspace}"
            ))
            .await;
        let same = stand
            .good(&format!(
                "/team_memberships?user={user}&workspace={workspace}"
            ))
            .await;
        assert_eq!(own, same);
        assert!(own["data"].as_array().unwrap().contains(member));
        let own = stand
            .good(&format!("/users/{user}/teams?organization={workspace}"))
            .await;
        assert!(
            own["data"]
                .as_array()
                .unwrap()
                .iter()
                .any(|row| row["gid"] == team)
        );
    }
    assert!(memberships >= 55);
}

#[tokio::test]
async fn several_workspaces_are_seen_with_one_token() {
    let stand = Stand::start(SimulateArgs {
        workspaces: 3,
        ..small()
    })
    .await;
    let rows = list(
        &stand,
        "/workspaces?limit=1&opt_fields=name,email_domains,is_organization",
    )
    .await;
    assert_eq!(rows.len(), 3);
    assert!(
        rows.iter()
            .any(|row| row["email_domains"] == json!(["borealis.example"]))
    );
    let everybody = list(&stand, "/users?limit=100").await;
    assert!(everybody.len() > 150);
    let pretty = stand
        .api("/workspaces?opt_pretty=true")
        .await
        .text()
        .await
        .unwrap();
    assert!(pretty.starts_with("{\n"));
}
