//! Words that a registrant shares with the machine around it: what it asks, where it stands, and
//! why it does not take an input.

use core::fmt;

use super::KeptError;

/// A conversation that a machine begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Asked {
    /// The initial communication.
    Enrol,
    /// Looking into the mailbox; also the first use of a formal code.
    Poll,
    /// Saying what became of instructions.
    Acknowledge,
    /// Reporting running status.
    ReportStatus,
    /// Asking for a new formal code.
    Rotate,
    /// Adding devices.
    AddDevices,
    /// Removing devices.
    RemoveDevices,
    /// Ending the registration.
    Leave,
    /// Registering a device for a service, with the service's server.
    RegisterService,
}

/// Why a machine does not take an input. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The first input has to say that the machine was switched on.
    #[error("the machine was not switched on; give it what was kept first")]
    Off,
    /// It was switched on already.
    #[error("the machine is switched on already")]
    On,
    /// There is no formal code in use.
    #[error("there is no registration; enter a provisional access code first")]
    NotEnrolled,
    /// No such device is known.
    #[error("there is no such device here")]
    NoSuchDevice,
    /// What was kept cannot be used.
    #[error(transparent)]
    Kept(#[from] KeptError),
}

/// Where a machine stands, as a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Not switched on yet.
    Off,
    /// No code was ever entered, or the registration was left.
    Blank,
    /// A code was entered; the formal code has not come yet.
    Enrolling,
    /// The formal code is kept and was not used yet.
    Enrolled,
    /// The formal code is in use.
    InUse,
    /// A new formal code is wanted or was not used yet.
    Rotating,
    /// The registration is to end.
    Leaving,
    /// Nothing goes on before a person has done something.
    NeedsPerson,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enrol => "enrolling",
            Self::Poll => "polling",
            Self::Acknowledge => "acknowledging instructions",
            Self::ReportStatus => "reporting status",
            Self::Rotate => "rotating the formal access code",
            Self::AddDevices => "adding devices",
            Self::RemoveDevices => "removing devices",
            Self::Leave => "leaving",
            Self::RegisterService => "registering for a service",
        })
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Blank => "not enrolled",
            Self::Enrolling => "enrolling",
            Self::Enrolled => "enrolled, the formal code not used yet",
            Self::InUse => "enrolled",
            Self::Rotating => "enrolled, the formal code being rotated",
            Self::Leaving => "leaving",
            Self::NeedsPerson => "waiting for a person",
        })
    }
}
