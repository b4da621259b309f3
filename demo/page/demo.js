'use strict';
// The page shows what the program says; it keeps nothing but which customer and
// which room are looked at.

const $ = id => document.getElementById(id);
const chosen = {customer: 'anna', room: ''};
const looked = new Map(); // how many messages of a chat have been on the screen
let view = null;

// el makes an element; what is text stays text.
function el(tag, attributes = {}, ...inside) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'class') e.className = value;
    else if (value !== undefined && value !== false) e.setAttribute(name, value === true ? '' : value);
  }
  e.append(...inside.filter(part => part !== null && part !== undefined));
  return e;
}

// fill makes the children of a list what they shall be, and leaves alone those that
// have not changed, so that scrolling, focus and selection survive.
function fill(list, items, key, make, empty) {
  const bottom = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  const old = new Map([...list.children].map(e => [e.dataset.key, e]));
  let changed = false;
  const wanted = items.map(item => {
    const signature = JSON.stringify(item), name = String(key(item));
    let e = old.get(name);
    if (!e || e.dataset.is !== signature) {
      e = make(item);
      e.dataset.key = name;
      e.dataset.is = signature;
      changed = true;
    }
    return e;
  });
  if (!wanted.length && empty) wanted.push(old.get('empty') || Object.assign(el('li', {class: 'empty', 'data-key': 'empty'}), {textContent: empty}));
  const focused = list.contains(document.activeElement) ? document.activeElement.closest('[data-key]')?.dataset.key : '';
  if (changed || wanted.length !== list.children.length || wanted.some((e, i) => list.children[i] !== e)) {
    list.replaceChildren(...wanted);
    if (focused) [...list.children].find(e => e.dataset.key === focused)?.querySelector('button, a')?.focus();
    if (bottom && list.classList.contains('scroll')) list.scrollTop = list.scrollHeight;
  }
}

function say(id, text) {
  const e = $(id);
  if (e.textContent !== text) e.textContent = text;
}

