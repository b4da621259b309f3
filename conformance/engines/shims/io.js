// Stands in for @std/io, which is not on npm.
export async function writeAll(writer, data) {
	for (let n = 0; n < data.length;) {
		n += await writer.write(data.subarray(n));
	}
}
