//! The bundled center's intake of mails: the adapter's, and behind it the driver. Nobody hears what
//! becomes of a mail, so that only a center that fails is told of here.

use restante_core::center::{Call, Decide};
use restante_core::id::CorrelationId;
use restante_mail::intake;
use restante_store::{Driver, Store};

use crate::run::NotHanded;

/// Hands a mail over.
///
/// # Errors
/// [`NotHanded`] if the center fails.
pub(super) async fn hand_over<D: Decide, S: Store>(
    driver: &Driver<D, S>,
    mail: &[u8],
) -> Result<(), NotHanded> {
    let Ok(mailed) = intake::read(mail) else {
        return Ok(());
    };
    let call = Call::mailed(CorrelationId::from_bytes([0; 16]), mailed);
    let answered = driver.call(call).await;
    let answered = answered.map_err(|why| NotHanded::Failed(why.to_string()))?;
    // What was decided is nobody's to know; the steps that follow see what it did.
    drop(answered);
    Ok(())
}
