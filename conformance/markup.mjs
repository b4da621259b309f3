// Reads what markup.Literal makes of texts as Rocket.Chat does: node run.mjs markup.mjs <file>
// Each line of the file is ["what was typed", "what is posted"]. Prints what an agent would
// read differently, or would see that nobody typed; exit code 1 if there is anything.
import { readFileSync } from 'node:fs';
import { parse } from '@rocket.chat/message-parser';

const workspaces = [
	{ emoticons: true },
	{ emoticons: true, colors: true, katex: { parenthesisSyntax: true } },
	{ emoticons: true, colors: true, katex: { dollarSyntax: true, parenthesisSyntax: true } },
];

let texts = 0;
let objections = 0;
for (const line of readFileSync(process.argv[2], 'utf8').split('\n')) {
	if (line === '') {
		continue;
	}
	const [typed, posted] = JSON.parse(line);
	texts++;
	for (const options of workspaces) {
		const seen = read(posted, typed, options);
		if (plain(seen.words) !== plain(typed)) {
			seen.wrong.push(`agents read ${JSON.stringify(seen.words)}`);
		}
		if (seen.wrong.length > 0 && objections++ < 20) {
			console.log(`OBJECTION ${JSON.stringify(typed)}, posted as ${JSON.stringify(posted)}: ${seen.wrong.join('; ')}`);
		}
	}
}
console.log(`${texts} texts, ${objections} objections`);
process.exitCode = objections > 0 || texts === 0 ? 1 : 0;

// read returns the plain words of a text's tree, and what is in it but words, emojis and
// addresses that were typed.
function read(posted, typed, options) {
	const wrong = [];
	let words = '';
	const walk = (node) => {
		if (Array.isArray(node)) {
			node.forEach(walk);
			return;
		}
		switch (node.type) {
			case 'PLAIN_TEXT':
				words += node.value;
				return;
			case 'LINE_BREAK':
				words += '\n';
				return;
			case 'PARAGRAPH':
				walk(node.value);
				words += '\n';
				return;
			case 'BIG_EMOJI':
				walk(node.value);
				return;
			case 'EMOJI':
				// Right behind an address a joiner would become part of it, so there an emoticon stays one.
				if (!node.unicode && /(^|\s)$/.test(words)) {
					wrong.push(`the picture ${node.shortCode}`);
				}
				words += node.unicode ?? node.value.value;
				return;
			case 'LINK': {
				const begin = words.length;
				walk(node.value.label);
				const label = words.slice(begin);
				const { value: to } = node.value.src;
				const own = [label, `//${label}`, `mailto:${label}`].includes(to) || (to.startsWith('tel:') && label.startsWith('+'));
				if (!own || !typed.includes(label)) {
					wrong.push(`a link to ${to} that shows ${label}`);
				}
				return;
			}
			default:
				wrong.push(node.type);
				if (typeof node.value === 'string') {
					words += node.value;
				} else if (node.value) {
					walk(node.value);
				}
		}
	};
	walk(parse(posted, options));
	return { words, wrong };
}

// plain leaves out what nobody sees: joiners, and spaces at the ends of lines and of emojis
// that stand alone.
function plain(text) {
	return text.replace(/\u2060/g, '').replace(/[ \t]+$/gm, '').replace(/^[\s]+|[\s]+$/g, '').replace(/(\p{Extended_Pictographic}\S*)\s+(?=\p{Extended_Pictographic}|[*#🇦-🇿])/gu, '$1');
}
