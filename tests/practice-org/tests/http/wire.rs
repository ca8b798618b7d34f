//! The bytes of an answer, for clients that read them more literally than HTTP asks for.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::client::small;

#[test]
fn header_names_are_written_in_title_case() {
    let org = small();
    let address = org.org.plain_url().replace("http://", "");
    let mut stream = TcpStream::connect(&address).unwrap();
    let request = format!(
        "GET /services/data/v66.0/limits HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        org.token
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let head = answer.split("\r\n\r\n").next().unwrap();
    for name in [
        "Content-Type: application/json",
        "Sforce-Limit-Info: api-usage=",
    ] {
        assert!(head.contains(name), "{head}");
    }
}
