//! The interfaces that a connector exports. One that only reads lacks `actions` and `inspection`, and its host needs no
//! bindings of another world for it.

use wasmtime::component::{Func, Instance, InstancePre};

use super::bindings::CONTRACT_VERSION;
use super::bindings::contract::{about, actions, inspection, reads, types};
use super::error::CallError;
use super::shape::Shape;
use super::state::JobState;

/// Where the functions of each interface stand in a component.
#[derive(Clone)]
pub(super) struct ExportIndices {
    about: about::GuestIndices,
    reads: reads::GuestIndices,
    actions: Option<actions::GuestIndices>,
    inspection: Option<inspection::GuestIndices>,
}

impl ExportIndices {
    /// Looks the functions up.
    ///
    /// # Errors
    /// When an interface is exported without one of its functions.
    pub(super) fn new(pre: &InstancePre<JobState>, shape: &Shape) -> wasmtime::Result<Self> {
        let actions = shape.has_export("actions");
        let inspection = shape.has_export("inspection");
        Ok(Self {
            about: about::GuestIndices::new(pre)?,
            reads: reads::GuestIndices::new(pre)?,
            actions: actions
                .then(|| actions::GuestIndices::new(pre))
                .transpose()?,
            inspection: inspection
                .then(|| inspection::GuestIndices::new(pre))
                .transpose()?,
        })
    }

    /// Finds the functions in an instance.
    ///
    /// # Errors
    /// When a function has another type than the contract's.
    pub(super) fn load(
        &self,
        store: &mut wasmtime::Store<JobState>,
        instance: &Instance,
    ) -> wasmtime::Result<Exports> {
        let actions = self.actions.as_ref();
        let inspection = self.inspection.as_ref();
        Ok(Exports {
            about: self.about.load(&mut *store, instance)?,
            reads: self.reads.load(&mut *store, instance)?,
            actions: actions
                .map(|indices| indices.load(&mut *store, instance))
                .transpose()?,
            inspection: inspection
                .map(|indices| indices.load(&mut *store, instance))
                .transpose()?,
            instance: *instance,
        })
    }
}

/// The exported functions of an instance.
pub(super) struct Exports {
    pub(super) about: about::Guest,
    pub(super) reads: reads::Guest,
    pub(super) actions: Option<actions::Guest>,
    pub(super) inspection: Option<inspection::Guest>,
    instance: Instance,
}

impl Exports {
    /// Finds a function of an interface by name, to call it with values whose types are not known here.
    ///
    /// # Errors
    /// When there is none; linking has made sure that each function of the contract is there.
    pub(super) fn function(
        &self,
        store: &mut wasmtime::Store<JobState>,
        interface: &str,
        name: &str,
    ) -> Result<Func, CallError> {
        let interface = format!("ats:connector/{interface}@{CONTRACT_VERSION}");
        let interface = self
            .instance
            .get_export_index(&mut *store, None, &interface);
        let function = interface.and_then(|interface| {
            let index = self
                .instance
                .get_export_index(&mut *store, Some(&interface), name)?;
            self.instance.get_func(&mut *store, index)
        });
        function.ok_or_else(|| CallError::BrokenContract(format!("no function {name}")))
    }
}

/// The error of a call to an interface that the connector does not export.
pub(super) fn unsupported(interface: &str) -> CallError {
    let lacks = match interface {
        "actions" => "no actions and no files of candidates",
        "inspection" => "no access check, field list, connection guide or requests of one's own",
        _ => "not all of the contract",
    };
    let failure = types::Failure {
        message: format!("this connector has {lacks}: it does not export `{interface}`"),
        remote: None,
    };
    CallError::Connector(Box::new(types::Error::Unsupported(failure)))
}
