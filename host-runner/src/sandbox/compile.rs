//! Compiling, in a process of its own.
//!
//! No count of blocks and functions foresees every input that makes a compiler slow or hungry, and a compiler that runs
//! out of memory takes its whole process along: all tenants' jobs. So a host names a program that compiles for it
//! ([`compile_for_parent`]), under limits that only that process can hit. Its answer carries a MAC under a key made for
//! this one answer: native code is loaded without checks, so what arrives must be what was sent, whole.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::cache::{CompiledCache, TAG_LENGTH, entry_name};
use super::engine::compiling_engine;
use super::error::LoadError;
use super::shape::check_blocks;

/// Memory of the compiling process. Our own connector takes some 150 MB.
const MEMORY: u64 = 1 << 30;
/// Time that compiling may take. Our own connector takes a second, and some ten seconds where the compiler itself was
/// built without optimisation.
const WALL: Duration = Duration::from_secs(60);
/// CPU of the compiling process, in seconds, all threads together; it ends an orphan too.
const CPU: u64 = 120;
/// The largest compiled component; our own has 4 MB.
const LARGEST_ANSWER: u64 = 256 << 20;
/// How often the parent looks whether the compiling process has ended.
const LOOK: Duration = Duration::from_millis(5);

/// The answer's first byte behind the MAC: native code, or a message.
const COMPILED: u8 = 0;
const REFUSED: u8 = 1;

/// How components are compiled, and where the results are kept.
pub struct Compiler {
    child: Option<(PathBuf, Vec<OsString>)>,
    cache: Option<CompiledCache>,
}

impl Compiler {
    /// Compiles in this process, without a limit on memory and time: for components whose origin the embedder knows.
    pub fn in_this_process() -> Self {
        Self {
            child: None,
            cache: None,
        }
    }

    /// Compiles in a process with 1 GiB of memory, 120 s of CPU and 60 s of time (elsewhere than on Unix with the time
    /// alone). `program`, started with these arguments, must do nothing but call [`compile_for_parent`], and be built
    /// from the same version of this crate.
    pub fn in_a_process(
        program: PathBuf,
        arguments: impl IntoIterator<Item = impl Into<OsString>>,
    ) -> Self {
        Self {
            child: Some((program, arguments.into_iter().map(Into::into).collect())),
            cache: None,
        }
    }

    /// Keeps what it compiled for the next time.
    #[must_use]
    pub fn cached(mut self, cache: CompiledCache) -> Self {
        self.cache = Some(cache);
        self
    }

    /// The component of these bytes and this SHA-256, from the cache where it holds an authentic copy, else compiled
    /// and stored. A problem with the cache costs time, never the answer.
    pub(super) fn compile(
        &self,
        engine: &Engine,
        wasm: &[u8],
        sha256: &str,
    ) -> Result<Component, LoadError> {
        let name = entry_name(engine, sha256);
        let cached = self.cache.as_ref();
        if let Some(file) = cached.and_then(|cache| cache.authentic(&name)) {
            // SAFETY: the MAC shows that this file was written by `keep` below, under this name, by this user, and
            // nobody else can write it; the name holds the engine's compatibility hash and the crate's version.
            if let Ok(component) = unsafe { Component::deserialize_file(engine, file) } {
                return Ok(component);
            }
        }
        check_blocks(wasm)?;
        let compiled = match &self.child {
            Some((program, arguments)) => in_child(program, arguments, wasm)?,
            None => engine.precompile_component(wasm).map_err(invalid)?,
        };
        if let Some(cache) = &self.cache {
            cache.keep(&name, &compiled);
        }
        // SAFETY: made above by this version of wasmtime, here or in a process that proved to know this answer's key.
        unsafe { Component::deserialize(engine, &compiled) }.map_err(LoadError::Engine)
    }
}

fn invalid(error: wasmtime::Error) -> LoadError {
    LoadError::Invalid(format!("{error:#}"))
}

fn failed(detail: impl Into<String>) -> LoadError {
    LoadError::Compile(detail.into())
}

