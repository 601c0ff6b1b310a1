use super::{TestReport, TestResult};

/// The report as XML that build servers read: a suite for each policy.
pub(super) fn write(report: &TestReport) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    line(
        &mut xml,
        format_args!(
            "<testsuites tests=\"{}\" failures=\"{}\" errors=\"{}\">",
            report.results.len(),
            report.failures(),
            report.errors.len(),
        ),
    );
    for suite in report
        .results
        .chunk_by(|one, other| one.policy == other.policy)
    {
        write_suite(&mut xml, suite);
    }
    for error in &report.errors {
        let file = escape(&error.file.display().to_string());
        line(
            &mut xml,
            format_args!("  <testsuite name=\"{file}\" tests=\"1\" errors=\"1\">"),
        );
        line(
            &mut xml,
            format_args!("    <testcase classname=\"{file}\" name=\"can be read\">"),
        );
        let message = escape(&error.to_string());
        line(
            &mut xml,
            format_args!("      <error message=\"{message}\"/>"),
        );
        line(&mut xml, format_args!("    </testcase>\n  </testsuite>"));
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn write_suite(xml: &mut String, suite: &[TestResult]) {
    let Some(first) = suite.first() else {
        return;
    };
    let policy = escape(first.policy.as_str());
    let failures = suite
        .iter()
        .filter(|result| result.failure.is_some())
        .count();
    line(
        xml,
        format_args!(
            "  <testsuite name=\"{policy}\" tests=\"{}\" failures=\"{failures}\" file=\"{}\">",
            suite.len(),
            escape(&first.file.display().to_string()),
        ),
    );
    for result in suite {
        let name = escape(&result.test);
        match &result.failure {
            None => line(
                xml,
                format_args!("    <testcase classname=\"{policy}\" name=\"{name}\"/>"),
            ),
            Some(failure) => {
                line(
                    xml,
                    format_args!("    <testcase classname=\"{policy}\" name=\"{name}\">"),
                );
                line(
                    xml,
                    format_args!("      <failure message=\"{}\"/>", escape(failure)),
                );
                line(xml, format_args!("    </testcase>"));
            }
        }
    }
    line(xml, format_args!("  </testsuite>"));
}

fn line(xml: &mut String, text: std::fmt::Arguments<'_>) {
    xml.push_str(&text.to_string());
    xml.push('\n');
}

/// A text in an attribute. XML has no form for most control characters.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            letter if letter.is_control() => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_escaped() {
        assert_eq!(
            escape("a<b> & \"c\"\nd\u{1}é"),
            "a&lt;b&gt; &amp; &quot;c&quot;&#10;d\u{fffd}é"
        );
    }
}
