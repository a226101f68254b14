//! The app's files as `build.rs` found them, compiled into the binary.

/// One file of the built app.
#[derive(Debug)]
pub(crate) struct File {
    /// Where it is served, with a leading slash.
    pub(crate) path: &'static str,
    pub(crate) content_type: &'static str,
    /// Weak, since the plain and the compressed form share it.
    pub(crate) etag: &'static str,
    pub(crate) content: &'static [u8],
    /// The same content compressed, unless that would not make it smaller.
    pub(crate) gzip: Option<&'static [u8]>,
}

static FILES: &[File] = &include!(concat!(env!("OUT_DIR"), "/files.rs"));

impl File {
    /// True when the name changes with the content, as Vite sees to below `assets/`: then it can be kept for ever.
    pub(crate) fn is_immutable(&self) -> bool {
        self.path.starts_with("/assets/")
    }
}

/// The file served at exactly this path.
pub(crate) fn find(path: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.path == path)
}

/// Where the app's only page is.
pub(crate) const INDEX: &str = "/index.html";

/// The app's only page.
pub(crate) fn index() -> Option<&'static File> {
    find(INDEX)
}

#[cfg(test)]
pub(crate) fn all() -> &'static [File] {
    FILES
}
