use drishti_ledger::{
    KeptAnswer, Ledger, LedgerError, REPEATABLE_REQUESTS_MAX, REPEATABLE_SPAN, RepeatableRequest,
    Repetition,
};

use crate::place::{Place, at};

fn request<'a>(id: &'a str, fingerprint: &'a str) -> RepeatableRequest<'a> {
    RepeatableRequest {
        id,
        principal: "mara",
        fingerprint,
    }
}

fn answer(body: Option<&str>) -> KeptAnswer {
    KeptAnswer {
        status: 201,
        headers: vec![("etag".to_owned(), "\"1\"".to_owned())],
        body: body.map(str::to_owned),
    }
}

async fn begin(ledger: &Ledger, id: &str, fingerprint: &str, seconds: i64) -> Repetition {
    let begun = ledger.begin_repeatable(request(id, fingerprint), at(seconds));
    begun.await.unwrap()
}

pub(crate) async fn requests_are_begun_once(place: Place) {
    let ledger = place.open().await;
    assert_eq!(begin(&ledger, "one", "a", 0).await, Repetition::First);
    assert_eq!(
        begin(&ledger, "one", "a", 5).await,
        Repetition::Begun(at(0))
    );
    assert_eq!(begin(&ledger, "one", "b", 5).await, Repetition::Other);
    assert_eq!(begin(&ledger, "two", "b", 5).await, Repetition::First);
    // As after a crash: another process finds what the first has begun.
    let another = place.open().await;
    assert_eq!(
        begin(&another, "one", "a", 6).await,
        Repetition::Begun(at(0))
    );
    for (id, body) in [("one", Some("{\"ünïcode\": \"\0\"}")), ("two", None)] {
        let fingerprint = if id == "one" { "a" } else { "b" };
        let kept = ledger.answer_repeatable(request(id, fingerprint), answer(body));
        kept.await.unwrap();
        let again = begin(&another, id, fingerprint, 7).await;
        assert_eq!(again, Repetition::Answered(answer(body)));
    }
    assert_eq!(begin(&ledger, "one", "b", 8).await, Repetition::Other);
    let span = REPEATABLE_SPAN.num_seconds();
    assert_eq!(
        begin(&ledger, "one", "b", span - 1).await,
        Repetition::Other
    );
    assert_eq!(begin(&ledger, "one", "b", span).await, Repetition::First);
}

pub(crate) async fn requests_that_come_to_nothing_are_forgotten(place: Place) {
    let ledger = place.open().await;
    assert_eq!(begin(&ledger, "one", "a", 0).await, Repetition::First);
    ledger.forget_repeatable("one").await.unwrap();
    ledger.forget_repeatable("one").await.unwrap();
    // What is forgotten has no answer.
    let kept = ledger.answer_repeatable(request("one", "a"), answer(None));
    kept.await.unwrap();
    assert_eq!(begin(&ledger, "one", "b", 1).await, Repetition::First);
}

pub(crate) async fn requests_have_bounds(place: Place) {
    let ledger = place.open().await;
    begin(&ledger, "first", "a", 0).await;
    place
        .execute(&format!(
            "insert into repeatable_requests (id, principal, begun_at, sealed)
             with recursive numbers (number) as (select 1 union all select number + 1 from numbers where number < {})
             select 'filled ' || number, principal, begun_at, sealed from numbers, repeatable_requests",
            REPEATABLE_REQUESTS_MAX - 1
        ))
        .await;
    assert_eq!(begin(&ledger, "last", "a", 1).await, Repetition::TooMany);
    assert_eq!(begin(&ledger, "last", "a", 1).await, Repetition::TooMany);
    assert_eq!(
        begin(&ledger, "first", "a", 1).await,
        Repetition::Begun(at(0))
    );
    let other = RepeatableRequest {
        id: "of another",
        principal: "ben",
        fingerprint: "a",
    };
    assert_eq!(
        ledger.begin_repeatable(other, at(1)).await.unwrap(),
        Repetition::First
    );
    let later = REPEATABLE_SPAN.num_seconds() + 1;
    assert_eq!(begin(&ledger, "last", "a", later).await, Repetition::First);
}

pub(crate) async fn answers_are_sealed(place: Place) {
    let ledger = place.open().await;
    begin(&ledger, "one", "a", 0).await;
    begin(&ledger, "two", "a", 0).await;
    let kept = ledger.answer_repeatable(request("one", "a"), answer(Some("hello")));
    kept.await.unwrap();
    place
        .execute("update repeatable_requests set sealed = (select sealed from repeatable_requests where id = 'one') where id = 'two'")
        .await;
    let moved = ledger.begin_repeatable(request("two", "a"), at(1)).await;
    assert!(matches!(moved, Err(LedgerError::Unsealable { .. })));
}

pub(crate) async fn many_at_once_are_one(place: Place) {
    let ledger = place.open().await;
    let begun = (0..8).map(|_| {
        let ledger = ledger.clone();
        tokio::spawn(async move { begin(&ledger, "one", "a", 0).await })
    });
    let begun: Vec<_> = begun.collect();
    let mut first = 0;
    for begun in begun {
        match begun.await.unwrap() {
            Repetition::First => first += 1,
            other => assert_eq!(other, Repetition::Begun(at(0))),
        }
    }
    assert_eq!(first, 1);
}
