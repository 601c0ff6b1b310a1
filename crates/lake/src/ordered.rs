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
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::{JoinError, JoinSet};

use crate::events::within;
use crate::rows::{Shared, Texts, enriched_again};
use crate::table::rows_by_day;
use crate::{Lake, LakeError, schema};

/// Memory for sorting one day, in bytes; a larger day is sorted on disk.
const SORT_BYTES_MAX: usize = 256 << 20;

/// Batches that are read ahead of whoever takes them, so that a day is sorted while the one before it is looked at.
const BATCHES_AHEAD: usize = 3;

/// Columns that say how an event came here, and are nothing of the event.
const ABOUT_STORAGE: [&str; 4] = ["source", "batch", "collected_at", schema::PARTITION];

/// Vectors of events that wait to be used again.
const SPARES_MAX: usize = 8;

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
    days: VecDeque<NaiveDate>,
    day: Option<Day>,
    /// The day behind it, which is sorted meanwhile.
    next_day: JoinSet<Result<Day, LakeError>>,
    shared: Shared,
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

/// A day that is sorted.
struct Day {
    first: Option<RecordBatch>,
    others: SendableRecordBatchStream,
}

impl Lake {
    /// The events of `source` whose `created_at` is in `range`, in order. Nothing is read before [`InOrder::next`].
    pub async fn in_order(
        &self,
        source: &SourceName,
        range: TimeRange,
    ) -> Result<InOrder, LakeError> {
        let table = self.newest().await?;
        let days = rows_by_day(&table)
            .map_err(|error| self.opening(error))?
            .into_keys()
            .filter(|day| (range.start.date_naive()..=range.end.date_naive()).contains(day))
            .collect();
        Ok(InOrder(State::Ready(Box::new(Reader {
            query: DayQuery {
                lake: self.clone(),
                table,
                source: source.clone(),
                range,
                event_types: None,
                texts: Texts::All,
            },
            days,
            day: None,
            next_day: JoinSet::new(),
            shared: Shared::default(),
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
        mut self: Box<Self>,
        batches: Sender<Result<Vec<EnrichedEvent>, LakeError>>,
        mut spares: Receiver<Vec<EnrichedEvent>>,
    ) {
        while let Some(next) = self.next(&mut spares).await.transpose() {
            let is_last = next.is_err();
            if batches.send(next).await.is_err() || is_last {
                return;
            }
        }
    }

    async fn next(
        &mut self,
        spares: &mut Receiver<Vec<EnrichedEvent>>,
    ) -> Result<Option<Vec<EnrichedEvent>>, LakeError> {
        loop {
            let Some(day) = &mut self.day else {
                self.begin_next_day();
                let Some(next) = self.next_day.join_next().await else {
                    return Ok(None);
                };
                self.day = Some(next.map_err(died)??);
                self.begin_next_day();
                continue;
            };
            let batch = day.next().await;
            let batch = batch.map_err(|error| self.query.failed(&error))?;
            match batch {
                None => self.day = None,
                Some(batch) if batch.num_rows() == 0 => {}
                Some(batch) => {
                    let spare = spares.try_recv().unwrap_or_default();
                    let events = enriched_again(&batch, self.query.texts, &mut self.shared, spare);
                    return events.map(Some).map_err(LakeError::Columns);
                }
            }
        }
    }

    /// Begins to sort the next day, unless that is under way, or there is none.
    fn begin_next_day(&mut self) {
        if self.next_day.is_empty()
            && let Some(day) = self.days.pop_front()
        {
            let query = self.query.clone();
            self.next_day.spawn(async move { query.sorted(day).await });
        }
    }
}

impl Day {
    async fn next(&mut self) -> Result<Option<RecordBatch>, DataFusionError> {
        match self.first.take() {
            Some(first) => Ok(Some(first)),
            None => self.others.next().await.transpose(),
        }
    }
}

impl DayQuery {
    /// Reads a day and brings it in order.
    async fn sorted(&self, day: NaiveDate) -> Result<Day, LakeError> {
        let context = self.lake.session_in_order(SORT_BYTES_MAX);
        let frame = self.lake.scan(&context, &self.table).await?;
        let sorted = async {
            let needless = ABOUT_STORAGE.iter();
            let details = DETAILS.iter().filter(|_| self.texts == Texts::OfHabits);
            let needless: Vec<&str> = needless.chain(details).copied().collect();
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
            Ok(Day { first, others })
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
