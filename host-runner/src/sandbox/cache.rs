//! Compiling a component takes a good part of a second; loading what was compiled before takes a millisecond. But a
//! compiled component is native code, and nothing in it is checked when it is loaded: whoever can write the cache could
//! run anything. So the folder and its key must belong to this user and be writable by nobody else, and behind each
//! entry is a MAC of its hash under the key; what does not verify is compiled afresh and replaced.

use crate::hex;
use std::fs::File;
use std::hash::{Hash, Hasher};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};
use wasmtime::Engine;

pub(super) const TAG_LENGTH: usize = 32;

/// Entries that are kept: a few versions of a few connectors, some 4 MB each.
const ENTRIES: usize = 16;

/// The name of the key's file.
const KEY: &str = "key";

/// A folder of compiled components, owned and writable by this user alone. The 16 entries that were used last are kept.
pub struct CompiledCache {
    folder: PathBuf,
    key: hmac::Key,
}

impl CompiledCache {
    /// Opens or makes the cache in `folder`, with its key beside the entries.
    ///
    /// # Errors
    /// Where folder or key can't be made or read, belong to another user, or others can write the folder or read the
    /// key.
    pub fn open(folder: &Path) -> io::Result<Self> {
        make_folder(folder)?;
        refuse_foreign(folder, 0o022)?;
        let key = read_or_make_key(&folder.join(KEY))?;
        Ok(Self {
            folder: folder.to_owned(),
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
        })
    }

    /// Stores an entry and makes room for it; a problem is logged.
    pub(super) fn keep(&self, name: &str, compiled: &[u8]) {
        let kept = self.store(name, compiled).and_then(|()| self.evict());
        if let Err(error) = kept {
            tracing::warn!(%error, folder = %self.folder.display(), "can't keep the compiled component");
        }
    }

    /// Removes what was not used for the longest time, half-written files of ended processes included.
    fn evict(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_file() && entry.file_name() != KEY {
                files.push((metadata.modified()?, entry.path()));
            }
        }
        files.sort_unstable();
        for (_, path) in files.iter().rev().skip(ENTRIES) {
            std::fs::remove_file(path)?;
        }
        Ok(())
    }

    /// The file of an entry, if it is authentic. It can be mapped as it is: nobody else can write it, and this program
    /// replaces entries and never writes into one or cuts it.
    pub(super) fn authentic(&self, name: &str) -> Option<PathBuf> {
        let path = self.folder.join(name);
        let mut file = File::open(&path).ok()?;
        match self.is_authentic(name, &mut file) {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!(
                    entry = name,
                    "a cached component was altered; compiling it afresh"
                );
                return None;
            }
            Err(_) => return None,
        }
        // Best effort: it only decides what is removed first.
        let _ = file.set_modified(SystemTime::now());
        Some(path)
    }

    fn is_authentic(&self, name: &str, file: &mut File) -> io::Result<bool> {
        let length = file.metadata()?.len().saturating_sub(TAG_LENGTH as u64);
        let mut digest = Sha256::new();
        let mut compiled = BufReader::with_capacity(1 << 16, Read::take(&mut *file, length));
        while let part = compiled.fill_buf()?
            && !part.is_empty()
        {
            digest.update(part);
            let read = part.len();
            compiled.consume(read);
        }
        let mut tag = Vec::new();
        file.read_to_end(&mut tag)?;
        Ok(hmac::verify(&self.key_of(name), &digest.finalize(), &tag).is_ok())
    }

    /// The key of an entry's MAC: each has its own, so that one can't be passed off as another.
    fn key_of(&self, name: &str) -> hmac::Key {
        let key = hmac::sign(&self.key, name.as_bytes());
        hmac::Key::new(hmac::HMAC_SHA256, key.as_ref())
    }

    fn store(&self, name: &str, compiled: &[u8]) -> io::Result<()> {
        let tag = hmac::sign(&self.key_of(name), &Sha256::digest(compiled));
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        // Behind it, so that the file can be mapped and used from its beginning.
        file.write_all(compiled)?;
        file.write_all(tag.as_ref())?;
        file.persist(self.folder.join(name))?;
        Ok(())
    }
}