/// Has a component compiled by a child of this process.
fn in_child(program: &Path, arguments: &[OsString], wasm: &[u8]) -> Result<Vec<u8>, LoadError> {
    let mut key = [0; 32];
    SystemRandom::new()
        .fill(&mut key)
        .map_err(|_| failed("the system gives no random numbers"))?;
    let (status, answer) = answer_of(program, arguments, &[&key, wasm])?;
    let Some(status) = status else {
        return Err(failed(format!("it takes longer than {} s", WALL.as_secs())));
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let authentic = answer
        .split_at_checked(TAG_LENGTH)
        .filter(|(tag, rest)| hmac::verify(&key, rest, tag).is_ok());
    match authentic.and_then(|(_, rest)| rest.split_first()) {
        Some((&COMPILED, compiled)) => Ok(compiled.to_vec()),
        Some((_, message)) => Err(LoadError::Invalid(
            String::from_utf8_lossy(message).into_owned(),
        )),
        None => Err(failed(ending(status))),
    }
}

/// Starts the program, gives it the input, and collects its output; no status where it was ended since it took too
/// long.
fn answer_of(
    program: &Path,
    arguments: &[OsString],
    input: &[&[u8]],
) -> Result<(Option<ExitStatus>, Vec<u8>), LoadError> {
    let started = Instant::now();
    let broken = |error: io::Error| {
        failed(format!(
            "the compiling process {}: {error}",
            program.display()
        ))
    };
    let mut child = Command::new(program)
        .args(arguments)
        // It needs nothing of it, and secrets may be there.
        .env_clear()
        // Each thread holds a function's worth of memory: the same limit must do on a machine with many cores.
        .env("RAYON_NUM_THREADS", "4")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(broken)?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let Some(mut stdin) = stdin else { return };
            // A process that ended early does not read its input: what it wrote, or its status, says why.
            let _ = input.iter().try_for_each(|part| stdin.write_all(part));
        });
        let reading = scope.spawn(move || {
            let mut answer = Vec::new();
            if let Some(stdout) = stdout {
                // What is cut off does not verify.
                let _ = stdout.take(LARGEST_ANSWER).read_to_end(&mut answer);
            }
            answer
        });
        let status = loop {
            if let Some(status) = child.try_wait().map_err(broken)? {
                break Some(status);
            }
            if started.elapsed() > WALL {
                child.kill().map_err(broken)?;
                child.wait().map_err(broken)?;
                break None;
            }
            std::thread::sleep(LOOK);
        };
        Ok((status, reading.join().unwrap_or_default()))
    })
}

/// How a compiling process ended that gave no answer.
fn ending(status: ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if status.signal() == Some(rustix::process::Signal::XCPU.as_raw()) {
            return format!("it takes more than {CPU} s of CPU");
        }
    }
    if status.success() {
        return "the compiling process gave an answer that is not authentic".into();
    }
    format!(
        "the compiling process ended without an answer ({status}), most likely because it needs more than {} MiB of memory",
        MEMORY >> 20
    )
}

/// The other side of [`Compiler::in_a_process`]: limits this process, reads a component from standard input and writes
/// it compiled to standard output. The program must not do anything else before or after.
///
/// # Errors
/// Where the limits can't be set, or the input or output breaks. A component that can't be compiled is an answer.
pub fn compile_for_parent() -> io::Result<()> {
    limit_this_process()?;
    let mut key = [0; 32];
    let mut input = io::stdin().lock();
    input.read_exact(&mut key)?;
    let mut wasm = Vec::new();
    input.read_to_end(&mut wasm)?;
    let result = compiling_engine().and_then(|engine| engine.precompile_component(&wasm));
    let (kind, content) = match result {
        Ok(compiled) => (COMPILED, compiled),
        Err(error) => (REFUSED, format!("{error:#}").into_bytes()),
    };
    let mut signing = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key));
    signing.update(&[kind]);
    signing.update(&content);
    let mut output = io::stdout().lock();
    output.write_all(signing.sign().as_ref())?;
    output.write_all(&[kind])?;
    output.write_all(&content)?;
    output.flush()
}

#[cfg(unix)]
fn limit_this_process() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, nice, setrlimit};
    let limit = |resource, most| {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        setrlimit(resource, limit).map_err(io::Error::from)
    };
    // Not the address space: allocators and thread stacks reserve more of that than they use.
    limit(Resource::Data, MEMORY)?;
    limit(Resource::Cpu, CPU)?;
    limit(Resource::Core, 0)?;
    // The jobs of this machine come first, but on a busy one the time must do all the same.
    nice(5)?;
    Ok(())
}

#[cfg(not(unix))]
fn limit_this_process() -> io::Result<()> {
    Ok(())
}
