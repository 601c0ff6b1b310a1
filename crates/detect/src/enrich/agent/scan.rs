use super::supported::Release;

/// The parts of a user agent (RFC 9110, section 10.1.5): products, and comments in parentheses, cut at their semicolons.
pub(super) struct Scan<'a> {
    /// Outside parentheses.
    pub(super) products: Vec<Named<'a>>,
    /// What in the comments looks like a product.
    pub(super) details: Vec<Named<'a>>,
    /// The parts of the comments as they stand.
    pub(super) pieces: Vec<&'a str>,
}

/// Something that gives itself a name.
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
    pub(super) lower: String,
    pub(super) release: Option<Release>,
    in_comment: bool,
    has_slash: bool,
}

impl<'a> Named<'a> {
    fn product(token: &'a str) -> Self {
        let (name, version) = token.split_once('/').unwrap_or((token, ""));
        let name = name.trim_matches(['[', ']', ',', ';', '"', '\'']);
        Self {
            name,
            lower: name.to_ascii_lowercase(),
            release: Release::parse(version),
            in_comment: false,
            has_slash: token.contains('/'),
        }
    }

    /// A part of a comment such as `Googlebot/2.1`, `MSIE 10.0` or `Google-Apps-Script`.
    fn detail(piece: &'a str) -> Option<Self> {
        let (name, version) = piece.split_once(['/', ' ']).unwrap_or((piece, ""));
        let is_name = !name.is_empty() && !name.starts_with('+') && !name.ends_with(':');
        let is_version = version.is_empty() || version.starts_with(|it: char| it.is_ascii_digit());
        (is_name && is_version).then(|| Self {
            name,
            lower: name.to_ascii_lowercase(),
            release: Release::parse(version),
            in_comment: true,
            has_slash: piece.contains('/'),
        })
    }

    /// Whether the name is one that only robots have. In comments only what has a version: phones are called so, too.
    pub(super) fn is_robot(&self) -> bool {
        if self.in_comment && !self.has_slash {
            return false;
        }
        let mut parts = self.lower.split(|it: char| !it.is_alphanumeric());
        parts.any(|part| {
            part.ends_with("bot") || part.ends_with("crawler") || part.ends_with("spider")
        })
    }
}

impl<'a> Scan<'a> {
    pub(super) fn of(agent: &'a str) -> Self {
        let mut scan = Self {
            products: Vec::new(),
            details: Vec::new(),
            pieces: Vec::new(),
        };
        let mut rest = agent;
        loop {
            let (outside, after) = rest.split_once('(').unwrap_or((rest, ""));
            scan.add_products(outside);
            if after.is_empty() {
                break;
            }
            let end = closing(after);
            let (comment, after) = after.split_at_checked(end).unwrap_or((after, ""));
            scan.add_comment(comment);
            rest = after.get(1..).unwrap_or_default();
        }
        scan
    }

    fn add_products(&mut self, text: &'a str) {
        for token in text.split_whitespace() {
            let version = token.strip_prefix('v').unwrap_or(token);
            match self.products.last_mut() {
                // `Slackbot 1.0`, `ruby-asana v2.0`.
                Some(last) if version.starts_with(|first: char| first.is_ascii_digit()) => {
                    last.release = last.release.or(Release::parse(version));
                }
                _ => self.products.push(Named::product(token)),
            }
        }
    }

    fn add_comment(&mut self, comment: &'a str) {
        for piece in comment.split(';') {
            let piece = piece.trim();
            if !piece.is_empty() {
                self.pieces.push(piece);
                self.details.extend(Named::detail(piece));
            }
        }
    }

    /// Whether there is a product of this name, in lower case.
    pub(super) fn has(&self, name: &str) -> bool {
        self.products.iter().any(|product| product.lower == name)
    }

    pub(super) fn release_of(&self, name: &str) -> Option<Release> {
        let product = self.products.iter().find(|product| product.lower == name)?;
        product.release
    }

    pub(super) fn has_detail(&self, piece: &str) -> bool {
        self.pieces.contains(&piece)
    }

    /// Whether it begins as every browser's does.
    pub(super) fn is_mozilla(&self) -> bool {
        self.products
            .first()
            .is_some_and(|product| product.lower == "mozilla")
    }

    /// Of an Android device. Browsers on phones say `Mobile`; apps name the model only.
    pub(super) fn is_tablet(&self) -> bool {
        let named = self.pieces.iter().any(|piece| {
            ["SM-T", "SM-X", "SM-P"]
                .iter()
                .any(|model| piece.starts_with(model))
                || piece.contains("Tablet")
                || piece.contains("Tab ")
        });
        let is_phone = self.has("mobile") || self.has_detail("Mobile");
        named || (self.is_mozilla() && !is_phone)
    }
}

/// Where the comment ends that `text` begins in; comments may hold comments.
fn closing(text: &str) -> usize {
    let mut depth = 1_usize;
    for (place, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return place;
        }
    }
    text.len()
}
