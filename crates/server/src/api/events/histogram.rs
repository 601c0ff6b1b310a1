use std::time::Duration;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use drishti_model::TimeRange;
use drishti_services::{CLOCK_AHEAD_MAX, Services};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::filters::{EventParameters, range};
use crate::bounds::HISTOGRAM_BARS_MAX;
use crate::parameters::Parameters;
use crate::principal::Scope;
use crate::problem::{Failure, Problem};

/// Time that is counted where `from` is left out: what Asana itself still has.
const SPAN: TimeDelta = TimeDelta::days(90);

/// Widest bar.
const BUCKET_SECONDS_MAX: u64 = 366 * 86_400;

/// Units of a bar's width, in seconds.
const UNITS: [(char, u64); 3] = [('m', 60), ('h', 3_600), ('d', 86_400)];

/// How wide the bars are.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct BucketParameters {
    /// Width of a bar: a number and `m`, `h` or `d`, up to `366d`.
    #[serde(default = "day")]
    #[param(default = "1d", pattern = "^[0-9]{1,6}[mhd]$")]
    bucket: String,
}

fn day() -> String {
    "1d".to_owned()
}

/// One bar.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Bar {
    /// Its first moment. Bars begin at multiples of their width since 1970 (UTC).
    start: DateTime<Utc>,
    /// Events in it.
    count: u64,
}

/// Events over time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Histogram {
    /// First moment that was counted.
    from: DateTime<Utc>,
    /// First moment that was not counted.
    to: DateTime<Utc>,
    /// Width of a bar.
    bucket_seconds: u64,
    /// The bars that have events, oldest first.
    bars: Vec<Bar>,
}

/// Count events over time. Without `to`, up to a day ahead of now, which is what a clock may be wrong by; without `from`, the 90 days
/// before.
#[utoipa::path(
    get,
    path = "/events/histogram",
    tag = "events",
    params(EventParameters, BucketParameters),
    responses((status = 200, description = "How many events there were when.", body = Histogram), Failure<'static>)
)]
pub(crate) async fn get_event_histogram(
    State(services): State<Services>,
    Scope(scope): Scope,
    Parameters(filters, bucket): Parameters<EventParameters, BucketParameters>,
) -> Result<Json<Histogram>, Problem> {
    let bucket = width(&bucket.bucket)?;
    let range = span(&services, &filters)?;
    if bars(range, bucket) > HISTOGRAM_BARS_MAX {
        let problem = format!("the histogram would have over {HISTOGRAM_BARS_MAX} bars");
        return Err(Problem::parameter("bucket", problem)
            .with_hint("Ask for wider bars or a shorter time."));
    }
    let filter = filters.into_filter(Some(range), scope)?;
    let buckets = services.histogram(&filter, bucket).await?;
    let bar = |bucket: drishti_services::HistogramBucket| Bar {
        start: bucket.start,
        count: bucket.count,
    };
    Ok(Json(Histogram {
        from: range.start,
        to: range.end,
        bucket_seconds: bucket.as_secs(),
        bars: buckets.into_iter().map(bar).collect(),
    }))
}

/// The time that is counted.
pub(super) fn span(services: &Services, filters: &EventParameters) -> Result<TimeRange, Problem> {
    let [from, to] = filters.ends()?;
    let ahead = || (services.clock().now() + CLOCK_AHEAD_MAX).trunc_subsecs(0);
    let to = to.unwrap_or_else(ahead);
    range(from.unwrap_or_else(|| to - SPAN), to)
}

fn width(text: &str) -> Result<Duration, Problem> {
    let refused = || {
        Problem::parameter(
            "bucket",
            "expected a number and `m`, `h` or `d`, such as 1h, up to 366d",
        )
    };
    let unit = UNITS.iter().find(|(unit, _)| text.ends_with(*unit));
    let (unit, unit_seconds) = unit.ok_or_else(refused)?;
    let number = text.strip_suffix(*unit).unwrap_or_default();
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refused());
    }
    let seconds = number.parse::<u64>().ok();
    seconds
        .and_then(|number| number.checked_mul(*unit_seconds))
        .filter(|seconds| (1..=BUCKET_SECONDS_MAX).contains(seconds))
        .map(Duration::from_secs)
        .ok_or_else(refused)
}

/// How many bars the span touches.
fn bars(range: TimeRange, bucket: Duration) -> i64 {
    let seconds = i64::try_from(bucket.as_secs()).unwrap_or(i64::MAX).max(1);
    let last = (range.end - TimeDelta::microseconds(1)).timestamp();
    last.div_euclid(seconds) - range.start.timestamp().div_euclid(seconds) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_read_or_refused() {
        let seconds = |text| width(text).ok().map(|width| width.as_secs());
        assert_eq!(seconds("1m"), Some(60));
        assert_eq!(seconds("6h"), Some(21_600));
        assert_eq!(seconds("366d"), Some(BUCKET_SECONDS_MAX));
        for text in [
            "",
            "1",
            "d",
            "0d",
            "367d",
            "-1h",
            "+1h",
            "1.5h",
            "1s",
            "1é",
            "99999999999999999999d",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn bars_that_are_only_touched_count() {
        let time = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let bars_of = |start, end| {
            bars(
                TimeRange::new(time(start), time(end)).unwrap(),
                Duration::from_mins(1),
            )
        };
        assert_eq!(bars_of(0, 60), 1);
        assert_eq!(bars_of(0, 61), 2);
        assert_eq!(bars_of(59, 61), 2);
        assert_eq!(bars_of(0, 60 * HISTOGRAM_BARS_MAX), HISTOGRAM_BARS_MAX);
    }
}
