//! A center inside a server of one's own, as the README shows it.

use std::net::SocketAddr;
use std::path::Path;

use restante_center::Setup;
use restante_core::center::{Center, Keys, Policy};
use restante_core::time::Seconds;
use restante_crypto::RingCrypto;
use restante_http::server::Line;
use restante_store::Driver;
use restante_store::sqlite::{Options, SqliteStore};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Thirty-two secret bytes each, from your key management; never from the database.
    let keys = Keys::new([1; 32], vec![(1, [2; 32])])?;
    let policy = Policy {
        poll: Seconds::HOUR,
        ..Policy::default()
    };
    let center = Center::new(RingCrypto, keys, policy);
    let store = SqliteStore::open(Path::new("center.db"), "my-center", Options::default())?;

    let address = SocketAddr::from(([127, 0, 0, 1], 8080)); // Plain HTTP: loopback only.
    let running = Setup::new(Driver::new(center, store))
        .listen(address, Line::Plain)
        .start()
        .await?;
    println!("serving {}", running.addresses()[0].url());

    tokio::signal::ctrl_c().await?;
    running.stop().await;
    Ok(())
}
