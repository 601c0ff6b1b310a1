use super::Fault;

/// The characters that stand for a dash on a command line.
const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// Most dashes in a value: each multiplies the values by five.
const DASHES_MAX: usize = 4;

/// Every spelling of `text`, in which a dash or slash between what is no letter, digit or `_` and what is one can be any dash.
/// `rsigma` replaces every `-` wherever it stands, and no `/`.
pub(super) fn spellings(text: &str) -> Result<Vec<String>, Fault> {
    let word = |letter: Option<char>| letter.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let letters: Vec<char> = text.chars().collect();
    let places: Vec<usize> = letters
        .iter()
        .enumerate()
        .filter(|(index, letter)| {
            let before = index.checked_sub(1).and_then(|place| letters.get(place));
            matches!(letter, '-' | '/')
                && !word(before.copied())
                && word(letters.get(index + 1).copied())
        })
        .map(|(index, _)| index)
        .collect();
    if places.len() > DASHES_MAX {
        let problem = format!("`windash` with more than {DASHES_MAX} dashes in `{text}`");
        return Err(Fault::new(problem).near(text));
    }
    let mut spellings = vec![letters];
    for place in places {
        spellings = spellings
            .iter()
            .flat_map(|spelling| {
                DASHES.iter().map(move |dash| {
                    let mut other = spelling.clone();
                    if let Some(letter) = other.get_mut(place) {
                        *letter = *dash;
                    }
                    other
                })
            })
            .collect();
    }
    Ok(spellings
        .into_iter()
        .map(|letters| letters.into_iter().collect())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dashes_before_words_are_replaced() {
        assert_eq!(spellings(" -f").unwrap().len(), 5);
        assert!(spellings(" /f").unwrap().contains(&" -f".to_owned()));
        assert_eq!(spellings("a-b").unwrap(), ["a-b"]);
        assert_eq!(spellings("-a -b").unwrap().len(), 25);
        assert!(spellings(&"-a ".repeat(DASHES_MAX)).is_ok());
        assert!(spellings(&"-a ".repeat(DASHES_MAX + 1)).is_err());
    }
}
