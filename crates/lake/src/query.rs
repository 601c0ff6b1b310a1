//! SQL over the lake, within limits.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deltalake::DeltaTable;
use deltalake::arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray};
use deltalake::arrow::datatypes::{DataType, Field, Schema};
use deltalake::arrow::error::ArrowError;
use deltalake::datafusion::dataframe::DataFrame;
use deltalake::datafusion::datasource::MemTable;
use deltalake::datafusion::error::DataFusionError;
use deltalake::datafusion::execution::disk_manager::DiskManagerBuilder;
use deltalake::datafusion::execution::memory_pool::{FairSpillPool, MemoryPool};
use deltalake::datafusion::execution::runtime_env::RuntimeEnvBuilder;
use deltalake::datafusion::execution::session_state::SessionStateBuilder;
use deltalake::datafusion::logical_expr::LogicalPlan;
use deltalake::datafusion::physical_optimizer::PhysicalOptimizerRule;
use deltalake::datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use deltalake::datafusion::prelude::{SessionConfig, SessionContext, col, lit};
use deltalake::datafusion::sql::sqlparser::dialect::GenericDialect;
use deltalake::datafusion::sql::sqlparser::keywords::Keyword;
use deltalake::datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use drishti_model::{SourceName, SourceScope};
use futures::StreamExt;

use crate::answer::Answer;
use crate::deadline::WatchJoins;
use crate::memory::SharedPool;
use crate::{Lake, LakeError};

/// Most bytes of an answer held in memory.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// How much a query may write to temporary files, as a multiple of its memory.
const SPILL_FACTOR_MAX: u64 = 16;

/// Most keywords and operators of a query. Each may nest the expression once more, and the engine walks nested expressions by
/// recursion: tens of thousands would run out of any stack, which ends the whole program.
const LINKS_MAX: usize = 500;

/// Stack that a thread needs on which queries run, so that `LINKS_MAX` links fit into it, also without optimisation.
pub const QUERY_STACK_BYTES: usize = 16 << 20;

/// More rows than there can be.
const ROWS_UNREACHED: usize = usize::MAX >> 1;

/// The setting that the engine names when temporary files are full; it has no kind of error for that.
const SPILL_LIMIT: &str = "datafusion.runtime.max_temp_directory_size";

/// Panther's indicator columns (`sumo-panther.md`, section 2.2), computed from the stored ones: stored, they would cost bytes in
/// every event and prune nothing that their sources don't.
const INDICATORS: &str = "\
    case when actor_email is not null and resource_email is not null and actor_email <> resource_email \
           then make_array(actor_email, resource_email) \
         when coalesce(actor_email, resource_email) is not null then make_array(coalesce(actor_email, resource_email)) \
    end as p_any_emails, \
    case when actor_name is not null and resource_type = 'user' and resource_name is not null and actor_name <> resource_name \
           then make_array(actor_name, resource_name) \
         when actor_name is not null then make_array(actor_name) \
         when resource_type = 'user' and resource_name is not null then make_array(resource_name) \
    end as p_any_usernames, \
    case when client_ip_address is not null then make_array(client_ip_address) end as p_any_ip_addresses";

/// Functions whose value can be larger than what they are given by any factor, so that one call would take all memory before any
/// limit is looked at.
const UNBOUNDED_FUNCTIONS: [&str; 11] = [
    "repeat",
    "lpad",
    "rpad",
    "space",
    "array_repeat",
    "list_repeat",
    "array_resize",
    "list_resize",
    "range",
    "gen_series",
    "generate_series",
];

/// What one query may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryLimits {
    /// Most rows of the answer; it says whether there were more.
    pub rows: usize,
    /// Longest time from start to the last row.
    pub time: Duration,
    /// Most working memory, in bytes; sorts and joins go to disk before they fail.
    pub memory_bytes: usize,
}

impl Default for QueryLimits {
    /// 10,000 rows, 60 seconds, 512 MB.
    fn default() -> Self {
        Self {
            rows: 10_000,
            time: Duration::from_mins(1),
            memory_bytes: 512 << 20,
        }
    }
}

/// A small table of text beside `events` in one query, such as the sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SideTable {
    /// Its name in SQL.
    pub name: &'static str,
    /// Names of its columns.
    pub columns: &'static [&'static str],
    /// Its rows; each has a value, or null, for every column.
    pub rows: Vec<Vec<Option<String>>>,
}

