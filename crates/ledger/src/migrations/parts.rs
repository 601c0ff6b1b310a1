//! What the versions of the schema are made of. Changing one of these would change released versions.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text;

pub(super) fn table(
    name: &'static str,
    columns: impl IntoIterator<Item = ColumnDef>,
) -> TableCreateStatement {
    let mut table = Table::create().table(name).take();
    for column in columns {
        table.col(column);
    }
    table
}

/// A table whose rows go when their source goes.
pub(super) fn table_of_source(
    name: &'static str,
    columns: impl IntoIterator<Item = ColumnDef>,
) -> TableCreateStatement {
    table(name, columns)
        .foreign_key(&mut owned_by(name, "source", "sources", "name"))
        .take()
}

pub(super) fn owned_by(
    from: &'static str,
    column: &'static str,
    to: &'static str,
    key: &'static str,
) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .from(from, column)
        .to(to, key)
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}

pub(super) fn key(column: &'static str) -> ColumnDef {
    text(column).primary_key().take()
}

pub(super) fn index(table: &'static str, name: &'static str) -> IndexCreateStatement {
    Index::create().table(table).name(name).take()
}
