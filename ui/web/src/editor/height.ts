/** Least height of the editor with its border, as a class: what stands in its place until it has come is as high. */
export const EDITOR_HEIGHT = 'min-h-[calc(8.5rem+2px)]';
