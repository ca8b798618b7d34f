//! The guide's words. Names of Setup pages are Salesforce's of 2026.

use crate::exports::ats::connector::inspection::{GuideInput, GuideProblem};

pub(super) const INTRODUCTION: &str = "\
For the Salesforce administrator of an org with Asymbl ATS. You create an app that signs in as an integration user, give that \
user the rights below, and copy three values. It takes about twenty minutes. Nothing is installed in your org, and you can \
withdraw the access at any time by deactivating the app or the user.";

/// Title and body of each step; `{rights}` stands for what the mapping needs.
pub(super) const STEPS: &[(&str, &str)] = &[
    (
        "Create an integration user",
        "\
In Setup, open **Users** and choose **New User**. Give it a name that says what it is for, such as `Asymbl Integration`, and a \
mailbox that somebody reads. The licence *Salesforce Integration* with the profile *Minimum Access - API Only Integrations* is \
enough where your contract has it (it needs the permission set licence *Salesforce API Integration*); any profile with **API \
Enabled** works.

Don't use a person's account: the connection would end when that person leaves.",
    ),
    ("Give it the rights that it needs", "{rights}"),
    (
        "Create an External Client App",
        "\
In Setup, open **External Client App Manager** and choose **New External Client App**.

1. Name it, and leave *Distribution State* at **Local**.
2. Under **API (Enable OAuth Settings)** switch on **Enable OAuth**. As callback URL enter `https://login.salesforce.com/services/oauth2/success`; this flow does not use it.
3. As OAuth scope select **Manage user data via APIs (api)**.
4. Under **Flow Enablement** switch on **Enable Client Credentials Flow**, and save.
5. Open the app's **Policies**, choose **Edit**, switch on **Enable Client Credentials Flow** there too, and enter the integration user as **Run As**.
6. Under **App Policies**, set *IP Relaxation* to **Relax IP restrictions**, or allow the platform's addresses in **Network Access**.

A Connected App with the same settings works as well.",
    ),
    (
        "Copy what the connection needs",
        "\
1. In the app's **Settings**, under **OAuth Settings**, choose **Consumer Key and Secret**. The *Consumer Key* is the client id, the *Consumer Secret* the client secret.
2. In Setup, open **My Domain**. *Current My Domain URL* with `https://` before it is the org's address, for example `https://acme.my.salesforce.com`; of a sandbox `https://acme--dev.sandbox.my.salesforce.com`. The address that ends in `lightning.force.com` is not it.",
    ),
    (
        "Test the connection",
        "\
Enter the three values and run the test (`asymbl check` on the command line). It signs in, says for each model and action what \
the user may do and which right is missing, and reads a few records of each model. It writes nothing.

New apps need up to ten minutes before they accept a sign-in.",
    ),
];

pub(super) const PERMISSION_SET: &str = "\
In place of clicking through these tables, deploy them: save the following as \
`permissionsets/Asymbl_Integration.permissionset-meta.xml`, deploy it with `sf project deploy start` or the Metadata API, and assign \
the set to the integration user; the package's own set is not needed then. `asymbl guide --permission-set` prints it for the models \
and actions that a tenant file leaves on.";

pub(super) const RIGHTS: &str = "\
Assign the package's permission set **Asymbl ATS User** to the integration user: it gives contacts, applicants, jobs and stages. \
Then create a permission set of your own, `Asymbl Integration`, with what that one lacks:

- **System Permissions**: *API Enabled*; *View Setup and Configuration* (for the calls left and the package's version).
- **Object Settings**: the objects and fields of the tables below. Custom fields of your own come along as soon as they are readable.
- Contacts: *View All*, or sharing that shows the user every candidate. A contact without an account is private to its owner.
- Does Asymbl use an object of your own as the Job? Grant that object in place of `bpats__Job__c`, and under **Custom Metadata Types** the type *ATS Job Object Mapping* (`bpats__ATS_Job_Object_Mapping__mdt`).

Leave out what you switch off in the connection's scopes: it is not asked for.";

/// What a person enters.
pub(super) fn inputs() -> Vec<GuideInput> {
    let input = |name: &str, label: &str, help: &str, pattern: &str, secret| GuideInput {
        name: name.to_owned(),
        label: label.to_owned(),
        help: help.to_owned(),
        pattern: pattern.to_owned(),
        secret,
    };
    vec![
        input(
            "instance_url",
            "Org address",
            "The My Domain URL: `https://NAME.my.salesforce.com`.",
            "^https://[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)*\\.(my\\.salesforce\\.com|my-salesforce\\.com|my\\.salesforce\\.mil|my\\.sfcrmproducts\\.cn)$",
            false,
        ),
        input(
            "client_id",
            "Client id",
            "The app's Consumer Key.",
            "^[A-Za-z0-9._]{20,}$",
            false,
        ),
        input(
            "client_secret",
            "Client secret",
            "The app's Consumer Secret.",
            "^\\S{16,}$",
            true,
        ),
    ]
}

/// What people meet.
const TROUBLES: &[(&str, &str)] = &[
    (
        "`invalid_client_id` or `invalid_client`",
        "Compare client id and secret with the app's Consumer Key and Secret. A new app needs up to ten minutes; a rotated secret \
         must be entered anew.",
    ),
    (
        "`invalid_grant: no client credentials user enabled`",
        "Enter the integration user as Run As in the app's policies (step 3.5).",
    ),
    (
        "`invalid_grant: request not supported on this domain`",
        "Use the My Domain URL (step 4), not `login.salesforce.com`.",
    ),
    (
        "`invalid_grant: authentication failure`",
        "The user is locked, or login hours or IP ranges refuse it: see Login History in Setup, and step 3.6.",
    ),
    (
        "`unsupported_grant_type`",
        "Enable the client credentials flow in the app's settings and in its policies (steps 3.4 and 3.5).",
    ),
    (
        "`API_DISABLED_FOR_ORG` or `API_CURRENTLY_DISABLED`",
        "Give the integration user *API Enabled*; Professional Edition needs API access as an add-on.",
    ),
    (
        "\"This session is not valid for use with the REST API\"",
        "The app lacks the scope `api`, or the user *API Enabled* (steps 1 and 3.3).",
    ),
    (
        "`REQUEST_LIMIT_EXCEEDED`",
        "The org's API calls of 24 hours are spent: wait, or ask Salesforce for more. Setup, Company Information shows the use.",
    ),
    (
        "The package is not found",
        "Asymbl ATS is not installed in this org (a sandbox without it?), or the user sees none of its objects: step 2.",
    ),
    (
        "A model is denied, or fields are missing",
        "The check names each right: grant it in the permission set of step 2.",
    ),
    (
        "Candidates are missing",
        "Give the user *View All* on contacts, and look at the settings `candidates` and `candidate_record_type`.",
    ),
];

pub(super) fn problems() -> Vec<GuideProblem> {
    TROUBLES
        .iter()
        .map(|(symptom, fix)| GuideProblem {
            symptom: (*symptom).to_owned(),
            fix: (*fix).to_owned(),
        })
        .collect()
}
