//! A made-up REST ATS, for the connector in `guest/template`: pages by `Link` headers, `updated_after`, no list of
//! deletions.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};

/// The token that it accepts.
const TOKEN: &str = "acme-secret";

/// A server on loopback, until the program ends.
#[derive(Clone)]
pub struct RestAts {
    url: String,
    data: Arc<Mutex<Data>>,
}

struct Data {
    /// Rows by collection and id.
    rows: BTreeMap<&'static str, BTreeMap<u64, Value>>,
    /// Seconds since the beginning of its day.
    now: u64,
}

impl RestAts {
    /// Starts the server, with so many candidates.
    pub fn start(candidates: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let ats = Self {
            url: format!("http://{address}"),
            data: Arc::new(Mutex::new(seeded(candidates))),
        };
        let server = ats.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = server.clone();
                std::thread::spawn(move || server.serve(stream));
            }
        });
        ats
    }

    /// A tenant file for it.
    pub fn tenant_toml(&self) -> String {
        let url = &self.url;
        format!(
            "name = \"acme\"\ninstance_url = \"{url}\"\n[auth]\nkind = \"access-token\"\naccess_token = \"{TOKEN}\"\n"
        )
    }

    /// Changes a field of a row.
    ///
    /// # Panics
    /// Where there is no such row.
    pub fn set(&self, collection: &str, id: u64, field: &str, value: Value) {
        let mut data = self.data();
        data.now += 1;
        let at = stamp(data.now);
        let rows = data.rows.get_mut(collection).expect("a collection");
        let row = rows.get_mut(&id).expect("a row");
        row[field] = value;
        row["updated_at"] = at.into();
    }

    /// Deletes a row, of which no trace is left.
    ///
    /// # Panics
    /// Where there is no such row.
    pub fn delete(&self, collection: &str, id: u64) {
        let mut data = self.data();
        data.now += 1;
        let rows = data.rows.get_mut(collection).expect("a collection");
        rows.remove(&id).expect("a row");
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        self.data.lock().expect("no test panicked in here")
    }

    /// Answers the requests of a connection.
    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream);
        while let Some((target, token)) = read_request(&mut reader) {
            let (status, link, body) = match token.as_deref() {
                Some(TOKEN) => self.answer(&target),
                _ => (401, None, json!({"error": "invalid token"})),
            };
            let body = body.to_string();
            let date = format!("Sun, 29 Nov 2026 {} GMT", time(self.data().now));
            // A `Link` may be a whole address or, as some servers have it, a query alone.
            let link = link.map(|next| match next.split_once('?') {
                Some(("/v1/candidates", query)) => {
                    format!("Link: </v1/help>; rel=help, <?{query}>; rel=next\r\n")
                }
                _ => format!("Link: <{}{next}>; rel=\"next\"\r\n", self.url),
            });
            let head = format!(
                "HTTP/1.1 {status} -\r\nDate: {date}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n",
                body.len(),
                link.unwrap_or_default()
            );
            let stream = reader.get_mut();
            if stream
                .write_all(format!("{head}{body}").as_bytes())
                .is_err()
            {
                return;
            }
        }
    }

    /// Status, the next page, and the body.
    fn answer(&self, target: &str) -> (u16, Option<String>, Value) {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query: BTreeMap<&str, &str> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .collect();
        if path == "/v1/company" {
            let company = json!({"id": "acme-1", "name": "Acme", "time_zone": "Europe/Berlin"});
            return (200, None, company);
        }
        let data = self.data();
        let Some(rows) = path
            .strip_prefix("/v1/")
            .and_then(|name| data.rows.get(name))
        else {
            return (404, None, json!({"error": "no such path"}));
        };
        let number = |name: &str| query.get(name).and_then(|value| value.parse::<u64>().ok());
        let size = number("per_page").unwrap_or(25).clamp(1, 100) as usize;
        let since = query.get("updated_after").copied();
        let is_new = |row: &Value| {
            let at = row["updated_at"].as_str().unwrap_or_default();
            since.is_none_or(|since| at >= since)
        };
        let mut left = rows
            .range(number("after").map_or(0, |id| id + 1)..)
            .filter(|(_, row)| is_new(row));
        let page: Vec<(&u64, &Value)> = left.by_ref().take(size).collect();
        let last = page.last().map_or(0, |(id, _)| **id);
        let next = left.next().map(|_| {
            let since = since.map(|since| format!("&updated_after={since}"));
            format!(
                "{path}?per_page={size}&after={last}{}",
                since.unwrap_or_default()
            )
        });
        let page = page.into_iter().map(|(_, row)| row.clone()).collect();
        (200, next, Value::Array(page))
    }
}

/// Reads a request without a body: its target and its bearer token.
fn read_request(reader: &mut impl BufRead) -> Option<(String, Option<String>)> {
    let mut line = String::new();
    reader
        .read_line(&mut line)
        .ok()
        .filter(|length| *length > 0)?;
    let target = line.split(' ').nth(1)?.to_owned();
    let mut token = None;
    loop {
        let mut header = String::new();
        reader
            .read_line(&mut header)
            .ok()
            .filter(|length| *length > 0)?;
        let header = header.trim_end();
        if header.is_empty() {
            return Some((target, token));
        }
        let (name, value) = header.split_once(": ")?;
        if name.eq_ignore_ascii_case("authorization") {
            token = value.strip_prefix("Bearer ").map(str::to_owned);
        }
    }
}

fn time(now: u64) -> String {
    format!("{:02}:{:02}:{:02}", now / 3600, now / 60 % 60, now % 60)
}

fn stamp(now: u64) -> String {
    format!("2026-11-29T{}Z", time(now))
}

fn seeded(candidates: u64) -> Data {
    let at = |id: u64| stamp(id % 1_000);
    let rows = |count: u64, row: &dyn Fn(u64) -> Value| {
        let rows = (1..=count).map(|id| {
            let mut row = row(id);
            row["id"] = id.into();
            row["created_at"] = at(id).into();
            row["updated_at"] = at(id).into();
            (id, row)
        });
        rows.collect::<BTreeMap<u64, Value>>()
    };
    let stages = |job: u64| -> Vec<Value> {
        let names = ["New", "Interview", "Offer"].into_iter().enumerate();
        let stage = |(at, name)| json!({"id": job * 10 + at as u64, "name": name});
        names.map(stage).collect()
    };
    let states = ["published", "closed", "draft", "internal"];
    Data {
        rows: BTreeMap::from([
            (
                "users",
                rows(9, &|id| {
                    json!({
                        "first_name": "Uma", "last_name": format!("User {id}"), "email": format!("uma{id}@acme.example"),
                        "disabled": id % 4 == 0,
                    })
                }),
            ),
            (
                "jobs",
                rows(12, &|id| {
                    json!({
                        "title": format!("Job {id}"), "state": states[id as usize % 4], "description": "<p>work</p>",
                        "url": format!("https://acme.example/jobs/{id}"), "stages": stages(id),
                    })
                }),
            ),
            (
                "candidates",
                rows(candidates, &|id| {
                    json!({
                        "first_name": "Cleo", "last_name": format!("Ünal {id}"), "email": format!("cleo{id}@mail.example"),
                        "phone": format!("+49 30 {id}"),
                    })
                }),
            ),
            (
                "applications",
                rows(candidates, &|id| {
                    json!({
                        "candidate_id": id, "job_id": id % 12 + 1, "stage_id": (id % 12 + 1) * 10, "status": "active",
                    })
                }),
            ),
        ]),
        now: 2_000,
    }
}
