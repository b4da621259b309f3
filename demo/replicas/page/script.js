"use strict";
const $ = (id) => document.getElementById(id);

async function act(what, which) {
  await fetch(`/do/${what}/${which ?? 0}`, { method: "POST" });
  await look();
}

function element(name, className, text) {
  const e = document.createElement(name);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

function button(text, what, which) {
  const b = element("button", "", text);
  b.id = `${what}-${which}`;
  b.addEventListener("click", () => act(what, which));
  return b;
}

function bridgeBox(box, r) {
  const says = r.says.replica;
  const role = !r.runs ? "dead" : r.answers ? says.role : "does not answer";
  box.className = "box" + (r.runs ? "" : " dead") + (role === "leader" ? " leads" : "");
  box.textContent = `${r.name}: ${role}`;
  if (r.runs && r.answers) {
    box.append(element("small", "", `record ${says.position}, epoch ${says.epoch}` +
      (says.role === "standby" ? `; behind by ${says.lagRecords} records, ${Math.round(says.lagSeconds * 1000)} ms; leader: ${says.leader || "nobody"}` : "") +
      (says.problem ? `; ${says.problem}` : "")));
  }
}

function nodeBox(box, n) {
  box.className = "box" + (n.runs ? "" : " dead") + (n.leads ? " leads" : "");
  box.textContent = `${n.name}: ${n.runs ? (n.leads ? "leads the stream" : "runs") : "dead"}`;
}

// build makes the machines once: a button that were made anew between pressing and letting go would not be clicked.
function build(v) {
  const box = (name) => {
    const e = element("div", "box");
    e.id = name;
    return e;
  };
  $("machines").replaceChildren(...v.nodes.map((n, i) => {
    const s = element("section");
    s.append(element("h3", "", `Machine ${i + 1}`));
    if (v.replicas[i]) s.append(box(v.replicas[i].name));
    s.append(box(n.name), button(`End ${n.name}`, "kill-node", i));
    if (v.replicas[i]) s.append(button("End the machine", "kill-machine", i));
    return s;
  }));
}

function machines(v) {
  if (!$("machines").childElementCount) build(v);
  for (const r of v.replicas) bridgeBox($(r.name), r);
  for (const n of v.nodes) nodeBox($(n.name), n);
}

async function look() {
  let v;
  try {
    v = await (await fetch("/state")).json();
  } catch {
    return;
  }
  machines(v);
  const b = v.books;
  $("written").textContent = b.Written;
  $("shown").textContent = b.Shown;
  $("in").textContent = b.Written - b.Shown;
  $("answered").textContent = b.Answered;
  $("received").textContent = b.Received;
  $("out").textContent = b.Answered - b.Received;
  const good = b.Doubled === 0 && b.Disorder === 0;
  $("verdict").className = good ? "good" : "bad";
  $("verdict").textContent = good ? "Nothing is lost, nothing is there twice, all is in order." : `${b.Doubled} are there twice, ${b.Disorder} are missing or out of order.`;
  $("events").replaceChildren(...v.events.map((e) => element("li", "", `${e.at.toFixed(1)} s: ${e.text}`)));
}

for (const what of ["kill-leader", "stop-leader", "start-all"]) $(what).addEventListener("click", () => act(what));
look();
setInterval(look, 400);
