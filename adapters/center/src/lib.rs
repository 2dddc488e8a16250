//! The reference center: a program and the library it is made of.
