//! AWS as code
