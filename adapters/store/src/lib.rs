//! Where a Restante center keeps its records: the port, memory, SQLite, and the driver loop.
