//! What a component can't do to its host before it runs: be compiled at any cost, ask for more than a connector gets,
//! pass for a connector of another contract.

use std::path::Path;
use std::time::{Duration, Instant};

use connector_tests::command::{asymbl, asymbl_path};
use connector_tests::{as_if_built_for, component_path};
use host_runner::sandbox::{CheckedComponent, Compiler, EngineSize, LoadError, new_engine};
use wasm_encoder::{
    BlockType, CodeSection, Component, ComponentSection, ExportKind, ExportSection, Function,
    FunctionSection, Instruction, Module, ModuleSection, NestedComponentSection, TypeSection,
    ValType,
};

fn check(wasm: &[u8], compiler: &Compiler) -> Result<CheckedComponent, LoadError> {
    CheckedComponent::new(&new_engine(EngineSize::jobs(1)).unwrap(), wasm, compiler)
}

fn refusal(wasm: &[u8]) -> LoadError {
    match check(wasm, &Compiler::in_this_process()) {
        Err(error) => error,
        Ok(_) => panic!("it was accepted"),
    }
}

fn text(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap()
}

/// A module with these functions, each without parameters.
fn module(functions: impl Iterator<Item = Function>) -> Module {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut declared = FunctionSection::new();
    let mut code = CodeSection::new();
    for function in functions {
        declared.function(0);
        code.function(&function);
    }
    let mut exports = ExportSection::new();
    exports.export("run", ExportKind::Func, 0);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&declared)
        .section(&exports)
        .section(&code);
    module
}

/// A component that holds one module with these functions.
fn component(functions: impl Iterator<Item = Function>) -> Vec<u8> {
    let mut component = Component::new();
    component.section(&ModuleSection(&module(functions)));
    component.finish()
}

/// A function of nested blocks.
fn nested_blocks(depth: usize) -> Function {
    let mut function = Function::new([]);
    for _ in 0..depth {
        function.instruction(&Instruction::Block(BlockType::Empty));
    }
    for _ in 0..=depth {
        function.instruction(&Instruction::End);
    }
    function
}

fn nested_components(depth: usize) -> Vec<u8> {
    let mut component = Component::new();
    for _ in 0..depth {
        let mut outer = Component::new();
        outer.section(&NestedComponentSection(&component));
        component = outer;
    }
    component.finish()
}

#[tokio::test]
async fn a_bomb_for_the_compiler_is_refused_before_compiling() {
    let folder = tempfile::tempdir().unwrap();
    // A connector like any other, but for a module that nothing uses.
    let mut connector = std::fs::read(component_path("asymbl.wasm")).unwrap();
    let blocks = module([nested_blocks(100_000)].into_iter());
    ModuleSection(&blocks).append_to_component(&mut connector);
    let bombs = [
        (connector, "nested blocks in one function"),
        (
            component((0..1_000_000).map(|_| nested_blocks(0))),
            "functions",
        ),
        (nested_components(5_000), "levels of nested components"),
    ];
    for (wasm, named) in bombs {
        std::fs::write(folder.path().join("bomb.wasm"), wasm).unwrap();
        let started = Instant::now();
        let run = asymbl(folder.path(), &["inspect", "--component", "bomb.wasm"]).await;
        assert_eq!(run.code, 7, "{}", run.err);
        assert!(run.err.contains(named), "no {named:?} in: {}", run.err);
        assert!(run.err.contains("more than the"), "{}", run.err);
        assert!(
            started.elapsed() < Duration::from_secs(3),
            "{named}: {:?}",
            started.elapsed()
        );
    }
}

/// The command as a compiler, and programs that pass for one.
fn compiler(program: &Path, arguments: &[&str]) -> Compiler {
    Compiler::in_a_process(program.to_owned(), arguments)
}

