// Stands in for @std/streams, which is not on npm.
export const toArrayBuffer = (stream) => new Response(stream).arrayBuffer();