impl Lake {
    /// Answers one read-only SQL statement over `events` and `side_tables`.
    pub async fn query(
        &self,
        sql: &str,
        limits: &QueryLimits,
        side_tables: &[SideTable],
    ) -> Result<Answer, LakeError> {
        let everything = SourceScope::All;
        self.query_within(sql, limits, side_tables, &everything)
            .await
    }

    /// The same, where `events` has only those of sources in `scope`.
    pub async fn query_within(
        &self,
        sql: &str,
        limits: &QueryLimits,
        side_tables: &[SideTable],
        scope: &SourceScope,
    ) -> Result<Answer, LakeError> {
        refuse_endless(sql)?;
        let table = self.newest().await?;
        let context = self.asking(limits.memory_bytes);
        for function in UNBOUNDED_FUNCTIONS {
            context.deregister_udf(function);
        }
        self.register_events(&context, &table, scope).await?;
        for side_table in side_tables {
            register_side_table(&context, side_table)?;
        }
        let deadline = Instant::now().checked_add(limits.time);
        if let Some(deadline) = deadline {
            context.add_optimizer_rule(Arc::new(WatchJoins::until(deadline)));
        }
        let answer = async {
            let state = context.state();
            let plan = state
                .create_logical_plan(sql)
                .await
                .map_err(|error| LakeError::Query(plain(&error)))?;
            refuse_changes(&plan)?;
            if !scope.is_all() {
                refuse_explanations(&plan)?;
            }
            let frame = DataFrame::new(state, plan);
            self.collect(frame, limits).await
        };
        match tokio::time::timeout(limits.time, answer).await {
            Ok(Err(_)) | Err(_) if deadline.is_some_and(|deadline| deadline <= Instant::now()) => {
                Err(LakeError::QueryTime(limits.time.as_secs()))
            }
            Ok(answer) => answer,
            Err(_) => Err(LakeError::QueryTime(limits.time.as_secs())),
        }
    }

    /// Names of the functions that a query can call.
    pub fn functions(&self) -> BTreeSet<String> {
        let state = self.session(QueryLimits::default().memory_bytes).state();
        let scalar = state.scalar_functions().keys();
        let aggregate = state.aggregate_functions().keys();
        let window = state.window_functions().keys();
        let all = scalar.chain(aggregate).chain(window);
        all.filter(|name| !UNBOUNDED_FUNCTIONS.contains(&name.as_str()))
            .cloned()
            .collect()
    }

    /// A fresh session for somebody's question, whose memory is also within what all questions have.
    pub(crate) fn asking(&self, memory_bytes: usize) -> SessionContext {
        let all = Arc::clone(&self.0.memory);
        let pool = Arc::new(SharedPool::new(memory_bytes, all));
        self.session_with(SessionConfig::new(), memory_bytes, pool)
    }

    /// A fresh session with its own memory, on the shared caches.
    pub(crate) fn session(&self, memory_bytes: usize) -> SessionContext {
        let pool = Arc::new(FairSpillPool::new(memory_bytes));
        self.session_with(SessionConfig::new(), memory_bytes, pool)
    }

    /// A session that reads and sorts one thing on one core, while other cores are at something else.
    pub(crate) fn session_in_order(&self, memory_bytes: usize) -> SessionContext {
        let config = SessionConfig::new().with_target_partitions(1);
        let pool = Arc::new(FairSpillPool::new(memory_bytes));
        self.session_with(config, memory_bytes, pool)
    }

    fn session_with(
        &self,
        config: SessionConfig,
        memory_bytes: usize,
        pool: Arc<dyn MemoryPool>,
    ) -> SessionContext {
        let mut config = config.with_information_schema(true);
        let options = &mut config.options_mut().execution;
        options.parquet.pushdown_filters = true;
        // Asked for when the sorted rows fill the memory already, so a sort in little memory needs it to be little.
        options.sort_spill_reservation_bytes =
            (memory_bytes / 64).min(options.sort_spill_reservation_bytes);
        let spilled = u64::try_from(memory_bytes).unwrap_or(u64::MAX);
        let builder = RuntimeEnvBuilder::from_runtime_env(&self.0.runtime)
            .with_disk_manager_builder(
                DiskManagerBuilder::default()
                    .with_max_temp_directory_size(spilled.saturating_mul(SPILL_FACTOR_MAX)),
            )
            .with_memory_pool(pool);
        let runtime = builder.build_arc();
        let state = SessionStateBuilder::new_with_default_features()
            .with_config(config)
            .with_runtime_env(runtime.unwrap_or_else(|_| Arc::clone(&self.0.runtime)))
            .with_physical_optimizer_rules(rules())
            .build();
        SessionContext::new_with_state(state)
    }

