//! Events that are known by their times and gids.

use crate::house::{House, event, events, noon, put};
use chrono::TimeDelta;

#[tokio::test]
async fn chosen_events_are_read_newest_first_and_no_others() {
    let house = House::new().await;
    let day = 24 * 60;
    let mut stored = events(1..=5);
    // Of another day, and one at the same moment as another.
    stored.extend([event("6", 3 * day), event("7", 2), event("8", 9 * day)]);
    put(&house.lake, "acme", &stored).await;
    put(&house.lake, "other", &events(1..=2)).await;
    let of = |gid: &str| {
        let found = stored.iter().find(|event| event.gid == gid).unwrap();
        (found.created_at, gid.to_owned())
    };
    let mut chosen = vec![of("2"), of("6"), of("7"), of("1")];
    // One that is not there, and one that is not from then.
    chosen.push((noon(), "99".to_owned()));
    chosen.push((noon() - TimeDelta::days(40), "8".to_owned()));
    let read = house.lake.chosen_events("acme", &chosen).await.unwrap();
    let gids: Vec<&str> = read.iter().map(|read| read.event.gid.as_str()).collect();
    assert_eq!(gids, ["6", "7", "2", "1"]);
    assert!(read.iter().all(|read| read.source == "acme"));
    let none = house.lake.chosen_events("acme", &[]).await.unwrap();
    assert_eq!(none, []);
    let nowhere = house.lake.chosen_events("nobody", &chosen).await;
    assert_eq!(nowhere.unwrap(), []);
}
