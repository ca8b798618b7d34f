//! What the refusals of a token endpoint come down to (salesforce-api.md 1.4).

use crate::egress::Recovery;

/// What a refusal comes down to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The consumer key is unknown to the org.
    WrongClientId,
    /// The consumer secret is wrong.
    WrongSecret,
    /// The app is not installed in this org.
    AppNotInstalled,
    /// An administrator blocked the app.
    AppBlocked,
    /// The flow works only on the org's My Domain host.
    WrongDomain,
    /// The app has no Run As user for client credentials.
    NoRunAsUser,
    /// The refresh token is expired, revoked or was used before.
    ExpiredRefreshToken,
    /// The person in the browser did not allow the app.
    Declined,
    /// The callback URL is none of the app's.
    WrongCallback,
    /// The code was traded by somebody who did not ask for it.
    WrongVerifier,
    /// The user has not approved the app, or no admin has.
    NotApproved,
    /// The JWT's audience is wrong.
    WrongAudience,
    /// The JWT's signature does not fit the app's certificate.
    WrongKey,
    /// This machine's address is refused.
    IpRestricted,
    /// The user's password has expired.
    ExpiredPassword,
    /// The user lacks "API Enabled".
    ApiNotEnabled,
    /// User, IP address or login hours; Salesforce does not say which.
    AuthenticationFailure,
    /// The app does not allow this flow.
    FlowOff,
    /// The user is deactivated, frozen or locked out.
    InactiveUser,
    /// The org is deactivated, locked or expired.
    InactiveOrg,
    /// Too many logins.
    TooManyLogins,
    /// Salesforce asks to try again.
    Busy,
    /// Anything else.
    Unknown,
}

impl Cause {
    /// What has to happen before a sign-in can succeed.
    pub fn recovery(self) -> Recovery {
        match self {
            Self::TooManyLogins | Self::Busy | Self::Unknown => Recovery::Wait,
            _ => Recovery::Access,
        }
    }

    /// How to fix it, for a person.
    pub fn fix(self) -> &'static str {
        match self {
            Self::WrongClientId => {
                "check auth.client_id (the app's consumer key) and that the app is in this org"
            }
            Self::WrongSecret => {
                "check auth.client_secret (the app's consumer secret); it may have been rotated"
            }
            Self::AppNotInstalled => {
                "install the app in this org (Setup, \"Connected Apps OAuth Usage\" or the External Client App's package), or create \
                 one there; check that instance_url is the right org, and that a sandbox was not refreshed"
            }
            Self::AppBlocked => {
                "ask an administrator to unblock the app (Setup, \"Connected Apps OAuth Usage\")"
            }
            Self::WrongDomain => {
                "use the org's My Domain host (https://NAME.my.salesforce.com) in instance_url and leave out auth.token_url"
            }
            Self::NoRunAsUser => {
                "set a Run As user for the client credentials flow in the app's policies, one who may use the API"
            }
            Self::ExpiredRefreshToken => {
                "the refresh token is expired, revoked or used up; a person must sign in again (`asymbl sign-in`)"
            }
            Self::Declined => "sign in again, and allow the app",
            Self::WrongCallback => {
                "add the callback URL to the app's settings, exactly as it was sent, the port included"
            }
            Self::WrongVerifier => "sign in again, in the browser that this sign-in opened",
            Self::NotApproved => {
                "pre-authorise the user: in the app's policies, through a permission set or profile"
            }
            Self::WrongAudience => {
                "check auth.audience: https://login.salesforce.com, or https://test.salesforce.com for a sandbox or scratch org"
            }
            Self::WrongKey => {
                "check that auth.private_key belongs to the certificate in the app, auth.username, and this machine's clock"
            }
            Self::IpRestricted => {
                "relax the IP restrictions in the app's policies, or allow this machine's address in Network Access or in the user's \
                 profile"
            }
            Self::ExpiredPassword => {
                "set a new password for the integration user, and give the user \"Password Never Expires\""
            }
            Self::ApiNotEnabled => {
                "give the integration user \"API Enabled\"; Professional Edition needs API access as an add-on"
            }
            Self::AuthenticationFailure => {
                "check the user, the app's IP policy and login hours, and the user's login history"
            }
            Self::FlowOff => {
                "turn this OAuth flow on in the app's settings (\"Enable Client Credentials Flow\" and the like)"
            }
            Self::InactiveUser => {
                "activate, unfreeze or unlock the integration user, or choose another"
            }
            Self::InactiveOrg => "the org is locked or expired; ask its administrator",
            Self::TooManyLogins => {
                "wait an hour; share one token between programs instead of signing in anew"
            }
            Self::Busy => "try again in some minutes",
            Self::Unknown => {
                "try again later; if it stays, the user's login history in Setup shows the reason"
            }
        }
    }
}
