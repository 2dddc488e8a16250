//! Handing over what is no message of the route table, through the console's socket: a mail.

use reqwest::header::CONTENT_TYPE;
use restante_core::limits::MESSAGE_BYTES;

use super::exchange::{bounded, failed};
use super::{Client, SendError};

impl Client {
    /// Posts these bytes to a path; the status and the text that are answered.
    ///
    /// # Errors
    /// [`SendError`] where nothing is answered.
    pub async fn hand_over(
        &self,
        path: &str,
        media_type: &str,
        bytes: Vec<u8>,
    ) -> Result<(u16, String), SendError> {
        let address = self.base.address(path, &[]);
        let address = address.ok_or_else(|| SendError::link("there is no such path"))?;
        let request = self.http.post(address).header(CONTENT_TYPE, media_type);
        let sent = request.body(bytes).send().await;
        let mut response = sent.map_err(|error| failed(&error))?;
        let text = bounded(&mut response, MESSAGE_BYTES).await?;
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok((response.status().as_u16(), text))
    }
}
