//! The names of the hostile behaviours.
//!
//! The guest and its host tests (`tests/tests/sandbox.rs`) both compile this file, and it denies dead code: a behaviour
//! that the guest does not implement, or that no host test asks for, is a compile error.

#![deny(dead_code)]

/// Says what the guest shall do; its settings hold the variant's name.
#[derive(Debug, Clone, Copy)]
pub enum Behaviour {
    /// Returns at once.
    Nothing,
    /// Computes for ever.
    Spin,
    /// Calls itself for ever.
    Recurse,
    /// Panics.
    Panic,
    /// Allocates for ever.
    TakeMemory,
    /// Creates handles and never drops them.
    LeakHandles,
    /// Waits for an hour.
    Sleep,
    /// Writes a gigabyte to the log.
    FloodTheLog,
    /// Sets a hundred thousand headers.
    FloodHeaders,
    /// Sends a permitted request.
    AskPlainly,
    /// Sends a request to another host.
    AskAnotherHost,
    /// Sends a request without a host.
    AskWithoutAuthority,
    /// Sends a request with a user name and password in its URL.
    AskWithUserinfo,
    /// Sends a request with an `Authorization` header.
    SendCredentials,
    /// Sends a request with a `Host` header.
    SendAHostHeader,
    /// Deletes a record.
    Delete,
    /// Changes a record.
    Patch,
    /// Changes a record by a GET that names another method in its query.
    PatchByQuery,
    /// Creates a record.
    Post,
    /// Deletes a record among the members of a composite request.
    DeleteInAComposite,
    /// Reads by a composite request.
    ReadByAComposite,
    /// Says that each file is behind the URL in the settings, as a URL that is its own permission.
    SignUrls,
}

/// Says how the guest shall list users. Every other model is listed as a connector should.
#[derive(Debug, Clone, Copy)]
pub enum Listing {
    /// Leads each page to the same cursor.
    SameCursor,
    /// Leads each page to another cursor, and brings nothing.
    NewCursors,
    /// Brings another record on each page, without end.
    NewRecords,
    /// Rejects the cursor that it gave, and begins anew.
    RejectedCursors,
    /// Gives a cursor of 100 kB.
    LongCursor,
    /// Gives a sync token of 100 kB.
    LongToken,
    /// Gives a record with a key of 10 MB.
    LongKey,
    /// Asks for a recheck with an id of 10 MB.
    LongRecheck,
    /// Asks for another recheck whenever one is done.
    NewRechecks,
    /// Gives a source row that is nested a million levels deep.
    DeepRow,
    /// Gives a profile of 2 MB.
    LongProfile,
    /// Fails with a message of 10 MB.
    LongMessage,
    /// Fails with 100,000 problems.
    ManyProblems,
    /// Gives 10,000 notes that would draw on the terminal.
    ManyNotes,
    /// Gives another record as typed values than as text.
    OtherForms,
    /// Takes any text for one of its tokens and cursors.
    AnyToken,
    /// Gives a record another id each time.
    NewIds,
}
