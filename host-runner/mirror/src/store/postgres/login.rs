//! Passwords that are in no URL, where the list of processes would show them: as PostgreSQL's own programs take them,
//! from a variable or from a file with a line for each server.

use std::path::{Path, PathBuf};

/// What logs in where the URL of a database has no password.
#[derive(Clone, Default)]
pub struct Login {
    password: Option<String>,
    file: Option<PathBuf>,
}

/// What a line of the file is compared with: host, port, database, user.
pub(super) type Place<'a> = [&'a str; 4];

impl Login {
    /// The variable `PGPASSWORD`, else a line of the file that `PGPASSFILE` names, or of `.pgpass` in the home folder.
    pub fn of_environment() -> Self {
        let file = std::env::var_os("PGPASSFILE").map(PathBuf::from);
        Self {
            password: std::env::var("PGPASSWORD").ok(),
            file: file.or_else(|| Some(std::env::home_dir()?.join(".pgpass"))),
        }
    }

    /// This password, whatever the place.
    pub fn with(password: &str) -> Self {
        Self {
            password: Some(password.to_owned()),
            file: None,
        }
    }

    /// The password for a place.
    pub(super) fn password(&self, place: Place<'_>) -> Option<String> {
        let in_file = || password_in(&readable(self.file.as_deref()?)?, place);
        self.password.clone().or_else(in_file)
    }
}

/// The file's text. One that others can read is left alone, as PostgreSQL's own programs do.
fn readable(file: &Path) -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(file).ok()?.permissions().mode();
        if mode & 0o077 != 0 {
            let file = file.display();
            tracing::warn!("{file} is not used: other users may read it; chmod 600 it");
            return None;
        }
    }
    std::fs::read_to_string(file).ok()
}

/// The password of the first line that fits: `host:port:database:user:password`, where `*` is anything and a backslash
/// stands before a colon or backslash of a value.
fn password_in(text: &str, place: Place<'_>) -> Option<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(fields).find_map(|fields| {
        let mut fields = fields.into_iter();
        let fits = place.iter().enumerate().all(|(number, wanted)| {
            let is_socket = number == 0 && wanted.starts_with('/');
            fields.next().is_some_and(|field| {
                field == "*" || field == *wanted || is_socket && field == "localhost"
            })
        });
        fields.next().filter(|_| fits)
    })
}

fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (character, fields.last_mut()) {
            (':', _) => fields.push(String::new()),
            ('\\', Some(field)) => field.extend(characters.next()),
            (character, Some(field)) => field.push(character),
            (_, None) => {}
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# of tests\n\
        db.example:5432:people:me:first\n\
        db.example:*:people:*:a\\:b\\\\c\n\
        localhost:5432:*:me:socket\n\
        broken:line\n\
        *:*:*:last:any\n";

    #[test]
    fn the_first_line_that_fits_has_the_password() {
        for (place, password) in [
            (["db.example", "5432", "people", "me"], Some("first")),
            (["db.example", "5433", "people", "me"], Some("a:b\\c")),
            (["/run/postgresql", "5432", "people", "me"], Some("socket")),
            (["other", "1", "d", "last"], Some("any")),
            (["other", "1", "d", "me"], None),
            (["broken", "line", "", ""], None),
        ] {
            assert_eq!(password_in(FILE, place).as_deref(), password, "{place:?}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_others_can_read_is_not_used() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), FILE).unwrap();
        let mut login = Login {
            password: None,
            file: Some(file.path().to_owned()),
        };
        let place = ["other", "1", "d", "last"];
        for (mode, password) in [(0o600, Some("any")), (0o640, None)] {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(file.path(), permissions).unwrap();
            assert_eq!(login.password(place).as_deref(), password);
        }
        login.password = Some("of the variable".into());
        assert_eq!(login.password(place).as_deref(), Some("of the variable"));
        assert_eq!(Login::default().password(place), None);
    }
}
