//! Restante's conformance kit: roles, cases, faults, reports.
