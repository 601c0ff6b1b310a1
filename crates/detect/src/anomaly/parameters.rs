use std::ops::RangeInclusive;

use serde_json::{Map, Value};

/// What is wrong with a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ParameterFault {
    /// Which one; `None` where the detector itself is wrong.
    pub(super) name: Option<String>,
    pub(super) problem: String,
    pub(super) advice: String,
}

/// A parameter of a detector, as it is published.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub range: ParameterRange,
    /// What it is where a policy does not say.
    pub default: Value,
}

/// What a parameter takes.
#[derive(Clone, Debug, PartialEq)]
pub enum ParameterRange {
    /// A whole number, from the least to the most.
    Count(u32, u32),
    /// A number, from the least to the most.
    Number(f64, f64),
    /// True or false.
    Flag,
    /// One of these words.
    Choice(Vec<String>),
    /// At most so many words.
    Words(usize),
}

/// The parameters of a policy, read strictly: each has a name, a type and a range, and none may be left over.
#[derive(Debug)]
pub(super) struct Parameters<'a> {
    given: &'a Map<String, Value>,
    /// In the order in which the detector asks for them.
    known: Vec<Parameter>,
    fault: Option<ParameterFault>,
}

/// How readily a detector speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sensitivity {
    Low,
    Medium,
    High,
}

impl Sensitivity {
    /// One of three values.
    pub(super) fn choose<T>(self, low: T, medium: T, high: T) -> T {
        match self {
            Self::Low => low,
            Self::Medium => medium,
            Self::High => high,
        }
    }
}

impl<'a> Parameters<'a> {
    pub(super) fn new(given: &'a Map<String, Value>) -> Self {
        Self {
            given,
            known: Vec::new(),
            fault: None,
        }
    }

    fn refuse(&mut self, name: &str, problem: String, advice: String) {
        self.fault.get_or_insert(ParameterFault {
            name: Some(name.to_owned()),
            problem,
            advice,
        });
    }

