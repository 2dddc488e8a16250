//! The reference device and gateway: a program and the library it is made of.
