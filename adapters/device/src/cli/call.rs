//! `call`: having devices of this network poll now.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::fleet::a_span;

/// `call`.
#[derive(Args, Debug)]
pub struct Call {
    /// A link, as `restante-center poll-links` prints it; may be given several times
    #[arg(value_name = "LINK", required_unless_present = "links")]
    pub link: Vec<String>,
    /// Open every link of poll requests that stands in this file, one after the other; `-` reads
    /// standard input. It may hold other words too: what `poll-links` printed, a mail, JSON.
    #[arg(long, value_name = "FILE")]
    pub links: Option<PathBuf>,
    /// Let this time pass from one link to the next, such as 5s; at once unless given. What a link
    /// itself says of waiting is left to its device.
    #[arg(long, value_name = "DURATION", value_parser = a_span)]
    pub every: Option<Duration>,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  One device, which tells the others:
  restante-device call 'https://192.0.2.1:8443/doPolling?tag=LSAAGBHHCoooDe4DXwbN-A'

  Every device by a link of its own, two seconds apart. The links come from the center, this is run
  where the devices are:
    restante-center poll-links --application app-5cfv… --user 'Anna Weber' --each > links.txt
    restante-device call --links links.txt --every 2s

A device only says that it has heard; what becomes of it `restante-center applications show` tells.
Whatever certificate a device shows is taken, since devices have no public names.
Exit status: 0 every device has heard; 1 some did not answer, and their links are named; 2 wrong
use: nobody is called then.";
