// Stands in for @std/cli/parse-args, which is not on npm: --key value, and --key alone.
export function parseArgs(args) {
	const found = { _: [] };
	for (let i = 0; i < args.length; i++) {
		if (!args[i].startsWith('--')) {
			found._.push(args[i]);
			continue;
		}
		const [key, joined] = args[i].slice(2).split('=');
		const next = joined ?? (args[i + 1] && !args[i + 1].startsWith('--') ? args[++i] : true);
		found[key] = typeof next === 'string' && next !== '' && !isNaN(next) ? Number(next) : next;
	}
	return found;
}
