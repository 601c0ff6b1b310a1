//! Reading a source's events in the order in which they happened.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, NaiveDate, Utc};
use deltalake::DeltaTable;
use deltalake::arrow::array::{AsArray, RecordBatch};
use deltalake::arrow::compute::cast;
use deltalake::arrow::datatypes::{DataType, TimestampMicrosecondType, UInt64Type};
use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::execution::SendableRecordBatchStream;
use deltalake::datafusion::functions_aggregate::expr_fn::{count, min};
use deltalake::datafusion::prelude::{Expr, col, lit};
use drishti_model::{EnrichedEvent, SourceName, TimeRange};
use futures::StreamExt as _;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::{JoinError, JoinSet};

use crate::events::within;
use crate::rows::{Shared, Texts, enriched_again};
use crate::{Lake, LakeError, schema};

mod files;
mod packed;

use files::{DayFiles, days_of};
use packed::Packed;

/// Memory for sorting one day that is too large to be held as it is, in bytes; where it is not enough, it is sorted on disk.
const SORT_BYTES_MAX: usize = 256 << 20;

/// Batches that are read ahead of whoever takes them.
const BATCHES_AHEAD: usize = 24;

/// Columns that say how an event came here, and are nothing of the event.
const ABOUT_STORAGE: [&str; 4] = ["source", "batch", "collected_at", schema::PARTITION];

/// Vectors of events that wait to be used again.
const SPARES_MAX: usize = 32;

/// The longest texts of an event.
const DETAILS: [&str; 2] = ["details", "extra"];

/// The events of one source in the order of `created_at`, then `gid`. They are those of one version of the table.
pub struct InOrder(State);

enum State {
    /// Nobody has asked yet.
    Ready(Box<Reader>),
    /// A task reads ahead; it ends with this.
    Reading {
        batches: Receiver<Result<Vec<EnrichedEvent>, LakeError>>,
        spares: Sender<Vec<EnrichedEvent>>,
        task: JoinSet<()>,
    },
    Ended,
}

struct Reader {
    query: DayQuery,
    days: VecDeque<DayFiles>,
}

/// Days that are read one after the other, each while the one before it is looked at.
struct Days {
    ready: Receiver<Result<Day, LakeError>>,
    reading: JoinSet<()>,
}

/// What of a day is read.
#[derive(Clone)]
struct DayQuery {
    lake: Lake,
    table: DeltaTable,
    source: SourceName,
    range: TimeRange,
    /// `None`: of all types.
    event_types: Option<Vec<String>>,
    texts: Texts,
}

/// A day in order.
enum Day {
    Packed(Packed),
    /// Sorted by the engine.
    Sorted {
        first: Option<RecordBatch>,
        others: SendableRecordBatchStream,
    },
}

/// Whether a column is nothing of an event, or of what is read of it.
fn needless(texts: Texts, column: &str) -> bool {
    ABOUT_STORAGE.contains(&column) || texts == Texts::OfHabits && DETAILS.contains(&column)
}

impl Lake {
    /// The events of `source` whose `created_at` is in `range`, in order. Nothing is read before [`InOrder::next`].
    pub async fn in_order(
        &self,
        source: &SourceName,
        range: TimeRange,
    ) -> Result<InOrder, LakeError> {
        let table = self.newest().await?;
        let days = days_of(&table, source, range).map_err(|error| self.opening(error))?;
        Ok(InOrder(State::Ready(Box::new(Reader {
            query: DayQuery {
                lake: self.clone(),
                table,
                source: source.clone(),
                range,
                event_types: None,
                texts: Texts::All,
            },
            days: days.into(),
        }))))
    }

    /// How many events of `source` there are in `range`, by type.
    pub async fn count_by_type(
        &self,
        source: &SourceName,
        range: TimeRange,
    ) -> Result<BTreeMap<String, u64>, LakeError> {
        let table = self.newest().await?;
        let context = self.session(SORT_BYTES_MAX);
        let frame = self.scan(&context, &table).await?;
        let counted = async {
            let condition = within(range).and(col("source").eq(lit(source.as_str())));
            let batches = frame
                .filter(condition)?
                .aggregate(vec![col("event_type")], vec![count(lit(1_i64))])?
                .collect()
                .await?;
            let mut counts = BTreeMap::new();
            for batch in batches {
                let types = cast(batch.column(0), &DataType::Utf8)?;
                let rows = cast(batch.column(1), &DataType::UInt64)?;
                let rows = rows.as_primitive::<UInt64Type>();
                for (event_type, rows) in types.as_string::<i32>().iter().zip(rows) {
                    let of_type = counts.entry(event_type.unwrap_or_default().to_owned());
                    *of_type.or_insert(0) += rows.unwrap_or_default();
                }
            }
            Ok(counts)
        };
        counted
            .await
            .map_err(|error: DataFusionError| self.query_error(&error, SORT_BYTES_MAX))
    }

