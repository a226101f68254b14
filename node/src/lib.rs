//! The aurora binary: command line, configuration, HTTP, embedded services, wiring
