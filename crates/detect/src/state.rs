/// One row of an engine's memory, as the ledger keeps it. Saved rows give the same engine again, whatever the batches were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateRow {
    /// Names the row; each engine begins its keys with a word of its own, such as `activity/`.
    pub key: String,
    /// What to keep under the key, in the engine's own form; `None`: there is nothing to keep any more.
    pub value: Option<Vec<u8>>,
}
