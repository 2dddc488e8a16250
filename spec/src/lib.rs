//! Makes and checks what is generated in Restante's specification: schemas, examples, OpenAPI,
//! vectors.
