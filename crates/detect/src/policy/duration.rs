use chrono::TimeDelta;

/// The longest time that a policy may name.
const DAYS_MAX: i64 = 366;

/// A time such as `30s`, `5m`, `1h`, `2d` or `1w`; more than nothing and at most a year.
pub(super) fn parse_duration(text: &str) -> Result<TimeDelta, String> {
    let refusal = || {
        format!("`{text}` is no time: write a number and s, m, h, d or w, such as 30s, 5m, 1h, 2d")
    };
    let text = text.trim();
    let unit = text.chars().next_back().ok_or_else(refusal)?;
    let count: i64 = text
        .strip_suffix(unit)
        .and_then(|count| count.parse().ok())
        .ok_or_else(refusal)?;
    let duration = match unit {
        's' => TimeDelta::try_seconds(count),
        'm' => TimeDelta::try_minutes(count),
        'h' => TimeDelta::try_hours(count),
        'd' => TimeDelta::try_days(count),
        'w' => TimeDelta::try_weeks(count),
        _ => return Err(refusal()),
    };
    duration
        .filter(|duration| *duration > TimeDelta::zero() && duration.num_days() <= DAYS_MAX)
        .ok_or_else(|| {
            format!("`{text}` is out of range: more than nothing, at most {DAYS_MAX} days")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, seconds) in [
            ("30s", 30),
            ("5m", 300),
            ("1h", 3_600),
            ("2d", 172_800),
            (" 1w ", 604_800),
            ("366d", 31_622_400),
        ] {
            assert_eq!(parse_duration(text), Ok(TimeDelta::seconds(seconds)));
        }
        for text in [
            "",
            "5",
            "m",
            "5 minutes",
            "-1h",
            "0s",
            "367d",
            "9223372036854775807w",
            "5µ",
        ] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
