//! Compiling a component takes a good part of a second; loading what was compiled before takes a millisecond. But a
//! compiled component is native code, and nothing in it is checked when it is loaded: whoever can write the cache could
//! run anything. So each entry carries a MAC under a key that only this user can read; what does not verify is compiled
//! afresh and replaced.

use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

const TAG_LENGTH: usize = 32;

/// A folder of compiled components, readable and writable by this user alone.
pub struct CompiledCache {
    folder: PathBuf,
    key: hmac::Key,
}

impl CompiledCache {
    /// Opens or makes the cache in `folder`, with its key beside the entries. A key file that others can read or write
    /// is refused.
    ///
    /// # Errors
    /// Where folder or key can't be made or read, or the key is not private.
    pub fn open(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let key = read_or_make_key(&folder.join("key"))?;
        Ok(Self {
            folder: folder.to_owned(),
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
        })
    }

    /// The component, from the cache where it holds an authentic copy, else compiled and stored. Trouble with the cache
    /// costs time, never the answer.
    pub(super) fn compile(&self, engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Component> {
        let name = entry_name(engine, wasm);
        if let Some(compiled) = self.load(&name) {
            // SAFETY: the MAC shows that this very text was written by `store` below, under this name, by this user;
            // the name holds the engine's compatibility hash and the crate's version.
            if let Ok(component) = unsafe { Component::deserialize(engine, &compiled) } {
                return Ok(component);
            }
        }
        let component = Component::new(engine, wasm)?;
        if let Err(error) = component
            .serialize()
            .map_err(io::Error::other)
            .and_then(|c| self.store(&name, &c))
        {
            tracing::warn!(%error, folder = %self.folder.display(), "can't keep the compiled component");
        }
        Ok(component)
    }

    fn load(&self, name: &str) -> Option<Vec<u8>> {
        let mut entry = std::fs::read(self.folder.join(name)).ok()?;
        let compiled = entry.split_off(entry.len().min(TAG_LENGTH));
        match hmac::verify(&self.key, &signed(name, &compiled), &entry) {
            Ok(()) => Some(compiled),
            Err(_) => {
                tracing::warn!(
                    entry = name,
                    "a cached component was altered; compiling it afresh"
                );
                None
            }
        }
    }

    fn store(&self, name: &str, compiled: &[u8]) -> io::Result<()> {
        let tag = hmac::sign(&self.key, &signed(name, compiled));
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(tag.as_ref())?;
        file.write_all(compiled)?;
        file.persist(self.folder.join(name))?;
        Ok(())
    }
}

/// The name is signed too, so that one entry can't be passed off as another.
fn signed(name: &str, compiled: &[u8]) -> Vec<u8> {
    [name.as_bytes(), &[0], compiled].concat()
}

fn entry_name(engine: &Engine, wasm: &[u8]) -> String {
    let mut compatibility = std::hash::DefaultHasher::new();
    engine
        .precompile_compatibility_hash()
        .hash(&mut compatibility);
    let digest = Sha256::new()
        .chain_update(env!("CARGO_PKG_VERSION"))
        .chain_update(compatibility.finish().to_le_bytes())
        .chain_update(wasm)
        .finalize();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}.cwasm")
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
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if file.metadata()?.permissions().mode() & 0o077 != 0 {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!(
                    "{} can be read by others: delete it, a new one will be made",
                    path.display()
                ),
            ));
        }
    }
    let mut key = [0; 32];
    file.read_exact(&mut key)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::super::engine::{EngineSize, new_engine};
    use super::*;

    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn an_altered_entry_is_not_loaded_and_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let engine = new_engine(EngineSize::jobs(1)).unwrap();
        let cache = CompiledCache::open(folder.path()).unwrap();
        cache.compile(&engine, EMPTY).unwrap();
        let name = entry_name(&engine, EMPTY);
        let path = folder.path().join(&name);
        let good = std::fs::read(&path).unwrap();
        assert!(cache.load(&name).is_some());

        for position in [0, TAG_LENGTH, good.len() - 1] {
            let mut bad = good.clone();
            bad[position] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            assert!(
                cache.load(&name).is_none(),
                "a flipped bit at {position} went through"
            );
        }
        std::fs::write(&path, &good[..10]).unwrap();
        assert!(cache.load(&name).is_none());
        cache.compile(&engine, EMPTY).unwrap();
        assert!(cache.load(&name).is_some());
    }

    #[test]
    fn an_entry_under_another_name_or_key_is_not_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CompiledCache::open(folder.path()).unwrap();
        cache.store("a.cwasm", b"code").unwrap();
        std::fs::copy(folder.path().join("a.cwasm"), folder.path().join("b.cwasm")).unwrap();
        assert!(cache.load("b.cwasm").is_none());
        std::fs::remove_file(folder.path().join("key")).unwrap();
        let stranger = CompiledCache::open(folder.path()).unwrap();
        assert!(stranger.load("a.cwasm").is_none());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        CompiledCache::open(folder.path()).unwrap();
        let key = folder.path().join("key");
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        let refused = CompiledCache::open(folder.path()).err().map(|e| e.kind());
        assert_eq!(refused, Some(io::ErrorKind::PermissionDenied));
    }
}
