//! Word lists from which every name in the simulated organisation is made.

#[rustfmt::skip]
pub(crate) const FIRST: [&str; 96] = [
    "Ada", "Aiko", "Alba", "Amara", "Amir", "Anders", "Anika", "Anton", "Arun", "Astrid", "Ayla",
    "Bao", "Beatriz", "Bela", "Bruno", "Camila", "Carlos", "Chiara", "Clara", "Daan", "Dalia",
    "Daniel", "Deepa", "Diego", "Dina", "Dmitri", "Elena", "Elif", "Emeka", "Emma", "Enzo", "Esra",
    "Farah", "Felix", "Fiona", "Gabriel", "Grace", "Hana", "Hassan", "Helga", "Hugo", "Ines",
    "Ivan", "Jae", "Jana", "Jasper", "Joana", "Jonas", "Julia", "Kai", "Karim", "Keiko", "Kofi",
    "Lara", "Leila", "Leo", "Lin", "Lucia", "Luca", "Maja", "Malik", "Marta", "Mateo", "Maya",
    "Mei", "Milan", "Mina", "Nadia", "Naveen", "Nico", "Nina", "Noor", "Olga", "Omar", "Oscar",
    "Paula", "Pedro", "Priya", "Quinn", "Rahul", "Rana", "Renée", "Rosa", "Samir", "Sana", "Sofia",
    "Sven", "Tara", "Tomas", "Uma", "Viktor", "Wei", "Yara", "Yusuf", "Zara", "Zoë",
];

#[rustfmt::skip]
pub(crate) const LAST: [&str; 120] = [
    "Abara", "Adler", "Aguilar", "Ahmadi", "Almeida", "Amato", "Andersen", "Aoki", "Arslan",
    "Bakker", "Balogun", "Banerjee", "Barros", "Becker", "Benali", "Berg", "Bianchi", "Blake",
    "Bose", "Brandt", "Braun", "Byrne", "Campos", "Cardoso", "Castro", "Chandra", "Chen", "Cohen",
    "Costa", "Cruz", "Dahl", "Das", "Demir", "Diallo", "Diaz", "Dubois", "Dunn", "Eriksen",
    "Falk", "Farouk", "Fischer", "Flores", "Fontaine", "Fujita", "Gallo", "Garcia", "Ghosh",
    "Gomes", "Grant", "Greco", "Gupta", "Haddad", "Hansen", "Hart", "Hashimoto", "Hoffmann",
    "Holm", "Horvat", "Ibrahim", "Ito", "Iyer", "Jansen", "Jensen", "Kaplan", "Kato", "Keller",
    "Khan", "Kim", "Kovac", "Kumar", "Larsen", "Lehmann", "Levy", "Lopez", "Lund", "Maier",
    "Marino", "Martins", "Mensah", "Meyer", "Mori", "Moreau", "Murphy", "Nair", "Navarro", "Nguyen",
    "Novak", "Nowak", "Nunez", "O'Brien", "Okafor", "Olsen", "Ortiz", "Osei", "Ozturk", "Park",
    "Patel", "Pereira", "Petrov", "Popescu", "Quiroga", "Rao", "Reyes", "Ricci", "Romero", "Rossi",
    "Sato", "Schmidt", "Shah", "Silva", "Singh", "Sousa", "Suzuki", "Tanaka", "Torres", "Vargas",
    "Vogel", "Weber", "Yilmaz", "Zhang",
];

/// Companies: display name and e-mail domain, under a top-level name that is set aside for examples.
#[rustfmt::skip]
pub(crate) const COMPANIES: [(&str, &str); 16] = [
    ("Acme", "acme.example"),
    ("Borealis", "borealis.example"),
    ("Cobalt Works", "cobalt.example"),
    ("Dovetail", "dovetail.example"),
    ("Ember Foods", "ember.example"),
    ("Fathom Marine", "fathom.example"),
    ("Gable Homes", "gable.example"),
    ("Halcyon Health", "halcyon.example"),
    ("Ironwood", "ironwood.example"),
    ("Juniper Press", "juniper.example"),
    ("Kiln Ceramics", "kiln.example"),
    ("Lodestar", "lodestar.example"),
    ("Millrace", "millrace.example"),
    ("Nimbus Travel", "nimbus.example"),
    ("Orchard Labs", "orchard.example"),
    ("Pinion Motors", "pinion.example"),
];

/// Where guests come from.
#[rustfmt::skip]
pub(crate) const GUEST_DOMAINS: [&str; 6] = [
    "partner.example",
    "agency.example",
    "studio.example",
    "supplier.example",
    "freelance.test",
    "counsel.example",
];

#[rustfmt::skip]
pub(crate) const TEAMS: [&str; 24] = [
    "Marketing", "Sales", "Platform", "Design", "People", "Finance", "Legal", "Support", "Mobile",
    "Data", "Security", "Facilities", "Partnerships", "Research", "Growth", "Brand", "Content",
    "Product", "Quality", "Procurement", "Logistics", "Customer Success", "Operations", "Events",
];

