use deltalake::DeltaTableError;
use deltalake::arrow::error::ArrowError;
use deltalake::datafusion::error::DataFusionError;
use drishti_model::SourceName;
use thiserror::Error;

use crate::rearrange::is_overtaken;

/// What can go wrong in the lake.
#[derive(Debug, Error)]
pub enum LakeError {
    /// The configured place is not one that a lake can be in.
    #[error("lake address `{address}` can't be used: {reason}")]
    Location {
        /// The address, without credentials.
        address: String,
        /// Why not.
        reason: String,
    },
    /// The folder or bucket can't be opened, or is no Delta table.
    #[error("opening the lake at `{address}`")]
    Open {
        /// The address, without credentials.
        address: String,
        /// The cause.
        #[source]
        source: DeltaTableError,
    },
    /// A local folder can't be made, read or written.
    #[error("{doing} `{path}`")]
    Folder {
        /// What was being done, such as `creating the lake folder`.
        doing: &'static str,
        /// To which path.
        path: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The folder was removed or replaced while the program ran.
    #[error(
        "the lake folder `{0}` was removed or replaced while in use; put it back and restart the program, or restart it without to begin a new lake"
    )]
    Gone(String),
    /// A batch could not be written.
    #[error("writing a batch of source `{source_name}` to the lake at `{address}`")]
    Append {
        /// Whose batch.
        source_name: SourceName,
        /// The lake's address, without credentials.
        address: String,
        /// The cause.
        #[source]
        source: DeltaTableError,
    },
    /// A batch could not be turned into columns.
    #[error("arranging events in columns")]
    Columns(#[source] ArrowError),
    /// Another process has committed this sequence number already.
    #[error("batch {sequence} of source `{source_name}` was already written by another process")]
    Superseded {
        /// Whose batch.
        source_name: SourceName,
        /// Its number.
        sequence: i64,
    },
    /// Compaction, retention or vacuum failed.
    #[error("{doing} the lake at `{address}`")]
    Maintenance {
        /// `compacting`, `removing old days from`, `vacuuming` or `enriching the events of`.
        doing: &'static str,
        /// The lake's address, without credentials.
        address: String,
        /// The cause.
        #[source]
        source: DeltaTableError,
    },
    /// The SQL is wrong or not allowed.
    #[error("{0}")]
    Query(String),
    /// The engine failed while answering.
    #[error("answering a query")]
    Engine(#[source] DataFusionError),
    /// The query ran into its time limit.
    #[error(
        "the query did not end within {0} seconds; narrow it by `created_at` or raise the limit"
    )]
    QueryTime(u64),
    /// The query ran into its memory limit.
    #[error(
        "the query needs more than its memory limit of {0} MB; narrow it by `created_at`, or group by fewer columns"
    )]
    QueryMemory(usize),
    /// The answer is larger than memory may hold.
    #[error("the answer is larger than {0} MB; ask for fewer columns or rows")]
    AnswerSize(usize),
    /// More events than a file may hold.
    #[error("{found} events fit, and a file holds at most {most}; narrow the time or add filters")]
    ExportSize {
        /// Events that fit.
        found: u64,
        /// Most events of a file.
        most: u64,
    },
    /// An answer could not be written in the asked format.
    #[error("writing the answer of a query")]
    Write(#[source] std::io::Error),
}

impl LakeError {
    /// Whether the lake folder vanished from under the program.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Gone(_))
    }

    /// Whether a change of the lake's files was refused because another has come between.
    pub(crate) fn is_overtaken(&self) -> bool {
        matches!(self, Self::Maintenance { source, .. } if is_overtaken(source))
    }
}
