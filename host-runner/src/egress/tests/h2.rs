//! Servers that speak HTTP/2 badly: each request ends in a typed error within its deadlines.

use super::tls::{Authority, authority, trusting};
use super::*;
use tokio::io::AsyncReadExt as _;
use tokio_rustls::server::TlsStream;

type Stream = TlsStream<tokio::net::TcpStream>;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;
/// `:status: 200`, by its number in the static table.
const STATUS_200: &[u8] = &[0x88];

/// What the server does once it has a request's head on the first stream.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Play {
    GoAway,
    GoAwayInAnger,
    Reset,
    Refuse,
    ZeroWindow,
    SettingsFlood,
    EndlessHeaders,
    ResetInTheBody,
    StallInTheBody,
    WrongStream,
    OversizedFrame,
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Reads frames up to the head of a request; false where the connection ends before.
async fn request_comes(stream: &mut Stream) -> bool {
    let mut preface = [0; 24];
    if stream.read_exact(&mut preface).await.is_err() {
        return false;
    }
    loop {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).await.is_err() {
            return false;
        }
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let mut payload = vec![0; length];
        if stream.read_exact(&mut payload).await.is_err() {
            return false;
        }
        if head[3] == HEADERS {
            return true;
        }
    }
}

async fn serve(mut stream: Stream, play: Play) {
    // SETTINGS_INITIAL_WINDOW_SIZE = 0
    let settings: &[u8] = if play == Play::ZeroWindow {
        &[0, 4, 0, 0, 0, 0]
    } else {
        &[]
    };
    let _ = stream.write_all(&frame(SETTINGS, 0, 0, settings)).await;
    let _ = stream.flush().await;
    if !request_comes(&mut stream).await {
        return;
    }
    let pieces: Vec<Vec<u8>> = match play {
        // The last stream that was looked at, and why.
        Play::GoAway => vec![frame(GOAWAY, 0, 0, &[0; 8])],
        Play::GoAwayInAnger => vec![frame(GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 11])],
        Play::Reset => vec![frame(RST_STREAM, 0, 1, &[0, 0, 0, 2])],
        Play::Refuse => vec![frame(RST_STREAM, 0, 1, &[0, 0, 0, 7])],
        Play::ZeroWindow => Vec::new(),
        Play::SettingsFlood => vec![frame(SETTINGS, 0, 0, &[]).repeat(100)],
        Play::EndlessHeaders => vec![
            frame(HEADERS, 0, 1, STATUS_200),
            frame(CONTINUATION, 0, 1, &[0; 8_000]),
        ],
        Play::ResetInTheBody => vec![
            frame(HEADERS, END_HEADERS, 1, STATUS_200),
            frame(DATA, 0, 1, b"half"),
            frame(RST_STREAM, 0, 1, &[0, 0, 0, 2]),
        ],
        Play::StallInTheBody => vec![
            frame(HEADERS, END_HEADERS, 1, STATUS_200),
            frame(DATA, 0, 1, b"half"),
        ],
        Play::WrongStream => vec![frame(DATA, 0, 77, b"whose?")],
        Play::OversizedFrame => vec![frame(DATA, 0, 1, &vec![0; 1 << 20])],
    };
    let is_flood = matches!(play, Play::SettingsFlood | Play::EndlessHeaders);
    let mut last = Vec::new();
    for piece in pieces {
        if stream.write_all(&piece).await.is_err() {
            return;
        }
        last = piece;
    }
    let _ = stream.flush().await;
    // A flood is read as well, or its writer would stop for want of room.
    let (mut reader, mut writer) = tokio::io::split(stream);
    let reads = async {
        let mut sink = [0; 4_096];
        while reader.read(&mut sink).await.is_ok_and(|read| read > 0) {}
    };
    let writes = async {
        while is_flood && writer.write_all(&last).await.is_ok() && writer.flush().await.is_ok() {}
        tokio::time::sleep(Duration::from_secs(30)).await;
    };
    tokio::select! { () = reads => {}, () = writes => {} }
}

async fn server(play: Play) -> (Origin, Authority) {
    let authority = authority(&[b"h2"]);
    let acceptor = authority.acceptor.clone();
    let origin = raw(move |tcp| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(tcp).await {
                serve(stream, play).await;
            }
        }
    })
    .await;
    let origin = Origin::from_parts("https", &origin.authority()).unwrap();
    (origin, authority)
}

async fn ended(play: Play, body: bool) -> EgressError {
    let (origin, authority) = server(play).await;
    let gate = trusting(&origin, Some(authority.pem.path()));
    let started = Instant::now();
    let result = if body {
        let request = Request::post(format!("{origin}/x"));
        let request = request.body(full_body(vec![b'x'; 100_000])).unwrap();
        match gate.send(request, CallOptions::default()).await {
            Ok(answer) => all(answer.into_body()).await.map(drop),
            Err(error) => Err(error),
        }
    } else {
        read(&gate, "/x").await.map(drop)
    };
    let taken = started.elapsed();
    assert!(taken < Duration::from_secs(4), "{play:?}: {taken:?}");
    result.expect_err("no answer came")
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_an_http2_server_does_is_a_typed_error() {
    for play in [
        Play::GoAway,
        Play::GoAwayInAnger,
        Play::Reset,
        Play::Refuse,
        Play::WrongStream,
        Play::OversizedFrame,
        Play::ResetInTheBody,
        Play::EndlessHeaders,
    ] {
        let error = ended(play, false).await;
        let is_typed = matches!(
            error,
            EgressError::NoAnswer { .. }
                | EgressError::Truncated { .. }
                | EgressError::Protocol { .. }
                | EgressError::Timeout { .. }
        );
        assert!(is_typed, "{play:?}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http2_server_that_stalls_or_floods_meets_the_deadlines() {
    for (play, body) in [
        (Play::ZeroWindow, true),
        (Play::SettingsFlood, false),
        (Play::SettingsFlood, true),
        (Play::StallInTheBody, false),
    ] {
        let error = ended(play, body).await;
        assert!(
            matches!(error, EgressError::Timeout { .. }),
            "{play:?}: {error:?}"
        );
    }
}
