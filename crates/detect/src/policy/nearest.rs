/// Most names that are listed.
const NAMES_LISTED: usize = 20;

/// What may have been meant by `name`, as advice.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let best = known
        .iter()
        .map(|other| (strsim::damerau_levenshtein(name, other), other))
        .min()
        .filter(|(distance, other)| *distance <= 2 || *distance * 4 <= other.len());
    match best {
        Some((_, other)) => format!("did you mean `{other}`?"),
        None if known.len() <= NAMES_LISTED => format!("known are {}", known.join(", ")),
        None => "docs/POLICIES.md lists what is known".to_owned(),
    }
}