#[test]
fn compiling_that_needs_too_much_memory_ends_alone() {
    // Within every limit on what is counted: each of 49,000 variables gets a value of its own in each of 800 loops.
    let mut function = Function::new([(49_000, ValType::I32)]);
    for _ in 0..800 {
        function.instruction(&Instruction::Loop(BlockType::Empty));
    }
    for variable in 0..49_000 {
        function.instruction(&Instruction::LocalGet(variable));
        function.instruction(&Instruction::LocalSet((variable + 1) % 49_000));
    }
    for _ in 0..800 {
        function.instruction(&Instruction::LocalGet(0));
        function.instruction(&Instruction::BrIf(0));
        function.instruction(&Instruction::End);
    }
    function.instruction(&Instruction::End);
    // At once, as the threads of the compiler take them.
    let wasm = component((0..4).map(|_| function.clone()));
    match check(
        &with_exports(wasm),
        &compiler(&asymbl_path(), &["compile-component"]),
    ) {
        // On a busy machine the time may be over before the memory.
        Err(LoadError::Compile(detail)) => assert!(
            detail.contains("more than 1024 MiB") || detail.contains("longer than 60 s"),
            "{detail}"
        ),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was compiled"),
    }
}

#[cfg(unix)]
#[test]
fn only_an_authentic_answer_of_the_compiler_is_loaded() {
    let wasm = with_exports(Component::new().finish());
    for (program, arguments, expected) in [
        ("/bin/cat", &[][..], "not authentic"),
        ("/bin/sh", &["-c", "kill -ABRT $$"][..], "without an answer"),
        ("/no/such/program", &[][..], "/no/such/program"),
    ] {
        let error = check(&wasm, &compiler(Path::new(program), arguments)).err();
        let Some(LoadError::Compile(detail)) = error else {
            panic!("{program}: {error:?}");
        };
        assert!(detail.contains(expected), "{program}: {detail}");
    }
}

#[test]
fn a_component_compiled_by_a_process_is_the_same() {
    let wasm = std::fs::read(connector_tests::component_path("hostile-guest.wasm")).unwrap();
    let compiled = check(&wasm, &compiler(&asymbl_path(), &["compile-component"])).unwrap();
    compiled.link().unwrap();
}

#[test]
fn a_component_that_wants_sockets_is_refused_by_name() {
    match refusal(&text(
        r#"(component (import "wasi:sockets/tcp@0.2.2" (instance)))"#,
    )) {
        error @ LoadError::ForbiddenImport { .. } => {
            assert!(
                error.to_string().contains("wasi:sockets/tcp@0.2.2"),
                "{error}"
            );
        }
        other => panic!("{other}"),
    }
}

#[test]
fn a_component_of_another_contract_version_is_refused_with_both() {
    let wasm = text(r#"(component (import "ats:connector/host@0.3.1" (instance)))"#);
    let message = refusal(&wasm).to_string();
    assert!(
        message.contains("built for ats:connector@0.3, this host supports 0.2"),
        "{message}"
    );
}

#[test]
fn the_next_patch_of_the_contract_loads_and_the_next_minor_does_not() {
    let compiler = Compiler::in_this_process();
    let patch = check(&as_if_built_for("0.2.1"), &compiler).unwrap();
    assert!(patch.imports().contains(&"ats:connector/host@0.2.1".into()));
    patch.link().unwrap();
    let message = refusal(&as_if_built_for("0.3.0")).to_string();
    assert!(
        message.contains("built for ats:connector@0.3, this host supports 0.2"),
        "{message}"
    );
}

#[test]
fn a_component_that_is_no_connector_is_refused() {
    let error = refusal(&text("(component)"));
    assert!(matches!(error, LoadError::OtherContract(_)), "{error}");
    assert!(error.to_string().contains("about, reads"), "{error}");
    // The interfaces alone do not do: their functions are missing.
    let empty = with_exports(Component::new().finish());
    let checked = check(&empty, &Compiler::in_this_process()).unwrap();
    assert!(matches!(checked.link(), Err(LoadError::OtherContract(_))));
}

#[test]
fn a_file_that_is_no_component_is_refused() {
    for bytes in [&b""[..], b"garbage", b"\0asm\x01\0\0\0"] {
        assert!(matches!(refusal(bytes), LoadError::Invalid(_)));
    }
}

/// The component with empty interfaces under the names that a connector exports.
fn with_exports(wasm: Vec<u8>) -> Vec<u8> {
    let more = text(
        r#"(component
            (component $empty)
            (instance $empty (instantiate $empty))
            (export "ats:connector/about@0.2.0" (instance $empty))
            (export "ats:connector/reads@0.2.0" (instance $empty)))"#,
    );
    // Both start with the same eight bytes, and sections may follow in any order.
    [&more[..], &wasm[8..]].concat()
}
