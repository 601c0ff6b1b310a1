use drishti_ledger::{LedgerError, SealingKey};
use drishti_model::Secret;

use crate::place::{Place, at};

pub(crate) async fn settings_are_kept(place: Place) {
    let ledger = place.open().await;
    assert_eq!(ledger.setting("theme").await.unwrap(), None);
    ledger.set_setting("theme", "dark", at(0)).await.unwrap();
    ledger.set_setting("theme", "li\0ght", at(1)).await.unwrap();
    ledger.close().await;
    assert_eq!(
        place
            .open()
            .await
            .setting("theme")
            .await
            .unwrap()
            .as_deref(),
        Some("li\u{fffd}ght")
    );
}

pub(crate) async fn secrets_are_kept(place: Place) {
    let ledger = place.open().await;
    assert_eq!(ledger.sealed("api").await.unwrap(), None);
    ledger
        .seal("api", &Secret::new("first"), at(0))
        .await
        .unwrap();
    ledger
        .seal("api", &Secret::new("second"), at(1))
        .await
        .unwrap();
    ledger
        .seal("smtp", &Secret::new("third \0"), at(1))
        .await
        .unwrap();
    ledger.close().await;
    let ledger = place.open().await;
    assert_eq!(
        ledger.sealed("api").await.unwrap(),
        Some(Secret::new("second"))
    );
    assert_eq!(
        ledger.sealed("smtp").await.unwrap(),
        Some(Secret::new("third \0"))
    );
}

pub(crate) async fn another_key_is_refused(place: Place) {
    place.open().await.close().await;
    let other = Place {
        key: SealingKey::generate().unwrap(),
        ..place
    };
    let refused = other.try_open().await.unwrap_err();
    assert!(matches!(refused, LedgerError::WrongKey { .. }), "{refused}");
    assert!(
        refused
            .advice()
            .unwrap()
            .contains("key this ledger was made with")
    );
}

pub(crate) async fn the_key_survives_base64(place: Place) {
    let ledger = place.open().await;
    ledger
        .seal("api", &Secret::new("kept"), at(0))
        .await
        .unwrap();
    ledger.close().await;
    let written = place.key.to_base64();
    assert_eq!(written.expose().len(), 44);
    let read = SealingKey::from_base64(&Secret::new(format!("{}\n", written.expose()))).unwrap();
    let place = Place { key: read, ..place };
    assert_eq!(
        place.open().await.sealed("api").await.unwrap(),
        Some(Secret::new("kept"))
    );
}

#[test]
fn a_key_is_32_bytes_and_prints_nothing() {
    for text in ["", "short", "////", &"A".repeat(64)] {
        let refused = SealingKey::from_base64(&Secret::new(text)).unwrap_err();
        assert!(matches!(refused, LedgerError::KeyFormat), "{refused}");
    }
    let key = SealingKey::generate().unwrap();
    assert_eq!(format!("{key:?}"), "[redacted]");
    assert_ne!(key.to_base64(), SealingKey::generate().unwrap().to_base64());
}
