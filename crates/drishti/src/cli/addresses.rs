//! The commands about what is known of addresses.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use drishti_model::AddressCategory;
use drishti_services::detect::enrich::{IpNet, parse_network};
use drishti_services::ranges::RangePart;

use super::{AuthorArgs, ListArgs, ListFormat, key_value};

/// What tells about addresses, besides what the configuration names.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct TablesArgs {
    /// `MaxMind` database or CSV that says where addresses are; can be given often.
    #[arg(long, value_name = "FILE")]
    pub(crate) places: Vec<PathBuf>,
    /// List of addresses or networks, one a line; its name says what they are: `tor`, `proxy`, `vpn`, `hosting`, `malicious`, or a tag of
    /// your own; can be given often.
    #[arg(long = "feed", value_name = "NAME=FILE", value_parser = key_value)]
    pub(crate) feeds: Vec<(String, String)>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GeoCommand {
    /// Fetch the places and feeds that the configuration names by an address.
    Update,
    /// Say what is known of an address, and who says so.
    Why(WhyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// IPv4 or IPv6 address.
    pub(crate) address: String,
    #[command(flatten)]
    pub(crate) tables: TablesArgs,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RangesCommand {
    /// List them.
    List(ListArgs),
    /// Add one.
    Add(Box<RangeAddArgs>),
    /// Change one; what is not given stays.
    Change(Box<RangeChangeArgs>),
    /// Remove one.
    Remove(RangeRemoveArgs),
    /// Add all ranges of a file, and change those whose names are there already: all or none.
    Import(RangeImportArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RangeAddArgs {
    /// What you call it.
    pub(crate) name: String,
    /// Network or single address, IPv4 or IPv6; can be given often.
    #[arg(long = "network", value_name = "CIDR", required = true, value_parser = network)]
    pub(crate) networks: Vec<IpNet>,
    /// `administrative`, `cloud_provider`, `corporate`, `risky`, `vpn` or `other`.
    #[arg(long, value_name = "CATEGORY")]
    pub(crate) category: AddressCategory,
    #[command(flatten)]
    pub(crate) details: RangeDetails,
    #[command(flatten)]
    pub(crate) author: AuthorArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RangeChangeArgs {
    /// Its name.
    pub(crate) name: String,
    /// Network or single address, in place of all it had; can be given often.
    #[arg(long = "network", value_name = "CIDR", value_parser = network)]
    pub(crate) networks: Vec<IpNet>,
    /// `administrative`, `cloud_provider`, `corporate`, `risky`, `vpn` or `other`.
    #[arg(long, value_name = "CATEGORY")]
    pub(crate) category: Option<AddressCategory>,
    #[command(flatten)]
    pub(crate) details: RangeDetails,
    /// Take these away before the rest is put in.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PART,…")]
    pub(crate) without: Vec<RangePartArg>,
    /// Only if it has this revision.
    #[arg(long, value_name = "N")]
    pub(crate) if_revision: Option<i64>,
    #[command(flatten)]
    pub(crate) author: AuthorArgs,
}

/// What a range may have besides.
#[derive(Clone, Debug, Args)]
pub(crate) struct RangeDetails {
    /// Tag, added to those of feeds and files of places; can be given often.
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// Organisation, in place of the one that files of places name.
    #[arg(long, value_name = "NAME")]
    pub(crate) organization: Option<String>,
    /// Country, by its two letters. Any part of a place takes the place of all that files of places say.
    #[arg(long, value_name = "CODE")]
    pub(crate) country: Option<String>,
    /// Region or state.
    #[arg(long, value_name = "NAME")]
    pub(crate) region: Option<String>,
    /// City.
    #[arg(long, value_name = "NAME")]
    pub(crate) city: Option<String>,
    /// Degrees north.
    #[arg(long, value_name = "DEGREES", allow_negative_numbers = true)]
    pub(crate) latitude: Option<f64>,
    /// Degrees east.
    #[arg(long, value_name = "DEGREES", allow_negative_numbers = true)]
    pub(crate) longitude: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RangePartArg {
    Tags,
    Organization,
    Place,
}

impl From<RangePartArg> for RangePart {
    fn from(part: RangePartArg) -> Self {
        match part {
            RangePartArg::Tags => Self::Tags,
            RangePartArg::Organization => Self::Organization,
            RangePartArg::Place => Self::Place,
        }
    }
}

fn network(text: &str) -> Result<IpNet, String> {
    parse_network(text)
        .ok_or_else(|| "expected a network, such as 203.0.113.0/24, or an address".to_owned())
}

#[derive(Debug, Args)]
pub(crate) struct RangeRemoveArgs {
    /// Its name.
    pub(crate) name: String,
    /// Only if it has this revision.
    #[arg(long, value_name = "N")]
    pub(crate) if_revision: Option<i64>,
    #[command(flatten)]
    pub(crate) author: AuthorArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RangeImportArgs {
    /// JSON array of ranges, each as docs/ENRICHMENT.md shows it.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) author: AuthorArgs,
}