    /// The stored table as a frame of `context`.
    pub(crate) async fn scan(
        &self,
        context: &SessionContext,
        table: &DeltaTable,
    ) -> Result<DataFrame, LakeError> {
        table
            .update_datafusion_session(&context.state())
            .map_err(|error| self.opening(error))?;
        let provider = table.table_provider().await.map_err(LakeError::Engine)?;
        context.read_table(provider).map_err(LakeError::Engine)
    }

    async fn register_events(
        &self,
        context: &SessionContext,
        table: &DeltaTable,
        scope: &SourceScope,
    ) -> Result<(), LakeError> {
        let stored = self.scan(context, table).await?;
        let stored = match scope.names() {
            Some(names) => only_of(stored, names).map_err(LakeError::Engine)?,
            None => stored,
        };
        context
            .register_table("events_stored", stored.into_view())
            .map_err(LakeError::Engine)?;
        let view = context
            .sql(&format!("select *, {INDICATORS} from events_stored"))
            .await
            .map_err(LakeError::Engine)?
            .into_view();
        context
            .deregister_table("events_stored")
            .map_err(LakeError::Engine)?;
        context
            .register_table("events", view)
            .map_err(LakeError::Engine)?;
        Ok(())
    }

    async fn collect(&self, frame: DataFrame, limits: &QueryLimits) -> Result<Answer, LakeError> {
        let failed = |error| self.query_error(&error, limits.memory_bytes);
        let schema = Arc::clone(frame.schema().inner());
        let mut stream = frame.execute_stream().await.map_err(failed)?;
        let mut batches = Vec::new();
        let (mut rows, mut bytes) = (0, 0);
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(failed)?;
            let room = limits.rows - rows;
            let kept =
                own(&batch.slice(0, room.min(batch.num_rows()))).map_err(LakeError::Columns)?;
            bytes += kept.get_array_memory_size();
            if bytes > ANSWER_BYTES_MAX {
                return Err(LakeError::AnswerSize(ANSWER_BYTES_MAX >> 20));
            }
            rows += kept.num_rows();
            batches.push(kept);
            if batch.num_rows() > room {
                return Ok(Answer::new(schema, batches, true));
            }
        }
        Ok(Answer::new(schema, batches, false))
    }

    /// What the engine's failure means to who asked.
    pub(crate) fn query_error(&self, error: &DataFusionError, memory_bytes: usize) -> LakeError {
        let exhausted = matches!(error.find_root(), DataFusionError::ResourcesExhausted(_))
            || error.to_string().contains(SPILL_LIMIT);
        self.or_gone(if exhausted {
            LakeError::QueryMemory(memory_bytes >> 20)
        } else if is_of_the_question(error) {
            LakeError::Query(plain(error))
        } else {
            LakeError::Engine(DataFusionError::External(error.to_string().into()))
        })
    }
}

/// Whether a failure is one of what was asked, or of what it does with values, and not one of files, the network or the engine.
fn is_of_the_question(error: &DataFusionError) -> bool {
    match error.find_root() {
        DataFusionError::SQL(..)
        | DataFusionError::NotImplemented(_)
        | DataFusionError::Plan(_)
        | DataFusionError::Configuration(_)
        | DataFusionError::SchemaError(..)
        | DataFusionError::Execution(_) => true,
        DataFusionError::ArrowError(error, _) => !matches!(
            **error,
            ArrowError::ExternalError(_)
                | ArrowError::IoError(..)
                | ArrowError::IpcError(_)
                | ArrowError::ParquetError(_)
                | ArrowError::MemoryError(_)
        ),
        _ => false,
    }
}

/// The rows of these sources. The limit, which none reaches, keeps the conditions of a query from being tried on other rows before:
/// one that fails would tell of them what it failed on.
fn only_of(stored: DataFrame, names: &BTreeSet<SourceName>) -> Result<DataFrame, DataFusionError> {
    let names = names.iter().map(|name| lit(name.as_str())).collect();
    stored
        .filter(col("source").in_list(names, false))?
        .limit(0, Some(ROWS_UNREACHED))
}

