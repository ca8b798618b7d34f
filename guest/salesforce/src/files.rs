//! New files: a `ContentVersion` sent as a form of two parts, so that the file's bytes pass as they are.
//!
//! Base64 in JSON ends at 37.5 MB and costs a third more; a form takes 2 GB and can be streamed (salesforce-api.md 8).
//! Creating the version with `FirstPublishLocationId` creates and links the file in one transaction.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::client::Client;
use super::error::SalesforceError;
use super::id::SalesforceId;
use crate::transport::{
    Download, FileTransport, Method, Piece, Request, TransportError, UploadError,
};

/// Where a new file's bytes come from.
pub enum FileBody<'a, S> {
    /// At hand.
    Bytes(&'a [u8]),
    /// From a download that has just begun.
    Download(Download<S>),
}

/// Why a file was not created.
#[derive(Debug)]
pub enum FileError {
    /// The download broke off.
    Source(TransportError),
    /// It has more bytes than allowed.
    TooLarge(u64),
    /// Salesforce refused it, or gave no answer.
    Salesforce(SalesforceError),
}

#[derive(Deserialize)]
struct Created {
    id: SalesforceId,
}

/// What stands before and after the file's bytes in the form.
struct Frame {
    boundary: String,
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Frame {
    fn new(boundary: String, fields: &serde_json::Value, file_name: &str) -> Self {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
        // Only a hint: the name that counts is `PathOnClient` in the JSON part.
        let hint: String = file_name
            .chars()
            .map(|c| if plain(c) { c } else { '_' })
            .collect();
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"entity_content\"\r\nContent-Type: application/json\r\n\r\n{fields}\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"VersionData\"; filename=\"{hint}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        Self {
            boundary,
            head: head.into_bytes(),
            tail: tail.into_bytes(),
        }
    }
}

impl<T: FileTransport> Client<T> {
    /// Creates a `ContentVersion` with these fields; its id. Sent once: whether a lost answer means a lost file is for
    /// the caller to find out. `most` bounds a download, in bytes.
    ///
    /// # Errors
    /// [`FileError`]; nothing is stored then, except where the answer of Salesforce was lost.
    pub fn create_file(
        &self,
        fields: &serde_json::Value,
        file_name: &str,
        body: FileBody<'_, T::Stream>,
        most: u64,
    ) -> Result<SalesforceId, FileError> {
        let frame = Frame::new(self.boundary(fields), fields, file_name);
        let around = (frame.head.len() + frame.tail.len()) as u64;
        let (piece, length) = match body {
            FileBody::Bytes(bytes) => (Piece::Bytes(bytes), Some(bytes.len() as u64)),
            FileBody::Download(download) => {
                let length = download.length();
                if let Some(length) = length.filter(|l| *l > most) {
                    return Err(FileError::TooLarge(length));
                }
                let stream = download.body;
                (Piece::Stream { stream, most }, length)
            }
        };
        let request = Request {
            method: Method::Post,
            path: self.path("sobjects/ContentVersion"),
            headers: [(
                "content-type",
                format!("multipart/form-data; boundary={}", frame.boundary),
            )]
            .into_iter()
            .collect(),
            body: None,
        };
        let pieces = vec![Piece::Bytes(&frame.head), piece, Piece::Bytes(&frame.tail)];
        self.count();
        let response = self
            .transport()
            .upload(&request, pieces, length.map(|l| l + around))
            .map_err(|error| match error {
                UploadError::Source(error) => FileError::Source(error),
                UploadError::TooLarge(most) => FileError::TooLarge(most),
                UploadError::Target(error) => {
                    FileError::Salesforce(SalesforceError::from(error).at("upload a file"))
                }
            })?;
        self.classify(response)
            .and_then(|answer| {
                answer
                    .body
                    .parse::<Created>()
                    .map(|created| created.id)
                    .map_err(SalesforceError::malformed)
            })
            .map_err(|error| FileError::Salesforce(error.at("upload a file")))
    }

    /// A line that no file holds by chance: 128 bits that differ from call to call.
    fn boundary(&self, fields: &serde_json::Value) -> String {
        let mut hash = Sha256::new();
        hash.update(self.entropy().to_le_bytes());
        hash.update(self.calls().to_le_bytes());
        hash.update(fields.to_string());
        let digest = hash.finalize();
        let hex: String = digest.iter().take(16).map(|b| format!("{b:02x}")).collect();
        format!("file-{hex}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ApiVersion;
    use crate::transport::Headers;
    use crate::transport::testing::Scripted;
    use serde_json::json;

    const ID: &str = "068000000000001AAA";

    fn client(script: Scripted) -> Client<Scripted> {
        Client::new(script, ApiVersion::DEFAULT)
    }

    #[test]
    fn a_file_goes_out_as_a_form_with_its_bytes_untouched() {
        let client =
            client(Scripted::new().answer(201, format!(r#"{{"id":"{ID}","success":true}}"#)));
        let bytes = b"\x00\r\n--\xff";
        let id = client
            .create_file(
                &json!({"Title": "CV"}),
                "C\"V.pdf",
                FileBody::Bytes(bytes),
                10,
            )
            .unwrap();
        assert_eq!(id.as_str(), ID);
        let requests = client.transport().requests.borrow();
        let kind = requests[0].headers.get("content-type").unwrap();
        let boundary = kind.split_once("boundary=").unwrap().1;
        let body = requests[0].body.clone().unwrap();
        let text = String::from_utf8_lossy(&body);
        assert!(text.starts_with(&format!("--{boundary}\r\n")));
        assert!(text.contains("{\"Title\":\"CV\"}") && text.contains("filename=\"C_V.pdf\""));
        let mut end = bytes.to_vec();
        end.extend(format!("\r\n--{boundary}--\r\n").bytes());
        assert!(body.ends_with(&end));
    }

    #[test]
    fn a_download_over_the_cap_stops_before_or_while_it_is_sent() {
        for headers in [
            Headers::new(),
            [("content-length", "11")].into_iter().collect(),
        ] {
            let client = client(Scripted::new());
            let download = Download {
                status: 200,
                headers,
                body: vec![0; 11],
            };
            let error = client
                .create_file(&json!({}), "x", FileBody::Download(download), 10)
                .unwrap_err();
            assert!(matches!(error, FileError::TooLarge(_)), "{error:?}");
            assert!(client.transport().requests.borrow().is_empty());
        }
    }
}