    /// `created_at` of the oldest event of `source` that came with a batch behind `sequence`; `None` where there is no such batch.
    pub async fn oldest_behind(
        &self,
        source: &SourceName,
        sequence: i64,
    ) -> Result<Option<DateTime<Utc>>, LakeError> {
        let table = self.newest().await?;
        let context = self.session(SORT_BYTES_MAX);
        let frame = self.scan(&context, &table).await?;
        let oldest = async {
            let fresh = col("source")
                .eq(lit(source.as_str()))
                .and(col("batch").gt(lit(sequence)));
            let oldest = frame
                .filter(fresh)?
                .aggregate(vec![], vec![min(col("created_at"))])?;
            let batches = oldest.collect().await?;
            let Some(batch) = batches.first() else {
                return Ok(None);
            };
            let times = cast(batch.column(0), &schema::timestamp())?;
            let times = times.as_primitive::<TimestampMicrosecondType>();
            Ok(times.iter().next().flatten())
        };
        let oldest = oldest
            .await
            .map_err(|error: DataFusionError| self.query_error(&error, SORT_BYTES_MAX))?;
        Ok(oldest.and_then(DateTime::from_timestamp_micros))
    }
}

impl InOrder {
    /// Only events of these types; the others are not even unpacked.
    #[must_use]
    pub fn of_types(mut self, event_types: Vec<String>) -> Self {
        if let State::Ready(reader) = &mut self.0 {
            reader.query.event_types = Some(event_types);
        }
        self
    }

    /// Events with what habits are learned and judged by: they lack `details` and unknown keys, the text of their user agent, and, unless it
    /// is the account of a person, their resource but for its type.
    #[must_use]
    pub fn for_habits(mut self) -> Self {
        if let State::Ready(reader) = &mut self.0 {
            reader.query.texts = Texts::OfHabits;
        }
        self
    }

    /// Takes back events that nobody needs any more, for the room that they take: the next ones are written there.
    pub fn give_back(&self, events: Vec<EnrichedEvent>) {
        if let State::Reading { spares, .. } = &self.0 {
            // Where there are enough they are dropped.
            spares.try_send(events).unwrap_or_default();
        }
    }

    /// The next events, some thousand at a time; `None` at the end. After an error nothing more comes.
    pub async fn next(&mut self) -> Result<Option<Vec<EnrichedEvent>>, LakeError> {
        self.0 = match std::mem::replace(&mut self.0, State::Ended) {
            State::Ready(reader) => {
                let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
                let (spares, spare) = mpsc::channel(SPARES_MAX);
                let mut task = JoinSet::new();
                task.spawn(reader.read_into(sender, spare));
                State::Reading {
                    batches,
                    spares,
                    task,
                }
            }
            begun => begun,
        };
        let State::Reading { batches, task, .. } = &mut self.0 else {
            return Ok(None);
        };
        let next = match batches.recv().await {
            Some(Ok(events)) => return Ok(Some(events)),
            Some(Err(error)) => Err(error),
            // The end, or a task that died before it.
            None => match task.join_next().await {
                Some(Err(error)) => Err(died(error)),
                _ => Ok(None),
            },
        };
        self.0 = State::Ended;
        next
    }
}

impl Reader {
    /// Reads until the end, an error, or nobody waits any more.
    async fn read_into(
        self: Box<Self>,
        batches: Sender<Result<Vec<EnrichedEvent>, LakeError>>,
        mut spares: Receiver<Vec<EnrichedEvent>>,
    ) {
        let query = self.query.clone();
        let mut days = Days::read(self.query, self.days);
        let (mut shared, mut room) = (Shared::default(), Vec::new());
        while let Some(day) = days.next().await.transpose() {
            let mut day = match day {
                Ok(day) => day,
                Err(error) => return batches.send(Err(error)).await.unwrap_or_default(),
            };
            loop {
                while let Ok(mut spare) = spares.try_recv() {
                    room.append(&mut spare);
                }
                let next = day.next(query.texts, &mut shared, &mut room).await;
                let next = next.map_err(|error| query.failed(&error)).transpose();
                let Some(next) = next else { break };
                let is_last = next.is_err();
                if batches.send(next).await.is_err() || is_last {
                    return;
                }
            }
        }
    }
}

