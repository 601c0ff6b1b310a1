//! Many rows in few statements.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    DatabaseTransaction, EntityTrait, IdenStatic, IntoActiveModel, Iterable, ModelTrait,
    PrimaryKeyToColumn,
};

use crate::error::Step;

/// Rows of one bulk statement: with the widest table far below the number of values that a statement may have (32,766 in SQLite,
/// 65,535 in PostgreSQL).
pub(crate) const ROWS_AT_ONCE: usize = 500;

/// Inserts rows, each in the place of the one with its key where there is one. No two of them have the same key.
pub(crate) async fn insert_or_replace<M>(
    transaction: &DatabaseTransaction,
    rows: Vec<M>,
) -> Step<()>
where
    M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
    <M::Entity as EntityTrait>::ActiveModel: Send,
{
    insert_or(transaction, rows, replace::<M::Entity>()).await
}

/// Inserts those rows with whose key there is none. No two of them have the same key.
pub(crate) async fn insert_or_keep<M>(transaction: &DatabaseTransaction, rows: Vec<M>) -> Step<()>
where
    M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
    <M::Entity as EntityTrait>::ActiveModel: Send,
{
    let keep = OnConflict::columns(keys::<M::Entity>())
        .do_nothing()
        .to_owned();
    insert_or(transaction, rows, keep).await
}

/// Inserts rows, and does `on_conflict` with one whose key is there already. No two of them have the same key.
pub(crate) async fn insert_or<M>(
    transaction: &DatabaseTransaction,
    rows: Vec<M>,
    on_conflict: OnConflict,
) -> Step<()>
where
    M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
    <M::Entity as EntityTrait>::ActiveModel: Send,
{
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk = rows.by_ref().take(ROWS_AT_ONCE);
        M::Entity::insert_many(chunk.map(IntoActiveModel::into_active_model))
            .on_conflict(on_conflict.clone())
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

fn replace<E: EntityTrait>() -> OnConflict {
    let keys = keys::<E>();
    let others: Vec<E::Column> = E::Column::iter()
        .filter(|column| keys.iter().all(|key| key.as_str() != column.as_str()))
        .collect();
    OnConflict::columns(keys).update_columns(others).to_owned()
}

fn keys<E: EntityTrait>() -> Vec<E::Column> {
    E::PrimaryKey::iter()
        .map(PrimaryKeyToColumn::into_column)
        .collect()
}
