//! The Parquet files of one batch, written by a task beside whoever makes the rows.

use deltalake::arrow::array::RecordBatch;
use deltalake::kernel::Add;
use deltalake::writer::{DeltaWriter, RecordBatchWriter};
use deltalake::{DeltaResult, DeltaTableError};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinSet;

/// Rows that wait to be written, in pieces as they come.
const PIECES_WAITING_MAX: usize = 2;

/// Files being written. Dropped before [`Files::finish`], they are broken off.
pub(crate) struct Files {
    /// `None` once they are finished.
    rows: Option<Sender<RecordBatch>>,
    writing: JoinSet<DeltaResult<Vec<Add>>>,
}

impl Files {
    pub(crate) fn begin(writer: RecordBatchWriter) -> Self {
        let (rows, received) = mpsc::channel(PIECES_WAITING_MAX);
        let mut writing = JoinSet::new();
        writing.spawn(write(writer, received));
        Self {
            rows: Some(rows),
            writing,
        }
    }

    /// Gives rows to the files. An error may be that of rows given earlier.
    pub(crate) async fn write(&mut self, rows: RecordBatch) -> DeltaResult<()> {
        if let Some(given) = &self.rows
            && given.send(rows).await.is_ok()
        {
            return Ok(());
        }
        self.finish().await.map(drop)
    }

    /// Finishes the files; what is answered is durable.
    pub(crate) async fn finish(&mut self) -> DeltaResult<Vec<Add>> {
        self.rows = None;
        let ended_early =
            || DeltaTableError::generic("the task that writes the files has ended early");
        match self.writing.join_next().await {
            Some(Ok(written)) => written,
            _ => Err(ended_early()),
        }
    }
}

async fn write(
    mut writer: RecordBatchWriter,
    mut received: Receiver<RecordBatch>,
) -> DeltaResult<Vec<Add>> {
    while let Some(rows) = received.recv().await {
        writer.write(rows).await?;
    }
    writer.flush().await
}
