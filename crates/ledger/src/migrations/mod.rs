//! The schema, one file per version. A version that has been released is never edited: a change is a new file.

mod parts;
mod v0001_collect;
mod v0002_detect;
mod v0003_access;
mod v0004_views;
mod v0005_platform;
mod v0006_people;
mod v0007_live;
mod v0008_policies;
mod v0009_not_evaluable;
mod v0010_people_roles;

use sea_orm::{ConnectionTrait, DbBackend, EntityTrait};
use sea_orm_migration::{MigrationTrait, MigratorTrait, SchemaManager, seaql_migrations};

use crate::Ledger;
use crate::error::{Fault, LedgerError, Step};
use crate::open::STATEMENT_SECONDS_MAX;

/// The table in which applied versions are noted (its name is SeaORM's).
const VERSIONS_TABLE: &str = "seaql_migrations";
/// Key of the PostgreSQL advisory lock under which versions are applied: `drishti` in ASCII.
const MIGRATION_LOCK: i64 = 0x64_72_69_73_68_74_69;

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(v0001_collect::Version),
            Box::new(v0002_detect::Version),
            Box::new(v0003_access::Version),
            Box::new(v0004_views::Version),
            Box::new(v0005_platform::Version),
            Box::new(v0006_people::Version),
            Box::new(v0007_live::Version),
            Box::new(v0008_policies::Version),
            Box::new(v0009_not_evaluable::Version),
            Box::new(v0010_people_roles::Version),
        ]
    }
}

/// What a database needs so that this program can use it.
enum Schema {
    UpToDate,
    Behind,
    /// With a version that this program does not know.
    Newer(String),
}

/// Applies the versions that are missing, in one transaction; the others who start at the same time wait for it.
pub(crate) async fn apply(ledger: &Ledger) -> Result<(), LedgerError> {
    let doing = || "preparing the tables".to_owned();
    let schema = inspect(ledger.database()).await;
    match schema.map_err(|fault| ledger.failed(doing(), fault))? {
        Schema::UpToDate => return Ok(()),
        Schema::Behind => {}
        Schema::Newer(version) => return Err(ledger.newer(version)),
    }
    let write = ledger.write(doing()).await?;
    let outcome = apply_missing(&write.transaction, ledger).await;
    write.finish(outcome).await
}

async fn apply_missing(transaction: &sea_orm::DatabaseTransaction, ledger: &Ledger) -> Step<()> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        // Whoever waits here waits for all versions to be applied, not just for a row.
        let lock = format!(
            "set local lock_timeout = '{STATEMENT_SECONDS_MAX}s'; select pg_advisory_xact_lock({MIGRATION_LOCK})"
        );
        transaction.execute_unprepared(&lock).await?;
    }
    match inspect(transaction).await? {
        Schema::UpToDate => Ok(()),
        Schema::Behind => Ok(Migrator::up(transaction, None).await?),
        Schema::Newer(version) => Err(Fault::Ledger(ledger.newer(version))),
    }
}

async fn inspect<'c, C>(connection: &'c C) -> Step<Schema>
where
    C: ConnectionTrait,
    &'c C: sea_orm_migration::IntoSchemaManagerConnection<'c>,
{
    if !SchemaManager::new(connection)
        .has_table(VERSIONS_TABLE)
        .await?
    {
        return Ok(Schema::Behind);
    }
    let applied: Vec<String> = seaql_migrations::Entity::find()
        .all(connection)
        .await?
        .into_iter()
        .map(|row| row.version)
        .collect();
    let migrations = Migrator::migrations();
    let known: Vec<&str> = migrations.iter().map(|version| version.name()).collect();
    if let Some(newer) = applied
        .iter()
        .find(|version| !known.contains(&version.as_str()))
    {
        return Ok(Schema::Newer(newer.clone()));
    }
    let complete = known
        .iter()
        .all(|version| applied.iter().any(|have| have == version));
    Ok(if complete {
        Schema::UpToDate
    } else {
        Schema::Behind
    })
}
