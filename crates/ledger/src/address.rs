use std::fmt;
use std::path::PathBuf;

use sea_orm::sqlx::postgres::PgConnectOptions;

use crate::LedgerError;

/// Where a ledger is. It prints without user, password and parameters.
#[derive(Clone)]
pub(crate) enum Address {
    Sqlite(PathBuf),
    Postgres(Box<PgConnectOptions>),
}

impl Address {
    /// Reads `sqlite://PATH`, where the path is taken as it stands, or `postgres://…`.
    pub(crate) fn parse(url: &str) -> Result<Self, LedgerError> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            return match path {
                "" | ":memory:" => problem("a ledger needs the path of a file after `sqlite://`"),
                _ if path.contains('?') => {
                    problem("`sqlite://PATH` takes no parameters, so it has no question mark")
                }
                _ => Ok(Self::Sqlite(PathBuf::from(path))),
            };
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            // The parser's own error could repeat a part of the text, and so of the password.
            return match url.parse() {
                Ok(options) => Ok(Self::Postgres(Box::new(options))),
                Err(_) => problem(
                    "what follows `postgres://` can't be read (special characters in a password are written as %XX)",
                ),
            };
        }
        problem("it begins with neither `sqlite://` nor `postgres://`")
    }
}

fn problem<T>(problem: &'static str) -> Result<T, LedgerError> {
    Err(LedgerError::Address { problem })
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(formatter, "the ledger `{}`", path.display()),
            Self::Postgres(options) => {
                let host = match options.get_socket() {
                    Some(folder) => folder.display().to_string(),
                    None => options.get_host().to_owned(),
                };
                let database = options.get_database().unwrap_or(options.get_username());
                write!(
                    formatter,
                    "the ledger `{database}` on PostgreSQL at {host}:{}",
                    options.get_port()
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expected: &str) {
        let text = match Address::parse(url) {
            Ok(address) => address.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(text, expected, "{url}");
    }

    #[test]
    fn addresses_print_without_password() {
        check("sqlite://data/a b%20.db", "the ledger `data/a b%20.db`");
        check("sqlite:///var/ledger.db", "the ledger `/var/ledger.db`");
        check(
            "postgres://drishti:hunter2@db.example:6543/prod?sslmode=require&password=hunter3",
            "the ledger `prod` on PostgreSQL at db.example:6543",
        );
        check(
            "postgresql://drishti@db.example",
            "the ledger `drishti` on PostgreSQL at db.example:5432",
        );
        check(
            "postgres:///prod?host=/run/sock&user=me",
            "the ledger `prod` on PostgreSQL at /run/sock:5432",
        );
    }

    #[test]
    fn wrong_addresses_say_what_is_wrong() {
        for url in [
            "mysql://root:hunter2@db/x",
            "",
            "ledger.db",
            "sqlite:ledger.db",
        ] {
            check(
                url,
                "reading the address of the ledger: it begins with neither `sqlite://` nor `postgres://`",
            );
        }
        check(
            "sqlite://:memory:",
            "reading the address of the ledger: a ledger needs the path of a file after `sqlite://`",
        );
        check(
            "sqlite://a.db?mode=rwc",
            "reading the address of the ledger: `sqlite://PATH` takes no parameters, so it has no question mark",
        );
        check(
            "postgres://drishti:hun#ter2@db:port/prod",
            "reading the address of the ledger: what follows `postgres://` can't be read (special characters in a password are \
             written as %XX)",
        );
    }
}
