//! Ends joins in time.
//!
//! The engine gives way between batches that an operator reads or returns. A join of two large inputs whose condition hardly ever
//! holds may work for hours between two batches, and neither a time-out nor an abort reaches it. So each join gets one more
//! condition, which always holds until the deadline and is an error after it.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use deltalake::arrow::datatypes::DataType;
use deltalake::datafusion::common::tree_node::{Transformed, TreeNode};
use deltalake::datafusion::common::{Result, ScalarValue, exec_err};
use deltalake::datafusion::logical_expr::{
    ColumnarValue, LogicalPlan, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use deltalake::datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};
use deltalake::datafusion::prelude::Expr;

const NAME: &str = "before_deadline";

/// `before_deadline()`: true, or after the deadline an error.
#[derive(Debug, PartialEq, Eq, Hash)]
struct BeforeDeadline {
    signature: Signature,
    deadline: Instant,
}

impl ScalarUDFImpl for BeforeDeadline {
    fn name(&self) -> &'static str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, _arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if Instant::now() >= self.deadline {
            return exec_err!("the time is over");
        }
        Ok(ColumnarValue::Scalar(ScalarValue::Boolean(Some(true))))
    }
}

/// The last step of planning: puts the condition into every join.
pub(crate) struct WatchJoins(Arc<ScalarUDF>);

impl WatchJoins {
    pub(crate) fn until(deadline: Instant) -> Self {
        Self(Arc::new(ScalarUDF::new_from_impl(BeforeDeadline {
            signature: Signature::nullary(Volatility::Volatile),
            deadline,
        })))
    }

    fn is_watched(&self, filter: &Expr) -> bool {
        let is_ours = |part: &Expr| matches!(part, Expr::ScalarFunction(call) if call.func.name() == self.0.name());
        filter.exists(|part| Ok(is_ours(part))).unwrap_or_default()
    }
}

impl fmt::Debug for WatchJoins {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("WatchJoins")
    }
}

impl OptimizerRule for WatchJoins {
    fn name(&self) -> &'static str {
        "watch_joins"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        _config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        match plan {
            // `not in` is planned as a join that takes no further condition; it is one by equality, and soon done.
            LogicalPlan::Join(mut join)
                if !join.null_aware
                    && !join
                        .filter
                        .as_ref()
                        .is_some_and(|filter| self.is_watched(filter)) =>
            {
                let watch = self.0.call(Vec::new());
                join.filter = Some(match join.filter.take() {
                    Some(filter) => watch.and(filter),
                    None => watch,
                });
                Ok(Transformed::yes(LogicalPlan::Join(join)))
            }
            other => Ok(Transformed::no(other)),
        }
    }
}