impl Days {
    /// On one thread from beginning to end: what it allocates for one day it uses again for the next.
    fn read(query: DayQuery, days: VecDeque<DayFiles>) -> Self {
        let (sender, ready) = mpsc::channel(1);
        let runtime = Handle::current();
        let mut reading = JoinSet::new();
        reading.spawn_blocking(move || {
            for day in days {
                // Only once the day before is being looked at: two of them in memory are enough.
                let Ok(place) = runtime.block_on(sender.reserve()) else {
                    return;
                };
                let day = runtime.block_on(query.in_order(&day));
                let is_last = day.is_err();
                place.send(day);
                if is_last {
                    return;
                }
            }
        });
        Self { ready, reading }
    }

    async fn next(&mut self) -> Result<Option<Day>, LakeError> {
        match self.ready.recv().await {
            Some(day) => day.map(Some),
            // The end, or a thread that died before it.
            None => match self.reading.join_next().await {
                Some(Err(error)) => Err(died(error)),
                _ => Ok(None),
            },
        }
    }
}

impl Day {
    /// The next events, written into the room of others; `None` at the end.
    async fn next(
        &mut self,
        texts: Texts,
        shared: &mut Shared,
        room: &mut Vec<EnrichedEvent>,
    ) -> Result<Option<Vec<EnrichedEvent>>, DataFusionError> {
        let (first, others) = match self {
            Self::Packed(packed) => return Ok(packed.next(shared, room)?),
            Self::Sorted { first, others } => (first, others),
        };
        loop {
            let batch = match first.take() {
                Some(first) => Some(first),
                None => others.next().await.transpose()?,
            };
            match batch {
                None => return Ok(None),
                Some(batch) if batch.num_rows() == 0 => {}
                Some(batch) => {
                    let room = std::mem::take(room);
                    return Ok(Some(enriched_again(&batch, texts, shared, room)?));
                }
            }
        }
    }
}

impl DayQuery {
    /// Reads a day and brings it in order.
    async fn in_order(&self, day: &DayFiles) -> Result<Day, LakeError> {
        let packed = self.packed(day).await;
        match packed.map_err(|error| self.failed(&error))? {
            Some(packed) => Ok(Day::Packed(packed)),
            None => self.sorted(day.day).await,
        }
    }

    /// The same by the engine, on disk where the day is large.
    async fn sorted(&self, day: NaiveDate) -> Result<Day, LakeError> {
        let context = self.lake.session_in_order(SORT_BYTES_MAX);
        let frame = self.lake.scan(&context, &self.table).await?;
        let sorted = async {
            let known = ABOUT_STORAGE.iter().chain(&DETAILS).copied();
            let needless: Vec<&str> = known.filter(|name| needless(self.texts, name)).collect();
            let others = frame
                .filter(self.of_day(day))?
                .sort(vec![
                    col("created_at").sort(true, false),
                    col("gid").sort(true, false),
                ])?
                .drop_columns(&needless)?
                .execute_stream();
            let mut others = others.await?;
            // What is sorted is all there once the first of it comes.
            let first = others.next().await.transpose()?;
            Ok(Day::Sorted { first, others })
        };
        sorted.await.map_err(|error| self.failed(&error))
    }

    /// Which rows of a day.
    fn of_day(&self, day: NaiveDate) -> Expr {
        let of_source = col("source").eq(lit(self.source.as_str()));
        let mut condition = col(schema::PARTITION)
            .eq(crate::events::day(day))
            .and(of_source);
        let (first, last) = (self.range.start.date_naive(), self.range.end.date_naive());
        if day <= first || day >= last {
            condition = condition.and(within(self.range));
        }
        match &self.event_types {
            None => condition,
            Some(types) => {
                let types = types.iter().map(lit).collect();
                condition.and(col("event_type").in_list(types, false))
            }
        }
    }

    fn failed(&self, error: &DataFusionError) -> LakeError {
        self.lake.query_error(error, SORT_BYTES_MAX)
    }
}

fn died(error: JoinError) -> LakeError {
    LakeError::Engine(DataFusionError::ExecutionJoin(Box::new(error)))
}

#[cfg(test)]
mod tests;
