use drishti_ledger::{
    LedgerError, NAME_CHARS_MAX, PEOPLE_FACTS_MAX, PEOPLE_PROVIDERS_MAX, PersonFact,
};
use drishti_model::AccountRole;
use serde_json::json;

use crate::place::{Place, at, name};
use crate::policies::trail;

fn fact(gid: &str) -> PersonFact {
    PersonFact {
        gid: Some(gid.to_owned()),
        told_by: "leavers.csv".to_owned(),
        ..PersonFact::default()
    }
}

pub(crate) async fn are_replaced_as_a_whole(place: Place) {
    let ledger = place.open().await;
    let asana = name("asana");
    let everything = PersonFact {
        source: Some(asana.clone()),
        email: Some("Ada@Example.com".to_owned()),
        role: Some(AccountRole::Guest),
        groups: vec!["on call".to_owned(), "ünï\0".to_owned()],
        terminated_since: Some(at(1)),
        leaving_since: Some(at(0)),
        ..fact("1")
    };
    let elsewhere = PersonFact {
        source: Some(name("other")),
        ..fact("2")
    };
    let facts = [everything.clone(), elsewhere, fact("3")];
    let replace = async |provider: &str, facts: &[PersonFact]| {
        let replaced = ledger.replace_people_facts(provider, facts, "ada", at(5));
        replaced.await
    };
    replace("leavers", &facts).await.unwrap();
    replace("groups", &[fact("4")]).await.unwrap();
    let told = ledger.people_facts(&asana).await.unwrap();
    assert_eq!(told, [everything, fact("3"), fact("4")]);
    let providers = ledger.people_providers().await.unwrap();
    let known: Vec<_> = providers
        .iter()
        .map(|provider| (provider.name.as_str(), provider.facts, provider.replaced_at))
        .collect();
    assert_eq!(known, [("groups", 1, at(5)), ("leavers", 3, at(5))]);

    replace("leavers", &[fact("5")]).await.unwrap();
    let told = ledger.people_facts(&asana).await.unwrap();
    assert_eq!(told, [fact("4"), fact("5")]);
    let nobody = PersonFact {
        gid: None,
        ..fact("")
    };
    let refused = replace("leavers", &[fact("6"), nobody]).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "replacing what `leavers` tells of people: fact 2 has neither gid nor e-mail address"
    );
    assert_eq!(ledger.people_facts(&asana).await.unwrap(), told);
    replace("leavers", &[]).await.unwrap();
    assert_eq!(ledger.people_facts(&asana).await.unwrap(), [fact("4")]);
    assert_eq!(ledger.people_providers().await.unwrap().len(), 1);
    let of_leavers: Vec<_> = trail(&ledger)
        .await
        .into_iter()
        .filter(|(_, subject, ..)| subject == "people leavers")
        .map(|(_, _, before, after)| (before, after))
        .collect();
    let count = |facts: u64| Some(json!({ "facts": facts }));
    let expected = [(None, count(3)), (count(3), count(1)), (count(1), count(0))];
    assert_eq!(of_leavers, expected);
}

pub(crate) async fn come_in_thousands(place: Place) {
    const FACTS: usize = 12_345;
    let ledger = place.open().await;
    let facts: Vec<PersonFact> = (0..FACTS).map(|gid| fact(&gid.to_string())).collect();
    for _ in 0..2 {
        let replaced = ledger.replace_people_facts("hr", &facts, "ada", at(1));
        replaced.await.unwrap();
    }
    assert_eq!(ledger.people_facts(&name("asana")).await.unwrap(), facts);
}

pub(crate) async fn have_bounds(place: Place) {
    let ledger = place.open().await;
    let long = "x".repeat(NAME_CHARS_MAX + 1);
    let too_many = vec![fact("1"); PEOPLE_FACTS_MAX + 1];
    let with = |change: fn(&mut PersonFact, String)| {
        let mut fact = fact("1");
        change(&mut fact, "x".repeat(NAME_CHARS_MAX + 1));
        vec![fact]
    };
    let many_groups = PersonFact {
        groups: vec![long.clone(); 400],
        ..fact("1")
    };
    for (facts, problem) in [
        (too_many, "they are 500001 facts, more than 500000"),
        (
            with(|fact, long| fact.gid = Some(long)),
            "the gid of fact 1 has 201 characters, more than 200",
        ),
        (
            with(|fact, long| fact.email = Some(long)),
            "the e-mail address of fact 1 has 201 characters, more than 200",
        ),
        (
            with(|fact, long| fact.told_by = long),
            "who tells it of fact 1 has 201 characters, more than 200",
        ),
        (
            vec![many_groups],
            "the groups of fact 1 has 81601 bytes, more than 65536",
        ),
    ] {
        let refused = ledger
            .replace_people_facts("hr", &facts, "ada", at(1))
            .await;
        let expected = format!("replacing what `hr` tells of people: {problem}");
        assert_eq!(refused.unwrap_err().to_string(), expected);
    }
    let refused = ledger.replace_people_facts(&long, &[], "ada", at(1)).await;
    assert!(matches!(refused, Err(LedgerError::Refused { .. })));
    assert_eq!(ledger.people_providers().await.unwrap(), []);
    for number in 0..PEOPLE_PROVIDERS_MAX {
        let provider = format!("provider {number}");
        let facts = [fact("1")];
        let replaced = ledger.replace_people_facts(&provider, &facts, "ada", at(1));
        replaced.await.unwrap();
    }
    let refused = ledger
        .replace_people_facts("hr", &[fact("1")], "ada", at(1))
        .await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "replacing what `hr` tells of people: there are 100 providers, and can be no more"
    );
}

/// Readers see one or the other, never half of it.
pub(crate) async fn are_never_seen_in_part(place: Place) {
    const ROUNDS: usize = 10;
    let asana = name("asana");
    let ledger = place.open().await;
    let facts = |told_by: usize| -> Vec<PersonFact> {
        let told_by = told_by.to_string();
        let fact = |gid: usize| PersonFact {
            told_by: told_by.clone(),
            ..fact(&gid.to_string())
        };
        (0..700).map(fact).collect()
    };
    let first = ledger
        .replace_people_facts("hr", &facts(0), "ada", at(0))
        .await;
    first.unwrap();
    let mut writers = Vec::new();
    for node in 1..=2 {
        let ledger = place.open().await;
        writers.push(tokio::spawn(async move {
            for round in 0..ROUNDS {
                let facts = facts(10 * node + round);
                let replaced = ledger.replace_people_facts("hr", &facts, "ada", at(1));
                replaced.await.unwrap();
            }
            ledger.close().await;
        }));
    }
    while writers.iter().any(|writer| !writer.is_finished()) {
        let told = ledger.people_facts(&asana).await.unwrap();
        assert_eq!(told.len(), 700);
        assert!(told.iter().all(|fact| fact.told_by == told[0].told_by));
    }
    for writer in writers {
        writer.await.unwrap();
    }
}
