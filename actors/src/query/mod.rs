//! SQL from people and programs.