const clock = new Intl.DateTimeFormat(undefined, {hour: '2-digit', minute: '2-digit', hourCycle: 'h23'});
const seconds = new Intl.DateTimeFormat(undefined, {hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23'});
const time = (at, form = clock) => el('time', {datetime: at}, form.format(new Date(at)));

// Signs that every system's fonts have.
const emojis = {':warning:': '⚠', ':hourglass:': '⌛', ':white_check_mark:': '✔', ':point_right:': '☞', ':tada:': '★', ':slight_smile:': '☺', ':heart:': '♥',
  ':zzz:': '☾', ':wave:': '☼', ':no_entry:': '⊘', ':white_circle:': '○', ':heavy_check_mark:': '✔'};
const emoji = text => text.replace(/:[a-z_]+:/g, name => emojis[name] || name);

// rich shows what Rocket.Chat's clients would: code, bold, links, emojis, quotations; and signs
// as they were typed that a backslash or a word joiner keeps from being marks.
function rich(text) {
  return text.replace(/\u2060/g, '').replace(/^> /gm, '▏ ').split(/(\\[*_~`.]|`[^`\n]+`|\*\*?[^*\s](?:[^*\n]*[^*\s])?\*\*?|https?:\/\/[^\s)>]+)/).map((part, i) => {
    if (i % 2 === 0) return emoji(part);
    if (part[0] === '\\') return part[1];
    if (part[0] === '`') return el('code', {}, part.slice(1, -1));
    if (part[0] === '*') return el('strong', {}, part.replace(/^\*+|\*+$/g, ''));
    const [, address, rest] = part.match(/^(.*?)([.,;:!?]*)$/);
    const link = el('a', {href: address, target: '_blank', rel: 'noopener noreferrer'}, address.length > 70 ? address.slice(0, 66) + ' …' : address);
    const both = document.createDocumentFragment();
    both.append(link, rest);
    return both;
  });
}

// files shows what a message holds beside its text.
function files(m) {
  return (m.files || []).map(f => f.picture ? el('img', {src: 'tulips.png', alt: f.name, width: 160, height: 100}) : el('span', {class: 'file'}, '▤ ' + f.name));
}

function message(m) {
  if (m.kind === 'system') return el('li', {class: 'system'}, m.text + ' · ', time(m.at));
  const by = el('span', {class: 'by'}, el('strong', {}, m.who), ' ', m.kind === 'bot' ? el('b', {}, 'BOT') : null,
    m.kind === 'visitor' ? el('b', {}, 'CUSTOMER') : null, ' ', time(m.at), m.edited ? ' (edited)' : null);
  return el('li', {class: m.kind}, by,
    m.quote ? el('blockquote', {}, emoji(m.quote)) : null,
    m.text || !m.files ? el('div', {class: 'body'}, ...rich(m.text)) : null,
    ...files(m),
    m.reactions ? el('div', {class: 'reactions'}, ...m.reactions.map(r => el('span', {title: r.emoji}, emoji(r.emoji) + ' ' + r.times))) : null);
}

function bubble(m) {
  const choices = (m.choices || []).map(title => {
    const button = el('button', {type: 'button'}, title);
    button.addEventListener('click', () => act({do: 'tap', as: chosen.customer, text: title}));
    return button;
  });
  return el('li', {class: m.fromPage ? '' : 'mine'}, m.quote ? el('blockquote', {}, m.quote) : null, ...files(m), m.text,
    m.reaction ? el('span', {class: 'liked', title: 'Reaction'}, m.reaction.replace(/❤\uFE0F?/, '♥')) : null, time(m.at),
    choices.length ? el('div', {class: 'choices'}, ...choices) : null);
}

// showDeeds fills the menu of what else can be done.
function showDeeds(id, as, deeds, by) {
  fill($(id), deeds.filter(d => d.as === as), d => d.id, d => {
    const button = el('button', {type: 'button', id: `${as}-${d.id}`}, d.label);
    button.addEventListener('click', () => { $(id).parentElement.open = false; act({do: 'deed', id: d.id, ...by()}); });
    return el('li', {}, button);
  });
}

// isNew tells whether a chat that is not looked at has grown.
function isNew(id, count, lookedAt) {
  if (lookedAt || !looked.has(id)) looked.set(id, lookedAt ? count : 0);
  return looked.get(id) < count;
}

// act sends what somebody does, and shows why it did not work.
async function act(action) {
  let problem = '';
  try {
    const answer = await fetch('do', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(action)});
    if (!answer.ok) problem = (await answer.text()).trim();
  } catch {
    problem = 'The demo cannot be reached.';
  }
  say('problem', problem);
  $('problem').hidden = !problem;
  return !problem;
}

function showLamps(b) {
  const lamps = [];
  if (b.life === 'dead') lamps.push({tone: 'bad', text: b.why ? 'Bridge: ended' : 'Bridge: killed'});
  else if (b.life === 'starting') lamps.push({tone: 'warn', text: 'Bridge: starting'});
  else lamps.push({tone: 'good', text: 'Bridge: running'});
  if (b.known) {
    lamps.push(b.connected ? {tone: 'good', text: 'Rocket.Chat: connected'} : {tone: 'bad', text: 'Rocket.Chat: not connected'});
    lamps.push({tone: b.pageState === 'running' ? 'good' : 'bad', text: 'Page: ' + b.pageState});
    const waiting = b.toRooms + b.toCustomers + b.toAgents;
    lamps.push({tone: waiting ? 'warn' : '', text: waiting + ' waiting'});
  }
  fill($('lamps'), lamps, l => l.text, l => el('li', {class: l.tone}, l.text));
}

function showMachine(b) {
  const dead = b.life === 'dead';
  $('machine').className = 'panel machine' + (dead ? ' bad' : b.life === 'starting' || !b.connected ? ' warn' : '');
  const left = b.back ? Math.max(0, Math.ceil((new Date(b.back) - Date.now()) / 1000)) : 0;
  say('life', dead ? '✗ Dead' : b.life === 'starting' ? '… Starting' : b.connected ? '✓ Running' : '… Reconnecting');
  say('life-note', dead ? (b.why ? b.why + '. ' : '') + `Process ${b.pid} is gone. Started again in ${left} s.`
    : `Process ${b.pid}` + (b.starts > 1 ? `, start number ${b.starts} on the same store` : ''));
  const queues = [
    {id: 'meta', label: 'at Facebook, for the bridge', n: b.atFacebook},
    {id: 'rooms', label: 'waiting for a room →', n: b.known ? b.toRooms : '?'},
    {id: 'customers', label: '← waiting for customers', n: b.known ? b.toCustomers : '?'},
    {id: 'agents', label: 'notices for agents →', n: b.known ? b.toAgents : '?'},
  ];
  fill($('queues'), queues, q => q.id, q => el('div', {class: q.n > 0 ? 'some' : '', id: 'queue-' + q.id}, el('dt', {}, q.label), el('dd', {}, String(q.n))));
  say('page-note', b.known && b.pageState !== 'running' ? `The page is “${b.pageState}”: ${(b.pageWhy || '').replaceAll('`', '')}` : '');
}

function showSwitches(switches) {
  for (const side of ['facebook', 'bridge', 'rocketchat']) {
    fill($('switches-' + side), switches.filter(s => s.side === side), s => s.id, s => {
      const button = el('button', {type: 'button', id: 'switch-' + s.id, title: s.hint, disabled: s.busy,
        'aria-pressed': s.toggle ? String(s.on) : undefined, class: s.id === 'kill' && view.bridge.life === 'dead' ? 'back' : ''},
        el('strong', {}, s.busy ? 'Authorising …' : s.label), s.toggle ? el('i', {'aria-hidden': 'true'}) : null, el('small', {}, s.hint));
      button.addEventListener('click', () => act({do: 'press', id: s.id, room: chosen.room}));
      const holder = el('div', {}, button);
      holder.style.display = 'contents';
      return holder;
    });
  }
}

function showPhone(v) {
  const customer = v.customers.find(c => c.key === chosen.customer);
  const tabs = v.customers.map(c => ({key: c.key, name: c.name, on: c === customer, news: isNew(c.key, c.messages.length, c === customer)}));
  fill($('customers'), tabs, t => t.key, t => {
    const button = el('button', {type: 'button', 'aria-pressed': String(t.on), class: t.news ? 'new' : '', id: 'customer-' + t.key}, t.name);
    button.addEventListener('click', () => { chosen.customer = t.key; show(); });
    const holder = el('div', {}, button);
    holder.style.display = 'contents';
    return holder;
  });
  say('page-name', v.bridge.page);
  const known = 'Facebook customer ' + customer.number; // to the agent, as long as the bridge does not ask Facebook for names
  say('customer-note', `on ${customer.name.split(' ')[0]}'s phone` + (v.rooms.some(r => r.name === known) ? ' · ' + known : ''));
  say('label-customer', 'Write as ' + customer.name);
  $('say-customer').placeholder = 'Write as ' + customer.name.split(' ')[0];
  fill($('bubbles'), customer.messages, m => m.id, bubble, `Write to ${v.bridge.page} …`);
}

function showDesk(v) {
  const fresh = v.rooms.find(r => r.open && !looked.has(r.id)); // shown at once, unless Tom is writing elsewhere
  const room = fresh && !$('say-agent').value ? fresh : v.rooms.find(r => r.id === chosen.room) || v.rooms.find(r => r.open) || v.rooms[0];
  chosen.room = room ? room.id : '';
  const rooms = v.rooms.map(r => ({id: r.id, name: r.name, open: r.open, by: r.servedBy, on: r === room, news: isNew(r.id, r.messages.length, r === room)}));
  fill($('rooms'), rooms, r => r.id, r => {
    const button = el('button', {type: 'button', 'aria-current': r.on ? 'true' : undefined, class: r.open ? '' : 'closed'},
      el('strong', {class: r.news ? 'new' : ''}, r.name), el('small', {}, r.open ? 'open' + (r.by ? ', served by ' + r.by : ', nobody serves it') : 'closed'));
    button.addEventListener('click', () => { chosen.room = r.id; show(); });
    return el('li', {}, button);
  });
  say('room-name', room ? room.name : 'No chat yet');
  say('room-note', !room ? '' : room.open ? (room.servedBy ? 'served by ' + room.servedBy : 'nobody serves it') : 'closed');
  $('room-close').hidden = !room || !room.open;
  fill($('messages'), room ? room.messages : [], m => m.id, message, 'Chats appear here when a customer writes.');
  const field = $('say-agent'), closed = !room || !room.open || v.down;
  field.placeholder = v.down ? 'Rocket.Chat is down' : room && !room.open ? 'This chat is closed' : 'Answer as Tom';
  field.disabled = closed;
  field.form.querySelector(':scope > button').disabled = closed;
}

function show() {
  if (!view) return;
  const v = view;
  showLamps(v.bridge);
  showMachine(v.bridge);
  say('promise', v.story.promise);
  say('title', v.story.title);
  say('text', v.story.text);
  showSwitches(v.switches);
  showPhone(v);
  showDesk(v);
  showDeeds('deeds-customer', 'customer', v.deeds, () => ({as: chosen.customer}));
  showDeeds('deeds-agent', 'agent', v.deeds, () => ({as: 'agent', room: chosen.room}));
  fill($('setup'), v.setup.messages, m => m.id, message, 'The bot opens this channel when it is connected.');
  fill($('direct'), v.direct.messages, m => m.id, message, 'Links for one use come here.');
  fill($('feed'), v.feed, l => l.at + l.text, l => el('li', {class: l.kind}, time(l.at, seconds), el('span', {}, l.text + (l.times > 1 ? ` (${l.times} times)` : ''))));
  for (const id of ['say-manager', 'say-private']) {
    $(id).disabled = v.down;
    $(id).form.querySelector(':scope > button').disabled = v.down;
  }
}

for (const menu of document.querySelectorAll('.more')) {
  menu.addEventListener('keydown', event => { if (event.key === 'Escape') { menu.open = false; menu.firstElementChild.focus(); } });
  document.addEventListener('click', event => { if (!menu.contains(event.target)) menu.open = false; });
}

function form(id, action) {
  $(id).addEventListener('submit', async event => {
    event.preventDefault();
    const field = event.target.elements.text, text = field.value;
    if (!text.trim()) return;
    field.value = '';
    field.focus();
    if (!await act({do: 'write', text, ...action()})) field.value ||= text;
  });
}
form('form-customer', () => ({as: chosen.customer}));
form('form-agent', () => ({as: 'agent', room: chosen.room}));
form('form-manager', () => ({as: 'manager'}));
form('form-private', () => ({as: 'private'}));
$('room-close').addEventListener('click', () => act({do: 'press', id: 'close', room: chosen.room}));

const events = new EventSource('events');
events.onmessage = event => { view = JSON.parse(event.data); $('ended').hidden = true; show(); };
events.onerror = () => { $('ended').hidden = false; };
setInterval(() => { if (view && view.bridge.back) showMachine(view.bridge); }, 500);
