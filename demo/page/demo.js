'use strict';
// The page shows what the program says; it keeps nothing but which customer and
// which room are looked at.

const $ = id => document.getElementById(id);
const chosen = {customer: 'anna', room: '', direct: 'maria'};
const POST = 'post'; // in the place of a customer's key: the page's post
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
const marks = {':white_check_mark:': '✔ delivered', ':heavy_check_mark:': '✔ delivered', ':eye:': '◉ read', ':warning:': '⚠ not delivered', ':hourglass:': '⌛ waits', ':lock:': '⊠ stays here'};
const emojis = {':eye:': '◉', ':lock:': '⊠', ':warning:': '⚠', ':hourglass:': '⌛', ':white_check_mark:': '✔', ':point_right:': '☞', ':tada:': '★', ':slight_smile:': '☺', ':heart:': '♥',
  ':zzz:': '☾', ':wave:': '☼', ':no_entry:': '⊘', ':white_circle:': '○', ':heavy_check_mark:': '✔'};
const emoji = text => text.replace(/:[a-z_]+:/g, name => emojis[name] || name);

// rich shows what Rocket.Chat's clients would: code, bold, links, emojis, quotations; and signs
// as they were typed that a backslash or a word joiner keeps from being marks.
function rich(text) {
  return text.replace(/\u2060/g, '').replace(/^> /gm, '▏ ').split(/(\[[^\]\n]+\]\(https?:[^)\s]+\)|\\[*_~`.]|`[^`\n]+`|\*\*?[^*\s](?:[^*\n]*[^*\s])?\*\*?|https?:\/\/[^\s)>]+)/).map((part, i) => {
    if (i % 2 === 0) return emoji(part);
    if (part[0] === '\\') return part[1];
    if (part[0] === '`') return el('code', {}, part.slice(1, -1));
    if (part[0] === '*') return el('strong', {}, part.replace(/^\*+|\*+$/g, ''));
    const named = part.match(/^\[(.+)\]\((.+)\)$/);
    if (named) return el('a', {href: named[2], target: '_blank', rel: 'noopener noreferrer'}, named[1]);
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

// message shows one of a chat. Who looks at it clicks its buttons.
function message(m, by) {
  if (m.kind === 'system') return el('li', {class: 'system'}, m.text + ' · ', time(m.at));
  const head = el('span', {class: 'by'}, el('strong', {}, m.who), ' ', m.kind === 'bot' ? el('b', {}, 'BOT') : null,
    m.kind === 'visitor' ? el('b', {}, 'CUSTOMER') : null, ' ', time(m.at), m.edited ? ' (edited)' : null);
  return el('li', {class: m.kind}, head,
    m.quote ? el('blockquote', {}, emoji(m.quote)) : null,
    m.text || !m.files ? el('div', {class: 'body'}, ...rich(m.text)) : null,
    ...files(m),
    m.reactions ? el('div', {class: 'reactions'}, ...m.reactions.map(r => el('span', {title: r.emoji}, marks[r.emoji] || emoji(r.emoji) + ' ' + r.times))) : null,
    m.buttons && by ? el('div', {class: 'buttons'}, ...m.buttons.map(b => {
      const button = el('button', {type: 'button', title: b.types}, b.label);
      button.addEventListener('click', () => act({do: 'write', text: b.types, ...by()}));
      return button;
    })) : null);
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
  if (!b.known) lamps.push({tone: '', text: 'Facebook: ?'}, {tone: '', text: 'Rocket.Chat: ?'}, {tone: '', text: 'Page: ?'}, {tone: '', text: '? waiting'});
  else {
    lamps.push(b.facebook ? {tone: 'good', text: 'Facebook: answers'} : {tone: 'bad', text: 'Facebook: does not answer'});
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

// look makes both sides show the same conversation, unless somebody is writing there.
function look(room) {
  chosen.room = room.id;
  const key = room.comments ? POST : room.customer;
  if (key && key !== chosen.customer && !$('say-customer').value) chosen.customer = key;
}

// lookAt chooses whose phone is shown, and that customer's chat with it.
function lookAt(key) {
  chosen.customer = key;
  const room = view.rooms.find(r => r.open && (key === POST ? r.comments : !r.comments && r.customer === key));
  if (room && !$('say-agent').value) chosen.room = room.id;
}

function tab(t) {
  const button = el('button', {type: 'button', 'aria-pressed': String(t.on), class: t.news ? 'new' : '', id: t.id}, t.name);
  button.addEventListener('click', () => { t.id.startsWith('customer-') ? lookAt(t.key) : chosen.direct = t.key; show(); });
  const holder = el('div', {}, button);
  holder.style.display = 'contents';
  return holder;
}

function comment(c) {
  if (c.post) return el('li', {class: 'post'}, c.text);
  return el('li', {class: 'comment' + (c.answer ? ' answer' : '') + (c.fromPage ? '' : ' mine')}, el('strong', {}, c.who), c.text);
}

function showPhone(v) {
  const onPost = chosen.customer === POST, customer = v.customers.find(c => c.key === chosen.customer) || v.customers[0];
  const tabs = v.customers.map(c => ({key: c.key, id: 'customer-' + c.key, name: c.name.split(' ')[0], on: c.key === chosen.customer, news: isNew(c.key, c.messages.length, c.key === chosen.customer)}));
  tabs.push({key: POST, id: 'customer-post', name: 'The post', on: onPost, news: isNew(POST, v.post.comments.length, onPost)});
  fill($('customers'), tabs, t => t.key, tab);
  say('page-name', v.bridge.page);
  const known = 'Facebook customer ' + customer.number, first = customer.name.split(' ')[0]; // until Facebook has told the name
  say('customer-note', onPost ? 'what everybody can read' : `on ${first}'s phone` + (v.rooms.some(r => r.name === known) ? ' · ' + known : ''));
  say('label-customer', onPost ? 'Comment as ' + customer.name : 'Write as ' + customer.name);
  $('say-customer').placeholder = (onPost ? 'Comment as ' : 'Write as ') + first;
  $('form-customer').querySelector('details').hidden = onPost;
  $('bubbles').setAttribute('aria-label', onPost ? "The page's post, and comments" : "Chat on the customer's phone");
  if (onPost) fill($('bubbles'), [{id: POST, post: true, text: v.post.text}, ...v.post.comments], c => 'post-' + c.id, comment);
  else fill($('bubbles'), customer.messages, m => m.id, bubble, `Write to ${v.bridge.page} …`);
  const last = onPost ? null : customer.messages.findLast(m => m.fromPage);
  if (last && document.visibilityState === 'visible' && wasRead.get(customer.key) !== last.id) {
    wasRead.set(customer.key, last.id); // the customer has it before the eyes
    fetch('do', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({do: 'read', as: customer.key})}).catch(() => {});
  }
}
const wasRead = new Map(); // the latest message that was read, by customer

// follow lets Tom look at the chat in which a customer has just written, unless he is
// writing: then his answer goes where it was begun.
function follow(v) {
  const fresh = v.rooms.filter(r => r.open).map(r => ({r, last: r.messages.findLast(m => m.kind === 'visitor')}))
    .filter(one => one.last && heard.get(one.r.id) !== one.last.id);
  for (const one of fresh) heard.set(one.r.id, one.last.id);
  fresh.sort((a, b) => new Date(a.last.at) - new Date(b.last.at));
  if (fresh.length && !$('say-agent').value) look(fresh.at(-1).r);
}
const heard = new Map(); // the latest message of a customer, by chat

function showDesk(v) {
  const room = v.rooms.find(r => r.id === chosen.room) || v.rooms.find(r => r.open) || v.rooms[0];
  chosen.room = room ? room.id : '';
  const rooms = v.rooms.map(r => ({id: r.id, name: r.name, open: r.open, comments: r.comments, by: r.servedBy, on: r === room, news: isNew(r.id, r.messages.length, r === room)}));
  fill($('rooms'), rooms, r => r.id, r => {
    const about = (r.comments ? 'comments, ' : '') + (r.open ? 'open' + (r.by ? ', ' + r.by + ' serves it' : ', nobody serves it') : 'closed');
    const button = el('button', {type: 'button', 'aria-current': r.on ? 'true' : undefined, class: r.open ? '' : 'closed'}, el('strong', {class: r.news ? 'new' : ''}, r.name), el('small', {}, about));
    button.addEventListener('click', () => { look(view.rooms.find(one => one.id === r.id)); show(); });
    return el('li', {}, button);
  });
  say('room-name', room ? room.name : 'No chat yet');
  say('room-note', !room ? '' : (room.comments ? 'comments; everybody can read the answers · ' : '') + (room.open ? (room.servedBy ? room.servedBy + ' serves it' : 'nobody serves it') : 'closed'));
  $('play').addEventListener('click', () => act({do: view.scene ? 'stop' : 'play'}));
$('room-close').hidden = !room || !room.open;
  fill($('messages'), room ? room.messages : [], m => m.id, m => message(m), 'Chats appear here when a customer writes.');
  const field = $('say-agent'), closed = !room || !room.open || v.down;
  field.placeholder = v.down ? 'Rocket.Chat is down' : !room ? 'Answer as Tom' : room.open ? `Answer ${room.name} as Tom` : 'This chat is closed';
  field.disabled = closed;
  field.form.querySelector(':scope > button').disabled = closed;
}

function showDirect(v) {
  const names = {maria: 'Maria', tom: 'Tom'}, shown = v.direct.find(d => d.who === chosen.direct);
  const tabs = v.direct.map(d => ({key: d.who, id: 'direct-' + d.who, name: names[d.who], on: d === shown, news: isNew('direct-' + d.who, d.messages.length, d === shown)}));
  fill($('people'), tabs, t => t.key, tab);
  say('label-private', `Write as ${names[shown.who]} to the bot`);
  fill($('direct'), shown.messages, m => m.id, m => message(m, () => ({as: 'private', room: shown.who})), shown.who === 'tom' ? 'What Tom alone is told comes here.' : 'Links for one use come here.');
}

function showStory(v) {
  say('promise', v.scene ? `The story, scene ${v.scene} of ${v.scenes}` : v.story.promise);
  say('title', v.story.title);
  say('text', v.story.text);
  say('play', v.scene ? '■ Stop the story' : '▶ Play the story');
  const sign = {kept: '✔', broken: '✗', tried: '…'}, words = {kept: 'kept', broken: 'not kept', tried: 'being tried'};
  fill($('promises'), v.promises, p => p.number, p => el('li', {class: p.state, 'aria-label': `${p.text}: ${words[p.state] || 'not tried yet'}`}, el('b', {'aria-hidden': 'true'}, sign[p.state] || String(p.number)), p.text));
}

// comeIntoView scrolls to what has changed, where not everything fits on the screen: first the
// chats, then what administrators read, then the bridge.
function comeIntoView(v) {
  const now = {desk: v.rooms.find(r => r.id === chosen.room)?.messages.at(-1)?.id, phone: v.customers.find(c => c.key === chosen.customer)?.messages.at(-1)?.id + v.post.comments.length,
    'panel-setup': v.setup.messages.at(-1)?.id, 'panel-direct': v.direct.find(d => d.who === chosen.direct).messages.at(-1)?.id, machine: v.bridge.life};
  const changed = Object.keys(now).filter(id => seen && seen[id] !== now[id]);
  seen = now;
  if (!changed.length || !matchMedia('(max-width: 62rem)').matches || document.querySelector('input:focus')?.value) return;
  const part = $(changed[0]), box = part.getBoundingClientRect(), hidden = $('panel-story').getBoundingClientRect().bottom;
  if (box.bottom > innerHeight || box.top < hidden) part.scrollIntoView({block: box.height > innerHeight - hidden ? 'end' : 'nearest', behavior: 'smooth'});
}
let seen = null;

function show() {
  if (!view) return;
  const v = view;
  showLamps(v.bridge);
  showMachine(v.bridge);
  showStory(v);
  showSwitches(v.switches);
  follow(v);
  showPhone(v);
  showDesk(v);
  showDeeds('deeds-customer', 'customer', v.deeds, () => ({as: chosen.customer}));
  showDeeds('deeds-agent', 'agent', v.deeds, () => ({as: 'agent', room: chosen.room}));
  fill($('setup'), v.setup.messages, m => m.id, m => message(m, () => ({as: 'manager'})), 'The bot opens this channel when it is connected.');
  showDirect(v);
  fill($('feed'), v.feed, l => l.at + l.text, l => el('li', {class: l.kind}, time(l.at, seconds), el('span', {}, l.text + (l.times > 1 ? ` (${l.times} times)` : ''))));
  for (const id of ['say-manager', 'say-private']) {
    $(id).disabled = v.down;
    $(id).form.querySelector(':scope > button').disabled = v.down;
  }
  comeIntoView(v);
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
    if (matchMedia('(pointer: coarse)').matches) field.blur(); // what comes is not behind the keyboard
    else field.focus();
    if (!await act({do: 'write', text, ...action()})) field.value ||= text;
  });
}
form('form-customer', () => chosen.customer === POST ? {as: view.customers[0].key, room: POST} : {as: chosen.customer});
form('form-agent', () => ({as: 'agent', room: chosen.room}));
form('form-manager', () => ({as: 'manager'}));
form('form-private', () => ({as: 'private', room: chosen.direct}));
$('room-close').addEventListener('click', () => act({do: 'press', id: 'close', room: chosen.room}));

const events = new EventSource('events');
events.onmessage = event => { view = JSON.parse(event.data); $('ended').hidden = true; show(); };
events.onerror = () => { $('ended').hidden = false; };
setInterval(() => { if (view && view.bridge.back) showMachine(view.bridge); }, 500);