    fn take(
        &mut self,
        name: &'static str,
        default: impl Into<Value>,
        range: ParameterRange,
    ) -> Option<&'a Value> {
        if !self.known.iter().any(|known| known.name == name) {
            self.known.push(Parameter {
                name,
                range,
                default: default.into(),
            });
        }
        self.given.get(name)
    }

    /// All parameters that were asked for.
    pub(super) fn into_known(self) -> Vec<Parameter> {
        self.known
    }

    /// A whole number within a range.
    pub(super) fn count(
        &mut self,
        name: &'static str,
        default: u32,
        range: RangeInclusive<u32>,
    ) -> u32 {
        let published = ParameterRange::Count(*range.start(), *range.end());
        let Some(given) = self.take(name, default, published) else {
            return default;
        };
        let number = given.as_u64().and_then(|number| u32::try_from(number).ok());
        if let Some(number) = number.filter(|number| range.contains(number)) {
            number
        } else {
            let (least, most) = range.into_inner();
            let problem = format!("`{name}` is {given}, not a whole number from {least} to {most}");
            self.refuse(name, problem, format!("leave it out for {default}"));
            default
        }
    }

    /// A number within a range.
    pub(super) fn number(
        &mut self,
        name: &'static str,
        default: f64,
        range: RangeInclusive<f64>,
    ) -> f64 {
        let published = ParameterRange::Number(*range.start(), *range.end());
        let Some(given) = self.take(name, default, published) else {
            return default;
        };
        if let Some(number) = given.as_f64().filter(|number| range.contains(number)) {
            number
        } else {
            let (least, most) = range.into_inner();
            let problem = format!("`{name}` is {given}, not a number from {least} to {most}");
            self.refuse(name, problem, format!("leave it out for {default}"));
            default
        }
    }

    pub(super) fn flag(&mut self, name: &'static str, default: bool) -> bool {
        let Some(given) = self.take(name, default, ParameterRange::Flag) else {
            return default;
        };
        given.as_bool().unwrap_or_else(|| {
            let problem = format!("`{name}` is {given}, not true or false");
            self.refuse(name, problem, format!("leave it out for {default}"));
            default
        })
    }

    /// Words, at most so many.
    pub(super) fn words(
        &mut self,
        name: &'static str,
        default: &[&str],
        most: usize,
    ) -> Vec<String> {
        let words = |value: &Value| {
            let list = value.as_array()?;
            let words = list.iter().map(|word| word.as_str().map(str::to_owned));
            words.collect::<Option<Vec<String>>>()
        };
        let defaults = || default.iter().map(ToString::to_string).collect();
        let Some(given) = self.take(name, default.to_vec(), ParameterRange::Words(most)) else {
            return defaults();
        };
        if let Some(words) = words(given).filter(|words| words.len() <= most) {
            words
        } else {
            let problem = format!("`{name}` is no list of at most {most} words");
            self.refuse(name, problem, format!("leave it out for {default:?}"));
            defaults()
        }
    }

    /// One of several words.
    pub(super) fn choice<T: Copy + PartialEq>(
        &mut self,
        name: &'static str,
        default: T,
        choices: &[(&str, T)],
    ) -> T {
        let usual = choices.iter().find(|(_, choice)| *choice == default);
        let usual = usual.map_or(Value::Null, |(word, _)| (*word).into());
        let words = choices.iter().map(|(word, _)| (*word).to_owned());
        let published = ParameterRange::Choice(words.collect());
        let Some(given) = self.take(name, usual, published) else {
            return default;
        };
        let word = given.as_str().unwrap_or_default();
        if let Some((_, choice)) = choices.iter().find(|(known, _)| *known == word) {
            *choice
        } else {
            let words: Vec<&str> = choices.iter().map(|(known, _)| *known).collect();
            let problem = format!("`{name}` is {given}");
            self.refuse(name, problem, format!("use one of {}", words.join(", ")));
            default
        }
    }

    pub(super) fn sensitivity(&mut self) -> Sensitivity {
        let choices = [
            ("low", Sensitivity::Low),
            ("medium", Sensitivity::Medium),
            ("high", Sensitivity::High),
        ];
        self.choice("sensitivity", Sensitivity::Medium, &choices)
    }

    /// Days during which nothing is said about somebody new.
    pub(super) fn learning_days(&mut self, default: u32) -> u32 {
        self.count("learning_days", default, 0..=365)
    }

    /// After so many days, what was not seen again is new again.
    pub(super) fn memory_days(&mut self) -> u32 {
        self.count("memory_days", 90, 1..=365)
    }

    /// So many others of the organisation make a network one that is shared.
    pub(super) fn shared_people(&mut self) -> usize {
        let most = u32::try_from(crate::baseline::CROWD_MAX).unwrap_or(u32::MAX);
        usize::try_from(self.count("shared_people", 5, 1..=most)).unwrap_or(usize::MAX)
    }

    /// What was wrong first, a left-over name included.
    pub(super) fn finish(self) -> Option<ParameterFault> {
        let unknown = self
            .given
            .keys()
            .find(|name| !self.known.iter().any(|known| known.name == name.as_str()));
        let left_over = unknown.map(|name| ParameterFault {
            name: Some(name.clone()),
            problem: format!("the detector has no parameter `{name}`"),
            advice: if self.known.is_empty() {
                "it has none at all".to_owned()
            } else {
                let known: Vec<&str> = self.known.iter().map(|known| known.name).collect();
                format!("its parameters are {}", known.join(", "))
            },
        });
        self.fault.or(left_over)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault_of(given: &Value) -> Option<ParameterFault> {
        let given = given.as_object().unwrap();
        let mut parameters = Parameters::new(given);
        assert_eq!(
            parameters.count("count", 7, 1..=10).min(10),
            parameters.count("count", 7, 1..=10)
        );
        parameters.number("number", 0.5, 0.0..=1.0);
        parameters.flag("flag", true);
        parameters.words("words", &["a"], 2);
        parameters.sensitivity();
        parameters.finish()
    }

    #[test]
    fn good_parameters_are_taken_and_bad_ones_refused_by_name() {
        for good in [
            json!({}),
            json!({"count": 1, "number": 1, "flag": false, "words": [], "sensitivity": "high"}),
            json!({"count": 10, "words": ["x", "y"]}),
        ] {
            assert_eq!(fault_of(&good), None, "{good}");
        }
        for (bad, name) in [
            (json!({"count": 0}), "count"),
            (json!({"count": 11}), "count"),
            (json!({"count": 2.5}), "count"),
            (json!({"count": "7"}), "count"),
            (json!({"number": 1.1}), "number"),
            (json!({"flag": "yes"}), "flag"),
            (json!({"words": "a"}), "words"),
            (json!({"words": [1]}), "words"),
            (json!({"words": ["a", "b", "c"]}), "words"),
            (json!({"sensitivity": "extreme"}), "sensitivity"),
            (json!({"sensitivty": "low"}), "sensitivty"),
        ] {
            let fault = fault_of(&bad).unwrap();
            assert_eq!(fault.name.as_deref(), Some(name), "{bad}");
            assert!(!fault.problem.is_empty() && !fault.advice.is_empty());
        }
    }
}
