/** Classes that the `worker` crate exports, whether they are used or not: containers, R2, streams. */
export const CLASSES = [
  "ContainerStartupOptions",
  "IntoUnderlyingByteSource",
  "IntoUnderlyingSink",
  "IntoUnderlyingSource",
  "MinifyConfig",
  "R2Range",
];