/// Refuses to tell how a question is answered, which tells of the files and rows of all sources.
fn refuse_explanations(plan: &LogicalPlan) -> Result<(), LakeError> {
    match plan {
        LogicalPlan::Explain(_) | LogicalPlan::Analyze(_) => Err(LakeError::Query(
            "`explain` is for those who may see all sources".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// Refuses a query that could nest too deep.
fn refuse_endless(sql: &str) -> Result<(), LakeError> {
    // What can't be taken apart is refused by the parser, with its place.
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, sql).tokenize() else {
        return Ok(());
    };
    let links = tokens.iter().filter(|token| is_link(token)).count();
    if links > LINKS_MAX {
        return Err(LakeError::Query(format!(
            "the query has {links} keywords and operators, at most {LINKS_MAX} are allowed; compare with many values by `in (…)`"
        )));
    }
    Ok(())
}

/// Whether a token can nest an expression without a bracket, whose depth the parser bounds.
fn is_link(token: &Token) -> bool {
    match token {
        Token::Word(word) => word.keyword != Keyword::NoKeyword,
        Token::Whitespace(_)
        | Token::Comma
        | Token::Period
        | Token::SemiColon
        | Token::LParen
        | Token::RParen
        | Token::Number(..)
        | Token::SingleQuotedString(_) => false,
        _ => true,
    }
}

/// Refuses whatever isn't a question.
fn refuse_changes(plan: &LogicalPlan) -> Result<(), LakeError> {
    let what = match plan {
        LogicalPlan::Ddl(statement) => statement.name().to_owned(),
        LogicalPlan::Dml(statement) => statement.op.name().to_owned(),
        LogicalPlan::Copy(_) => "Copy".to_owned(),
        LogicalPlan::Statement(statement) => statement.name().to_owned(),
        LogicalPlan::Explain(explain) => return refuse_changes(&explain.plan),
        LogicalPlan::Analyze(analyze) => return refuse_changes(&analyze.input),
        _ => return Ok(()),
    };
    Err(LakeError::Query(format!(
        "`{what}` is not allowed: the lake answers questions, as `select` and `with` ask them, and is changed by nothing else"
    )))
}

/// The batch without the parts of larger buffers that its values don't need.
fn own(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns = batch
        .columns()
        .iter()
        .map(|column| -> ArrayRef {
            match column.as_string_view_opt() {
                Some(texts) => Arc::new(texts.gc()),
                None => Arc::clone(column),
            }
        })
        .collect();
    RecordBatch::try_new(batch.schema(), columns)
}

fn register_side_table(context: &SessionContext, table: &SideTable) -> Result<(), LakeError> {
    let fields: Vec<Field> = table
        .columns
        .iter()
        .map(|name| Field::new(*name, DataType::Utf8, true))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let columns = (0..table.columns.len())
        .map(|index| -> ArrayRef {
            Arc::new(
                table
                    .rows
                    .iter()
                    .map(|row| row.get(index).and_then(Option::as_deref))
                    .collect::<StringArray>(),
            )
        })
        .collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).map_err(LakeError::Columns)?;
    let provider = MemTable::try_new(schema, vec![vec![batch]]).map_err(LakeError::Engine)?;
    context
        .register_table(table.name, Arc::new(provider))
        .map_err(LakeError::Engine)?;
    Ok(())
}

/// The engine's rules without the one that pushes limits into scans. Delta's scan that answers from the log alone, as for `select
/// event_date from events limit 1`, takes a limit and does not keep it. The provider is told of limits all the same.
fn rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let rules = PhysicalOptimizer::new().rules.into_iter();
    rules
        .filter(|rule| rule.name() != "LimitPushdown")
        .collect()
}

/// The engine's words without its prefixes, which name parts of the engine.
fn plain(error: &DataFusionError) -> String {
    let text = error.strip_backtrace();
    let prefixes = [
        "Error during planning: ",
        "This feature is not implemented: ",
        "Schema error: ",
        "SQL error: ",
        "Execution error: ",
    ];
    let text = prefixes.iter().fold(text.as_str(), |text, prefix| {
        text.strip_prefix(prefix).unwrap_or(text)
    });
    let parser = text.strip_prefix("ParserError(\"");
    let text = parser
        .and_then(|text| text.strip_suffix("\")"))
        .unwrap_or(text);
    text.replace("datafusion.public.", "")
}