/// The name of the entry of a component with this SHA-256.
pub(super) fn entry_name(engine: &Engine, sha256: &str) -> String {
    let mut compatibility = std::hash::DefaultHasher::new();
    engine
        .precompile_compatibility_hash()
        .hash(&mut compatibility);
    let digest = Sha256::new()
        .chain_update(env!("CARGO_PKG_VERSION"))
        .chain_update(compatibility.finish().to_le_bytes())
        .chain_update(sha256)
        .finalize();
    format!("{}.cwasm", hex(&digest))
}

fn read_or_make_key(path: &Path) -> io::Result<[u8; 32]> {
    match read_key(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    let mut key = [0; 32];
    SystemRandom::new()
        .fill(&mut key)
        .map_err(|_| io::Error::other("no randomness"))?;
    // Temporary files are made readable by their owner alone.
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&key)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(key),
        // Another process was faster: its key is the one.
        Err(_) => read_key(path),
    }
}

fn read_key(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = std::fs::File::open(path)?;
    refuse_foreign(path, 0o077)?;
    let mut key = [0; 32];
    file.read_exact(&mut key)?;
    Ok(key)
}

/// Makes the folder, for this user alone where it is new.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

/// Refuses a file or folder of another user, or one that grants others any of these rights.
#[cfg(unix)]
fn refuse_foreign(path: &Path, rights: u32) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path)?;
    let problem = if metadata.uid() != rustix::process::geteuid().as_raw() {
        "belongs to another user"
    } else if metadata.mode() & rights != 0 {
        "can be read or written by others"
    } else {
        return Ok(());
    };
    let message = format!(
        "{} {problem}: delete it, a new one will be made",
        path.display()
    );
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}

#[cfg(not(unix))]
fn refuse_foreign(_path: &Path, _rights: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_altered_entry_is_not_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CompiledCache::open(folder.path()).unwrap();
        let name = "a.cwasm";
        cache.store(name, b"native code").unwrap();
        let path = folder.path().join(name);
        let good = std::fs::read(&path).unwrap();
        assert_eq!(cache.authentic(name), Some(path.clone()));
        assert!(good.starts_with(b"native code"));

        for position in [0, good.len() - TAG_LENGTH, good.len() - 1] {
            let mut bad = good.clone();
            bad[position] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            assert!(
                cache.authentic(name).is_none(),
                "a flipped bit at {position} went through"
            );
        }
        std::fs::write(&path, &good[..10]).unwrap();
        assert!(cache.authentic(name).is_none());
    }

    #[test]
    fn an_entry_under_another_name_or_key_is_not_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CompiledCache::open(folder.path()).unwrap();
        cache.store("a.cwasm", b"code").unwrap();
        std::fs::copy(folder.path().join("a.cwasm"), folder.path().join("b.cwasm")).unwrap();
        assert!(cache.authentic("b.cwasm").is_none());
        std::fs::remove_file(folder.path().join("key")).unwrap();
        let stranger = CompiledCache::open(folder.path()).unwrap();
        assert!(stranger.authentic("a.cwasm").is_none());
    }

    #[test]
    fn what_was_not_used_for_the_longest_time_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CompiledCache::open(folder.path()).unwrap();
        for number in 0..ENTRIES as u64 {
            let name = format!("{number}.cwasm");
            cache.store(&name, b"code").unwrap();
            let file = std::fs::File::open(folder.path().join(&name)).unwrap();
            let age = std::time::Duration::from_secs(1_000 - number);
            file.set_modified(SystemTime::now() - age).unwrap();
        }
        assert!(cache.authentic("0.cwasm").is_some());
        cache.keep("new.cwasm", b"code");
        assert!(
            cache.authentic("1.cwasm").is_none(),
            "the oldest is removed"
        );
        for kept in ["0.cwasm", "2.cwasm", "new.cwasm"] {
            assert!(cache.authentic(kept).is_some(), "{kept}");
        }
        assert!(folder.path().join(KEY).is_file());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_or_folder_that_others_can_write_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        CompiledCache::open(folder.path()).unwrap();
        let grant = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let refused = || CompiledCache::open(folder.path()).err().map(|e| e.kind());
        grant(folder.path(), 0o722);
        assert_eq!(refused(), Some(io::ErrorKind::PermissionDenied));
        grant(folder.path(), 0o755);
        assert_eq!(refused(), None);
        let key = folder.path().join(KEY);
        for mode in [0o644, 0o620] {
            grant(&key, mode);
            assert_eq!(refused(), Some(io::ErrorKind::PermissionDenied));
        }
    }
}