#[rustfmt::skip]
pub(crate) const THEMES: [&str; 32] = [
    "Spring launch", "Website", "Onboarding", "Quarterly plan", "Pricing", "Annual audit",
    "Hiring", "Newsletter", "Roadmap", "Customer council", "Mobile app", "Office move", "Budget",
    "Rebrand", "Data warehouse", "Partner portal", "Supplier review", "Incident follow-up",
    "Holiday campaign", "Compliance", "Translations", "Field trials", "Help centre", "Payments",
    "Warehouse", "Trade fair", "Accessibility", "Migration", "Retention", "Training",
    "Contract renewals", "Product photos",
];

#[rustfmt::skip]
pub(crate) const SUFFIXES: [&str; 8] = [
    "board", "tracker", "2026", "requests", "🚀", "backlog", "workspace", "(archive)",
];

#[rustfmt::skip]
pub(crate) const VERBS: [&str; 20] = [
    "Review", "Draft", "Send", "Update", "Check", "Plan", "Approve", "Collect", "Prepare",
    "Translate", "Book", "Fix", "Test", "Publish", "Compare", "Archive", "Rewrite", "Measure",
    "Agree on", "Ship",
];

#[rustfmt::skip]
pub(crate) const THINGS: [&str; 32] = [
    "the press release", "invoice", "the landing page", "slides", "survey answers", "the contract",
    "release notes", "the offer letter", "travel plan", "the \"final\" layout", "test data",
    "budget figures", "the video", "login flow", "customer quotes", "the shortlist", "price list",
    "supplier forms", "meeting notes", "the roadmap", "banner sizes", "the checklist",
    "error messages", "photo selection", "the agenda", "interview notes", "shipping labels",
    "the dashboard", "data export", "C:\\reports folder", "the café menu", "translations",
];

#[rustfmt::skip]
pub(crate) const FILES: [&str; 16] = [
    "budget.xlsx", "contract-signed.pdf", "logo_v3.ai", "screenshot.png", "notes.docx",
    "customers.csv", "deck.pptx", "recording.mp4", "invoice-0412.pdf", "layout.fig", "export.zip",
    "photo.jpeg", "payroll-summary.xlsx", "Entwurf für Kunden.pdf", "roadmap.key", "terms.txt",
];

/// Apps that people let into Asana: name and address, which can be empty.
#[rustfmt::skip]
pub(crate) const APPS: [(&str, &str); 14] = [
    ("Pelican Forms", "https://pelican.example"),
    ("Calendar Bridge", "https://calendar-bridge.example"),
    ("Harvest Moon Time", ""),
    ("Quickdraw Boards", "https://quickdraw.example"),
    ("Inbox Sorter", ""),
    ("Flowmaker", "https://flowmaker.example"),
    ("Chartroom", "https://chartroom.example"),
    ("Notepad Sync", ""),
    ("Ticket Relay", "https://ticket-relay.example"),
    ("Design Drop", "https://design-drop.example"),
    ("Meeting Scribe", "https://scribe.example"),
    ("Sheet Pump", ""),
    ("Chat Courier", "https://chat-courier.example"),
    ("Time Lantern", "https://time-lantern.example"),
];

/// Apps that look helpful and are not.
#[rustfmt::skip]
pub(crate) const PHISHING_APPS: [(&str, &str); 4] = [
    ("Asana Files Sync", "https://files-sync.example"),
    ("Secure Document Viewer", "https://document-viewer.test"),
    ("Meeting Scribe Pro", ""),
    ("Asana Account Check", "https://account-check.test"),
];

/// E-mail domains that nobody of the organisation owns.
#[rustfmt::skip]
pub(crate) const STRANGE_DOMAINS: [&str; 4] = [
    "sso-login.example", "account-verify.test", "staff-portal.example", "mail-relay.test",
];

#[rustfmt::skip]
pub(crate) const TOKEN_NAMES: [&str; 6] = [
    "my script", "reporting", "laptop", "sheet import", "test", "weekly digest",
];

/// Accounts of machines. The first one owns the simulator's token.
#[rustfmt::skip]
pub(crate) const SERVICE_ACCOUNTS: [&str; 10] = [
    "Audit log export", "User provisioning", "Warehouse sync", "Ticket mirror", "Backup",
    "Finance import", "Build reports", "Directory sync", "Archive sweeper", "Metrics feed",
];

#[rustfmt::skip]
pub(crate) const RULES: [&str; 8] = [
    "When Task is added to this project", "Move finished tasks to Done", "Assign new requests",
    "Remove stale attachments", "Tell the team when approved", "Tidy up on Friday",
    "Add followers for \"urgent\"", "Copy to the portfolio",
];

#[rustfmt::skip]
pub(crate) const DIVISIONS: [&str; 4] = ["Europe", "North America", "Asia Pacific", "Retail"];

#[rustfmt::skip]
pub(crate) const BLOCKED_REASONS: [&str; 4] = [
    "invalid_password", "saml_assertion_expired", "two_factor_failed", "account_deprovisioned",
];

/// What Asana's 500 answers carry so that support can find them again.
#[rustfmt::skip]
pub(crate) const PHRASES: [[&str; 8]; 4] = [
    ["2", "3", "4", "5", "6", "7", "8", "9"],
    ["sad", "calm", "wide", "shy", "odd", "warm", "slow", "pale"],
    ["squid", "heron", "otter", "lynx", "newt", "crane", "mole", "ibex"],
    ["snuggle softly", "ponder loudly", "wander home", "hum slowly", "dance twice", "sleep well", "paint walls", "count stars"],
];
