//! What only a SQLite file can suffer.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use drishti_ledger::{Advance, LedgerError, SealingKey};
use drishti_model::Secret;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{self, ConnectOptions};

use crate::place::{Place, at, name, new_source};
use crate::progress::open_leased;
use crate::quarantine::bad;

fn file(place: &Place) -> PathBuf {
    PathBuf::from(place.url.strip_prefix("sqlite://").unwrap())
}

fn files_beside(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path.parent().unwrap()).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test]
async fn files_are_private_and_hold_no_token_in_clear() {
    let place = Place::in_a_file();
    let ledger = place.open().await;
    ledger.add_source(new_source("asana"), at(0)).await.unwrap();
    ledger
        .seal("api", &Secret::new("wonderfully-secret"), at(0))
        .await
        .unwrap();
    let check = || {
        for path in files_beside(&file(&place)) {
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600,
                "{path:?}"
            );
            let bytes = fs::read(&path).unwrap();
            for secret in ["asana:token", "wonderfully", place.key.to_base64().expose()] {
                assert!(
                    !bytes
                        .windows(secret.len())
                        .any(|window| window == secret.as_bytes()),
                    "{path:?}"
                );
            }
        }
    };
    assert!(
        files_beside(&file(&place)).len() > 1,
        "the write-ahead log is there"
    );
    check();
    ledger.close().await;
    check();
    let bytes = fs::read(file(&place)).unwrap();
    assert!(
        bytes.windows(10).any(|window| window == b"saas/asana"),
        "the bytes that were looked through are the ledger's"
    );
}

#[tokio::test]
async fn a_sealed_secret_opens_only_in_its_place() {
    let place = Place::in_a_file();
    let ledger = place.open().await;
    ledger.add_source(new_source("one"), at(0)).await.unwrap();
    ledger.add_source(new_source("two"), at(0)).await.unwrap();
    ledger
        .seal("api", &Secret::new("secret"), at(0))
        .await
        .unwrap();
    let mut connection = SqliteConnectOptions::new()
        .filename(file(&place))
        .connect()
        .await
        .unwrap();
    for statement in [
        "update sources set sealed_token = (select sealed_token from sources where name = 'one') where name = 'two'",
        "update secrets set sealed = substr(sealed, 1, length(sealed) - 1) where name = 'api'",
    ] {
        sqlx::raw_sql(statement)
            .execute(&mut connection)
            .await
            .unwrap();
    }
    let moved = ledger.token(&name("two")).await.unwrap_err();
    assert_eq!(
        moved.to_string(),
        "opening the sealed token of source `two`: it has been changed, or sealed with another key"
    );
    assert!(matches!(
        ledger.sealed("api").await,
        Err(LedgerError::Unsealable { .. })
    ));
    assert!(ledger.token(&name("one")).await.unwrap().is_some());
}

#[tokio::test]
async fn damaged_files_are_told_apart() {
    let sound = Place::in_a_file();
    let (ledger, _, lease) = open_leased(&sound).await;
    let many = (0..500)
        .map(|number: i32| bad(&number.to_string()))
        .collect();
    let advance = Advance {
        quarantined: many,
        ..Advance::default()
    };
    ledger.advance(&lease, advance, at(1)).await.unwrap();
    ledger.close().await;
    let bytes = fs::read(file(&sound)).unwrap();
    let page_bytes = 4_096;
    assert!(bytes.len() > 20 * page_bytes);

    let mut scribbled = bytes.clone();
    scribbled[2 * page_bytes..12 * page_bytes].fill(0xa5);
    let damages = [
        ("garbage", vec![0xa5; 8_192]),
        ("a few bytes", b"no database".to_vec()),
        ("half of it", bytes[..bytes.len() / 2].to_vec()),
        ("odd end", bytes[..page_bytes + 100].to_vec()),
        ("scribbled pages", scribbled),
    ];
    for (what, bytes) in damages {
        let place = Place {
            key: sound.key.clone(),
            ..Place::in_a_file()
        };
        fs::write(file(&place), bytes).unwrap();
        let refused = place.try_open().await.expect_err(what);
        assert!(
            matches!(refused, LedgerError::Damaged { .. }),
            "{what}: {refused:?}"
        );
        assert!(refused.to_string().contains("ledger.db"), "{refused}");
        assert!(refused.advice().unwrap().contains("backup"));
    }
    sound.open().await.check().await.unwrap();
}

#[tokio::test]
async fn places_that_cannot_be_written_are_told() {
    let place = Place::in_a_file();
    fs::write(file(&place), "").unwrap();
    let key = SealingKey::generate().unwrap();
    for path in [
        file(&place).with_file_name("missing/ledger.db"),
        file(&place).join("ledger.db"),
        PathBuf::from("/proc/ledger.db"),
    ] {
        let url = format!("sqlite://{}", path.display());
        let refused = drishti_ledger::Ledger::open(&url, key.clone())
            .await
            .unwrap_err();
        assert!(matches!(refused, LedgerError::Create { .. }), "{refused:?}");
        assert_eq!(
            refused.to_string(),
            format!(
                "opening the database: the ledger `{}` can't be created",
                path.display()
            )
        );
        assert!(refused.advice().unwrap().contains("folder"));
    }
    let folder = format!("sqlite://{}", file(&place).parent().unwrap().display());
    let refused = drishti_ledger::Ledger::open(&folder, key)
        .await
        .unwrap_err();
    assert!(
        matches!(refused, LedgerError::NotWritable { .. }),
        "{refused:?}"
    );
    assert_eq!(
        refused.to_string(),
        format!(
            "opening the database: the ledger `{}` can't be opened for writing",
            file(&place).parent().unwrap().display()
        )
    );
}

#[tokio::test]
async fn a_file_that_vanishes_is_told() {
    for put_another_there in [false, true] {
        let place = Place::in_a_file();
        let (ledger, source, lease) = open_leased(&place).await;
        for path in files_beside(&file(&place)) {
            fs::remove_file(path).unwrap();
        }
        if put_another_there {
            place.open().await.close().await;
        }
        // SQLite itself would go on writing to the file that nobody can see any more.
        let step = Advance {
            stored: 1,
            ..Advance::default()
        };
        for refused in [
            ledger.advance(&lease, step, at(1)).await.map(drop),
            ledger.ping().await,
        ] {
            let refused = refused.unwrap_err();
            assert!(
                matches!(refused, LedgerError::Vanished { .. }),
                "{refused:?}"
            );
            assert!(refused.advice().unwrap().contains("put it back"));
        }
        assert_eq!(ledger.progress(&source).await.unwrap().events_stored, 0);
    }
}
