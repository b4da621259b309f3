// Says what customers read of agents' messages by Rocket.Chat's own parser: node run.mjs plain.mjs
// Each line of the input is an array of messages as JSON; each line of the output is an array of what
// becomes of them. The words of the tree stay, without marks; what the tree only points at (an emoji's
// name, an address behind words, a time) is written out as the decisions 011 and 081 say.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parse } from '@rocket.chat/message-parser';

const options = { emoticons: true, colors: true, katex: { parenthesisSyntax: true } };

// The bundle lies in node_modules/.bundle.
const emojis = new Map(
	readFileSync(fileURLToPath(new URL('../../../rocketchat/markup/emoji.tsv', import.meta.url)), 'utf8')
		.trimEnd().split('\n').map((line) => line.split('\t')),
);

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

// moment writes a time as the program does that speaks English and knows no zone.
function moment({ timestamp, format }) {
	const at = new Date(Number(timestamp) * 1000);
	const two = (n) => String(n).padStart(2, '0');
	const seconds = 'TF'.includes(format) ? `:${two(at.getUTCSeconds())}` : '';
	return `${at.getUTCDate()} ${months[at.getUTCMonth()]} ${at.getUTCFullYear()}, ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}${seconds} UTC`;
}

const bare = (address) => address.replace(/^https?:\/\//, '').replace(/\/$/, '');

function link(label, src) {
	const shown = src.replace(/^(mailto:|tel:|\/\/)/, '');
	label = label.trim();
	if (label === '' || bare(label) === bare(shown)) {
		return shown;
	}
	return src.startsWith('tel:') && label.replace(/[^\d]/g, '') === shown.replace(/[^\d]/g, '') ? label : `${label} (${shown})`;
}

const inline = (nodes) => (Array.isArray(nodes) ? nodes : [nodes]).map(word).join('');

function word(node) {
	switch (node.type) {
		case 'PLAIN_TEXT':
			return node.value;
		case 'BOLD':
		case 'ITALIC':
		case 'STRIKE':
		case 'SPOILER':
			return inline(node.value);
		case 'INLINE_CODE':
			return node.value.value;
		case 'INLINE_KATEX':
			return node.value;
		case 'MENTION_USER':
			return `@${node.value.value}`;
		case 'MENTION_CHANNEL':
			return `#${node.value.value}`;
		case 'EMOJI':
			if (node.unicode !== undefined) {
				return node.unicode;
			}
			return node.value.value === node.shortCode ? emojis.get(node.shortCode) ?? `:${node.shortCode}:` : node.value.value;
		case 'LINK':
			return link(inline(node.value.label), node.value.src.value);
		case 'IMAGE':
			return link(inline(node.value.label), node.value.src.value);
		case 'COLOR': {
			const { r, g, b, a } = node.value;
			return `color:#${[r, g, b, ...(a === 255 ? [] : [a])].map((n) => n.toString(16).padStart(2, '0')).join('')}`;
		}
		case 'TIMESTAMP':
			return moment(node.value);
		default:
			throw new Error(`a ${node.type} within a line`);
	}
}

const lines = (nodes) => nodes.map(block).join('\n');
const prefixed = (prefix, text) => text.replace(/^/gm, prefix);

function block(node) {
	switch (node.type) {
		case 'PARAGRAPH':
		case 'HEADING':
			return inline(node.value);
		case 'LINE_BREAK':
			return '';
		case 'BIG_EMOJI':
			return inline(node.value);
		case 'CODE':
			return node.value.map((line) => line.value.value).join('\n');
		case 'KATEX':
			return node.value;
		case 'HORIZONTAL_RULE':
			return '---';
		case 'QUOTE':
			return prefixed('> ', lines(node.value));
		case 'SPOILER_BLOCK':
			return lines(node.value);
		case 'UNORDERED_LIST':
			return node.value.map((item) => `- ${inline(item.value)}`).join('\n');
		case 'ORDERED_LIST':
			return node.value.map((item) => `${item.number}. ${inline(item.value)}`).join('\n');
		case 'TASKS':
			return node.value.map((task) => `- [${task.status ? 'x' : ' '}] ${inline(task.value)}`).join('\n');
		case 'TABLE': {
			const row = (cells) => `| ${cells.map((cell) => inline(cell.value).trim()).join(' | ')} |`;
			return [row(node.value.header), ...node.value.rows.map((r) => row(r.value))].join('\n');
		}
		default:
			throw new Error(`a ${node.type} among the blocks`);
	}
}

// plain is what becomes of a message. What the parser cannot read, clients show as it is.
function plain(message) {
	let tree;
	try {
		tree = parse(message, options);
	} catch {
		return message;
	}
	return lines(tree);
}

for await (const line of createInterface({ input: process.stdin })) {
	process.stdout.write(`${JSON.stringify(JSON.parse(line).map(plain))}\n`);
}
